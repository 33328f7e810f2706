"""A notebook of a quantum researcher, of any size, the same at every run.

``Bodies`` makes others of it in no time: equally long, and with no text in common.
"""

from __future__ import annotations

import base64
import json
import random
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Outputs = list[dict[str, Any]]

_WORDS: Final = (
    *("the", "of", "a", "state", "qubit", "gate", "circuit", "noise", "measurement", "basis"),
    *("fidelity", "calibration", "shots", "result", "backend", "transpile", "depth", "error"),
    *("mitigation", "ansatz", "optimiser", "energy", "Hamiltonian", "expectation", "variance"),
    *("entanglement", "sampler", "estimator", "pulse", "readout", "decoherence", "phase"),
)

_SERIAL: Final = "SERIAL00"
"""In every text; a number of as many digits takes its place, so that each notebook is another."""

_CHANGED: Final = "CHANGED0"
"""In the one cell that its user goes on editing."""

_PNG: Final = "iVBORw0KGgoAAAANSUhEUgAA"
"""How every PNG begins."""

_FRAME: Final = """\
\x1b[0;31m---------------------------------------------------------------------------\x1b[0m
\x1b[0;31mRuntimeError\x1b[0m                              Traceback (most recent call last)
Cell \x1b[0;32mIn[{0}], line 4\x1b[0m
\x1b[1;32m      3\x1b[0m job \x1b[38;5;241m=\x1b[39m sampler\x1b[38;5;241m.\x1b[39mrun([{1}])
\x1b[0;32m----> 4\x1b[0m counts \x1b[38;5;241m=\x1b[39m job\x1b[38;5;241m.\x1b[39mresult()"""


class Bodies:
    """Requests that save notebooks of one size and shape.

    Args:
        size: of each notebook's file, in bytes.
    """

    def __init__(self, size: int) -> None:
        model = {"type": "notebook", "format": "json", "content": notebook(size)}
        self._template = json.dumps(model).encode()

    def body(self, serial: int, change: int = 0) -> bytes:
        """Return the request for the notebook of that number, after that change of one cell."""
        new = self._template.replace(_SERIAL.encode(), b"%08d" % serial)
        return new.replace(_CHANGED.encode(), b"%08d" % change)


def notebook(size: int, seed: int = 20_260_101) -> dict[str, Any]:
    """Return a notebook whose file has about ``size`` bytes.

    Half of it is base64 images, as in published notebooks with plots; the rest is prose, source,
    printed text, HTML tables, counts of bit strings and tracebacks.
    """
    rng = random.Random(seed)
    cells = [_edited()]
    written = 0
    while written < size:
        new = [_markdown(rng), _code(rng, len(cells), _some_outputs(rng))]
        if rng.random() < 0.35:
            new.append(_code(rng, len(cells), [_image(rng)]))
        cells += new
        written += len(json.dumps(new, indent=1))
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _edited() -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": "edited",
        "metadata": {},
        "execution_count": 1,
        "source": f"shots = 4096  # {_SERIAL}\nseed = {_CHANGED!r}\nrun(shots, seed)",
        "outputs": [],
    }


def _some_outputs(rng: random.Random) -> Outputs:
    kinds: list[Callable[[random.Random], dict[str, Any]]] = [_stream, _table, _counts, _traceback]
    return [kind(rng) for kind in rng.choices(kinds, k=rng.randint(0, 3))]


def _prose(rng: random.Random, words: int) -> str:
    return " ".join([*rng.choices(_WORDS, k=words), _SERIAL])


def _id(rng: random.Random) -> str:
    return f"{rng.getrandbits(32):08x}"


def _markdown(rng: random.Random) -> dict[str, Any]:
    source = f"## {_prose(rng, 4)}\n\n{_prose(rng, rng.randint(20, 120))}"
    return {"cell_type": "markdown", "id": _id(rng), "metadata": {}, "source": source}


def _code(rng: random.Random, number: int, outputs: Outputs) -> dict[str, Any]:
    lines = [
        f"{rng.choice(_WORDS)}_{line} = run({rng.random():.6f}, {rng.choice(_WORDS)!r})"
        for line in range(rng.randint(2, 20))
    ]
    lines.append(f"# {_SERIAL}")
    return {
        "cell_type": "code",
        "id": _id(rng),
        "metadata": {},
        "execution_count": number,
        "source": "\n".join(lines),
        "outputs": outputs,
    }


def _image(rng: random.Random) -> dict[str, Any]:
    image = base64.b64encode(rng.randbytes(rng.randint(8_000, 40_000))).decode()
    data = {
        "image/png": f"{_PNG}{_SERIAL}{image}",
        "text/plain": "<Figure size 640x480 with 1 Axes>",
    }
    return {"output_type": "display_data", "data": data, "metadata": {}}


def _stream(rng: random.Random) -> dict[str, Any]:
    lines = [f"step {step}: energy {rng.random():.12f}\n" for step in range(rng.randint(5, 80))]
    return {"output_type": "stream", "name": "stdout", "text": f"{_SERIAL}\n{''.join(lines)}"}


def _table(rng: random.Random) -> dict[str, Any]:
    rows = [[f"{rng.random():.6f}" for _ in range(6)] for _ in range(rng.randint(5, 40))]
    cells = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    plain = "\n".join([_SERIAL, *("  ".join(row) for row in rows)])
    return _result({"text/html": f"<table>{_SERIAL}\n{cells}</table>", "text/plain": plain})


def _counts(rng: random.Random) -> dict[str, Any]:
    counts: dict[str, int | str] = {"job": _SERIAL}
    counts |= {f"{rng.getrandbits(12):012b}": rng.randint(1, 900) for _ in range(60)}
    return _result({"text/plain": repr(counts), "application/json": counts})


def _traceback(rng: random.Random) -> dict[str, Any]:
    frame = _FRAME.format(rng.randint(1, 99), rng.choice(_WORDS))
    message = _prose(rng, 12)
    return {
        "output_type": "error",
        "ename": "RuntimeError",
        "evalue": message,
        "traceback": [*frame.split("\n"), f"\x1b[0;31mRuntimeError\x1b[0m: {message}"],
    }


def _result(data: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": "execute_result", "execution_count": 1, "data": data, "metadata": {}}
