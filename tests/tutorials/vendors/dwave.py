"""D-Wave-shaped: one annealer with a small Chimera graph, for one token."""

from __future__ import annotations

import base64
import itertools
import math
import secrets
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from dwave.samplers import SimulatedAnnealingSampler

from jupyter_qcred.testing.vendor import Vendor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SOLVER = "Advantage_loopback"
SIDE = 4


class Dwave:
    """Takes one token, which is static as at the vendor."""

    name = "dwave"

    def __init__(self) -> None:
        self.key = f"ABC-{secrets.token_hex(20)}"
        self._qubits = list(range(8 * SIDE * SIDE))
        self._couplers = sorted(set(_chimera()))
        self.vendor = Vendor(
            lambda headers: headers.get("X-Auth-Token", ""), self._answer, media=_media
        )
        self.vendor.alive = self.key

    def profile(self) -> dict[str, Any]:
        """A stored token, and the address beside it."""
        return {"source": "kv2:qcred/dwave", "public": ["endpoint"]}

    def stored(self) -> dict[str, str]:
        """What an operator stores."""
        return {"value": self.key, "endpoint": f"{self.vendor.url}/sapi/v2/"}

    def _answer(self, method: str, path: str, body: bytes) -> Any:
        if "solvers" in path:
            return self._solver() if SOLVER in path else [self._solver()]
        (asked,) = orjson.loads(zlib.decompress(body))
        return [
            {
                "status": "COMPLETED", "id": secrets.token_hex(8), "solver": {"name": SOLVER},
                "type": asked["type"], "submitted_on": "2026-01-01T00:00:00Z",
                "solved_on": "2026-01-01T00:00:01Z", "answer": self._solve(asked),
            }
        ]  # fmt: skip

    def _solver(self) -> dict[str, Any]:
        names = ("num_reads", "answer_mode", "annealing_time", "auto_scale")
        return {
            "id": SOLVER, "identity": {"name": SOLVER, "version": {"graph_id": "0123456789"}},
            "status": "ONLINE", "description": "A small annealer", "avg_load": 0.1,
            "properties": {
                "supported_problem_types": ["qubo", "ising"], "qubits": self._qubits,
                "couplers": self._couplers, "num_qubits": len(self._qubits), "category": "qpu",
                "parameters": dict.fromkeys(names, ""), "h_range": [-4, 4], "j_range": [-1, 1],
                "num_reads_range": [1, 10000], "chip_id": SOLVER,
                "topology": {"type": "chimera", "shape": [SIDE, SIDE, 4]},
            },
        }  # fmt: skip

    def _solve(self, asked: dict[str, Any]) -> dict[str, Any]:
        linear = dict(zip(self._qubits, _doubles(asked["data"]["lin"]), strict=True))
        active = [qubit for qubit in self._qubits if not math.isnan(linear[qubit])]
        inside = [pair for pair in self._couplers if {*pair} <= {*active}]
        quadratic = dict(zip(map(tuple, inside), _doubles(asked["data"]["quad"]), strict=True))
        h = {qubit: linear[qubit] for qubit in active}
        reads = asked["params"].get("num_reads", 1)
        found = SimulatedAnnealingSampler().sample_ising(
            h, quadratic, num_reads=reads, num_sweeps=200, seed=7
        )
        found = found.aggregate()
        record = sorted(found.record, key=lambda row: row.energy)
        columns = [list(found.variables).index(qubit) for qubit in active]
        bits = np.array([row.sample[columns] > 0 for row in record], dtype=np.uint8)
        return {
            "format": "qp", "num_variables": len(self._qubits),
            "energies": _packed("d", [row.energy for row in record]),
            "num_occurrences": _packed("i", [row.num_occurrences for row in record]),
            "active_variables": _packed("i", active),
            "solutions": base64.b64encode(np.packbits(bits, axis=1).tobytes()).decode(),
            "timing": {"qpu_access_time": 21000},
        }  # fmt: skip


def _chimera() -> Iterator[tuple[int, int]]:
    """The couplers of SIDE by SIDE cells of eight qubits, of which each four see the other four."""
    for row, column in itertools.product(range(SIDE), repeat=2):
        cell = 8 * (row * SIDE + column)
        for one, other in itertools.product(range(4), range(4, 8)):
            yield cell + one, cell + other
        for each in range(4):
            if row + 1 < SIDE:
                yield cell + each, cell + 8 * SIDE + each
            if column + 1 < SIDE:
                yield cell + 4 + each, cell + 8 + 4 + each


def _doubles(text: str) -> tuple[float, ...]:
    raw = base64.b64decode(text)
    return struct.unpack(f"<{len(raw) // 8}d", raw)


def _packed(kind: str, values: list[Any]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}{kind}", *values)).decode()


def _media(headers: Mapping[str, str]) -> str:
    return headers.get("Accept", "application/json").replace("~=", "")
