"""What benchmarks of saves share: two servers, ten armed values, and notebooks of two sizes."""

from __future__ import annotations

import random
import string
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final

from .benchmark import Benchmark
from .figures import Side
from .notebook import Bodies
from .stage import CREDENTIAL, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .benchmark import Sample
    from .figures import Figure
    from .stage import Host

    Measure = Callable[[Host, "Desk"], Mapping[str, float]]
    """Saves on one side; returns values by the names of figures."""

PATH: Final = "api/contents/saved.ipynb"
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


@dataclass(frozen=True, slots=True)
class Desk:
    """What there is to save, and when.

    Attributes:
        bodies: notebooks of the size.
        serials: numbers of notebooks that no server has seen.
        quiet: waits until neither server is busy.
    """

    bodies: Bodies
    serials: Iterator[int]
    quiet: Callable[[], None]


@contextmanager
def _prepared(measure: Measure, megabytes: float) -> Iterator[Sample]:
    """Start both servers; ours looks for ten values."""
    bodies = Bodies(int(megabytes * 1_000_000))
    with ExitStack() as stack:
        setting = stack.enter_context(stage(ten_values()))
        hosts = stack.enter_context(setting.hosts())
        # The server looks for values once they were delivered to a kernel.
        opened = hosts[Side.WITH].browser.open_notebook("opened.ipynb")
        stack.callback(opened.close)
        opened.execute(f"import jupyter_qcred; jupyter_qcred.get({CREDENTIAL!r})")
        desk = Desk(bodies, count(1), partial(setting.quiet, *hosts.values()))
        yield lambda side: measure(hosts[side], desk)


def of_two_sizes(
    name: str, summary: str, figures: tuple[Figure, ...], measure: Measure
) -> tuple[Benchmark, Benchmark]:
    """Return a benchmark with notebooks of 20 MB, and the same with 200 MB, called ``-large``.

    Args:
        name: of the first.
        summary: of the first, with its size.
        figures: what ``measure`` returns.
        measure: one run.
    """

    def sized(called: str, told: str, megabytes: float, repeat: int, warm_up: int) -> Benchmark:
        prepared = partial(_prepared, measure)
        return Benchmark(
            name=called,
            summary=told,
            repeat=repeat,
            warm_up=warm_up,
            figures=figures,
            prepared=partial(prepared, megabytes),
            sized=prepared,
        )

    return (
        sized(name, summary, 20, repeat=12, warm_up=1),
        sized(f"{name}-large", "the same with 200 MB", 200, repeat=4, warm_up=0),
    )
