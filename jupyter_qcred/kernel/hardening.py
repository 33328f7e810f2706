"""Keep the memory of this process from other processes of the same user."""

from __future__ import annotations

import sys

_PR_SET_DUMPABLE = 4


def hide_memory() -> bool:
    """Make this process not dumpable: no core file, no ptrace, no ``/proc/PID/mem`` or environ.

    Children made by exec are dumpable again. It is a Linux feature (``man 2 PR_SET_DUMPABLE``) and
    no boundary against root, nor against code that runs in this process.

    Returns:
        Whether the process is hidden now; False on other systems or where it is refused.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        return int(libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)) == 0
    except (ImportError, OSError, AttributeError):
        return False
