"""How many session tokens a server can open and end, against what OpenBao itself can do.

The limit is a load generator that sends the two bare requests of a pair and nothing else. Ours does
what a server does: the intent is on the disk before the request, the token's rights are read back,
every step is audited, and the end is confirmed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final

from jupyter_qcred.issue.vault.roles import KERNEL_ROLE

from .benchmark import Benchmark
from .figures import Figure, Side
from .load import Task
from .stage import stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .benchmark import Sample

_PAIRS: Final = 1000
_FIGURE: Final = "tokens opened and ended"


@contextmanager
def _prepared(thousands: float) -> Iterator[Sample]:
    numbers = count(1)
    with stage() as setting:
        pairs = int(thousands * _PAIRS)
        task = Task(setting.address(), setting.server_token(), KERNEL_ROLE, pairs)

        def sample(side: Side) -> dict[str, float]:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.load", side],
                input=task.json(),
                env=setting.environment(f"load{next(numbers)}"),
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            return {_FIGURE: pairs / float(json.loads(done.stdout)["seconds"])}

        yield sample


TOKENS: Final = Benchmark(
    name="tokens",
    summary="opening and ending 1,000 session tokens, against bare requests to OpenBao",
    repeat=7,
    warm_up=1,
    figures=(Figure(_FIGURE, unit="1/s", at_least=0.6),),
    prepared=partial(_prepared, 1),
)
