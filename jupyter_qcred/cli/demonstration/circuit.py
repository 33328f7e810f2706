"""A quantum computer of a few qubits: a little OpenQASM 3 in, counts out."""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass
from typing import Final

MOST_QUBITS: Final = 8
MOST_GATES: Final = 1000
MOST_SHOTS: Final = 100_000

_IGNORED: Final = re.compile(r'OPENQASM 3(\.\d)?|include "stdgates\.inc"|bit\[\d+\] \w+')
_REGISTER: Final = re.compile(r"qubit\[(\d{1,4})\] (\w+)")
_GATE: Final = re.compile(r"(\w+) (\w+)\[(\d{1,4})\](?:, ?(\w+)\[(\d{1,4})\])?")
_MEASURE: Final = re.compile(r"(?:\w+ = )?measure (\w+)")
_ARITY: Final = {"h": 1, "x": 1, "cx": 2}


class CircuitError(ValueError):
    """This computer can't run the circuit; the message says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One step: ``h``, ``x`` or ``cx`` on one or two qubits; the last one is the target."""

    name: str
    qubits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Circuit:
    """Gates on a register, all of whose qubits are measured at the end."""

    qubits: int
    gates: tuple[Gate, ...]


def parse(text: str) -> Circuit:
    """Read one register, the gates ``h``, ``x`` and ``cx``, and a final ``measure``.

    Raises:
        CircuitError: anything else.
    """
    statements = [" ".join(part.split()) for part in re.sub(r"//[^\n]*", "", text).split(";")]
    steps = [each for each in statements if each and not _IGNORED.fullmatch(each)]
    if len(steps) < 2 or len(steps) > MOST_GATES + 2:
        raise CircuitError(f"expected a register, at most {MOST_GATES} gates, and a measurement")
    register = _REGISTER.fullmatch(steps[0])
    if register is None or not 1 <= int(register[1]) <= MOST_QUBITS:
        raise CircuitError(f"expected `qubit[n] q` first, with n from 1 to {MOST_QUBITS}")
    size, name = int(register[1]), register[2]
    measured = _MEASURE.fullmatch(steps[-1])
    if measured is None or measured[1] != name:
        raise CircuitError(f"expected `measure {name}` at the end")
    return Circuit(size, tuple(_gate(step, name, size) for step in steps[1:-1]))


def _gate(statement: str, register: str, size: int) -> Gate:
    found = _GATE.fullmatch(statement)
    if found is None or found[1] not in _ARITY:
        raise CircuitError(f"the gates are {', '.join(_ARITY)}")
    registers = [each for each in (found[2], found[4]) if each is not None]
    qubits = tuple(int(each) for each in (found[3], found[5]) if each is not None)
    if len(qubits) != _ARITY[found[1]] or len(set(qubits)) != len(qubits):
        raise CircuitError(f"{found[1]} takes {_ARITY[found[1]]} different qubits")
    if set(registers) != {register} or max(qubits) >= size:
        raise CircuitError(f"there are {register}[0] to {register}[{size - 1}] only")
    return Gate(found[1], qubits)


def run(circuit: Circuit, shots: int) -> dict[str, int]:
    """Return how often each outcome was measured, qubit 0 rightmost; equal runs give equal counts.

    Raises:
        CircuitError: too many shots, or none.
    """
    if not 1 <= shots <= MOST_SHOTS:
        raise CircuitError(f"the shots are from 1 to {MOST_SHOTS}")
    weights = [abs(amplitude) ** 2 for amplitude in _state(circuit)]
    dice = random.Random(repr(circuit))  # noqa: S311 - a simulation, seeded to be repeatable
    counts: dict[str, int] = {}
    for outcome in sorted(dice.choices(range(len(weights)), weights, k=shots)):
        bits = f"{outcome:0{circuit.qubits}b}"
        counts[bits] = counts.get(bits, 0) + 1
    return counts


def _state(circuit: Circuit) -> list[complex]:
    state = [0j] * (1 << circuit.qubits)
    state[0] = 1 + 0j
    for gate in circuit.gates:
        mask = 1 << gate.qubits[-1]
        control = 1 << gate.qubits[0] if gate.name == "cx" else 0
        for zero in range(len(state)):
            if zero & mask or zero & control != control:
                continue
            one = zero | mask
            if gate.name == "h":
                plus, minus = state[zero] + state[one], state[zero] - state[one]
                state[zero], state[one] = plus / math.sqrt(2), minus / math.sqrt(2)
            else:
                state[zero], state[one] = state[one], state[zero]
    return state
