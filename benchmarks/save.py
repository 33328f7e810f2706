"""Saving a notebook of 10 MB that holds no value, while ten values are armed."""

from __future__ import annotations

import json
import random
import string
import time
import uuid
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from .benchmark import Benchmark
from .figures import Figure, Side
from .notebook import notebook
from .processes import processor_seconds
from .stage import CREDENTIAL, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .benchmark import Sample

_MEGABYTES: Final = 10
_PATH: Final = "api/contents/saved.ipynb"
_ALPHABET: Final = string.ascii_letters + string.digits + "-_"


def ten_values() -> dict[str, str]:
    """Return fields as vendors have them: keys of several lengths, ids, a signed token."""
    rng = random.Random(10)
    lengths = {"value": 44, "token": 128, "device_key": 51, "access_key": 20, "secret_key": 40}
    values = {name: "".join(rng.choices(_ALPHABET, k=size)) for name, size in lengths.items()}
    values["client_id"] = str(uuid.UUID(int=rng.getrandbits(128)))
    values["client_secret"] = rng.randbytes(20).hex()
    values["signed"] = ".".join("".join(rng.choices(_ALPHABET, k=n)) for n in (36, 380, 342))
    values["session"] = "".join(rng.choices(_ALPHABET, k=356))
    values["endpoint"] = f"https://quantum.example.org/{rng.randbytes(12).hex()}?api-version=1"
    return values


@contextmanager
def _prepared() -> Iterator[Sample]:
    model = {"type": "notebook", "format": "json", "content": notebook(_MEGABYTES * 1_000_000)}
    body = json.dumps(model).encode()
    with ExitStack() as stack:
        setting = stack.enter_context(stage(ten_values()))
        hosts = stack.enter_context(setting.hosts())
        # The server looks for values once they were delivered to a kernel.
        opened = hosts[Side.WITH].browser.open_notebook("opened.ipynb")
        stack.callback(opened.close)
        opened.execute(f"import jupyter_qcred; jupyter_qcred.get({CREDENTIAL!r})")

        def sample(side: Side) -> dict[str, float]:
            host = hosts[side]
            setting.quiet(*hosts.values())
            before = processor_seconds(host.pid)
            begin = time.perf_counter()
            host.browser.send("PUT", _PATH, body)
            seconds = time.perf_counter() - begin
            return {"time": seconds, "processor, server": processor_seconds(host.pid) - before}

        yield sample


SAVE: Final = Benchmark(
    name="save",
    summary=f"saving a clean notebook of {_MEGABYTES} MB while ten values are armed",
    repeat=20,
    warm_up=1,
    figures=(Figure("time", at_most=1.25), Figure("processor, server")),
    prepared=_prepared,
)
