"""Saving clean notebooks of two sizes while ten values are armed: a first time, and again.

The first save is of a notebook of which the server has seen no text before; the later one is of the
same notebook with one changed cell, as the saves of a person at work are.
"""

from __future__ import annotations

import random
import string
import time
import uuid
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final

from .benchmark import Benchmark
from .figures import Figure, Side
from .notebook import Bodies
from .processes import processor_seconds
from .stage import CREDENTIAL, stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .benchmark import Sample
    from .stage import Host, Stage

PATH: Final = "api/contents/saved.ipynb"
_ALPHABET: Final = string.ascii_letters + string.digits + "-_"
_LATER: Final = 2
"""Later saves for each first one."""

_FIGURES: Final = (
    Figure("time, first save", at_most=1.15),
    Figure("time, later save", at_most=1.05),
    Figure("processor, first save"),
    Figure("processor, later save"),
)


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
def armed_hosts() -> Iterator[tuple[Stage, Mapping[Side, Host]]]:
    """Start both servers; ours looks for ten values."""
    with ExitStack() as stack:
        setting = stack.enter_context(stage(ten_values()))
        hosts = stack.enter_context(setting.hosts())
        # The server looks for values once they were delivered to a kernel.
        opened = hosts[Side.WITH].browser.open_notebook("opened.ipynb")
        stack.callback(opened.close)
        opened.execute(f"import jupyter_qcred; jupyter_qcred.get({CREDENTIAL!r})")
        yield setting, hosts


def _save(host: Host, body: bytes) -> tuple[float, float]:
    """Return seconds of waiting and of the server's processor."""
    before = processor_seconds(host.pid)
    begin = time.perf_counter()
    host.browser.send("PUT", PATH, body)
    seconds = time.perf_counter() - begin
    return seconds, processor_seconds(host.pid) - before


@contextmanager
def _prepared(megabytes: float) -> Iterator[Sample]:
    bodies = Bodies(int(megabytes * 1_000_000))
    serials = count(1)
    with armed_hosts() as (setting, hosts):

        def sample(side: Side) -> dict[str, float]:
            host, serial = hosts[side], next(serials)
            setting.quiet(*hosts.values())
            first = _save(host, bodies.body(serial))
            later = []
            for change in range(1, _LATER + 1):
                body = bodies.body(serial, change)
                setting.quiet(*hosts.values())
                later.append(_save(host, body))
            return {
                "time, first save": first[0],
                "processor, first save": first[1],
                "time, later save": min(seconds for seconds, _ in later),
                "processor, later save": min(seconds for _, seconds in later),
            }

        yield sample


SAVE: Final = Benchmark(
    name="save",
    summary="saving a clean notebook of 20 MB while ten values are armed",
    repeat=12,
    warm_up=1,
    figures=_FIGURES,
    prepared=partial(_prepared, 20),
    sized=_prepared,
)

SAVE_LARGE: Final = Benchmark(
    name="save-large",
    summary="the same with 200 MB",
    repeat=4,
    warm_up=0,
    figures=_FIGURES,
    prepared=partial(_prepared, 200),
    sized=_prepared,
)
