"""The threads in which the server looks for values, beside its event loop."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor


@functools.cache
def redacting_threads() -> ThreadPoolExecutor:
    """Return the pool of this process."""
    # Two: a large save does not keep small ones waiting, and more would only share one interpreter.
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="qcred-redact")
