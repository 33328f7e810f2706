"""The demo's quantum computer."""

from __future__ import annotations

import pytest

from jupyter_qcred.cli.demonstration.circuit import MOST_QUBITS, CircuitError, parse, run


def counts(text, shots=1000):
    return run(parse(text), shots)


def test_a_full_header_is_understood():
    """What other tools write is accepted: version, include, bits, comments, a named result."""
    text = """
    OPENQASM 3.0;
    include "stdgates.inc";
    qubit[2] data; // two of them
    bit[2] result;
    x data[0];
    result = measure data;
    """
    assert counts(text) == {"01": 1000}


@pytest.mark.parametrize(
    ("gates", "outcome"),
    [
        ("", "000"),
        ("x q[1];", "010"),
        ("x q[0]; cx q[0], q[2];", "101"),
        ("cx q[0], q[2];", "000"),
        ("h q[1]; h q[1];", "000"),
        ("h q[0]; x q[0]; h q[0];", "000"),
        ("x q[2]; h q[2]; h q[2]; cx q[2],q[0];", "101"),
    ],
)
def test_gates_do_what_they_are_defined_to_do(gates, outcome):
    """Each circuit has one outcome; qubit 0 stands rightmost."""
    assert counts(f"qubit[3] q; {gates} measure q;") == {outcome: 1000}


def test_entangled_qubits_agree():
    """A GHZ state of the largest register gives only zeros and only ones, each about as often."""
    gates = "h q[0];" + "".join(f"cx q[{n}], q[{n + 1}];" for n in range(MOST_QUBITS - 1))
    found = counts(f"qubit[{MOST_QUBITS}] q; {gates} measure q;", 10_000)
    assert found.keys() == {"0" * MOST_QUBITS, "1" * MOST_QUBITS}
    assert sum(found.values()) == 10_000
    assert 4700 < found["0" * MOST_QUBITS] < 5300


def test_a_circuit_gives_the_same_counts_each_time():
    """A tutorial's output does not change from run to run."""
    text = "qubit[3] q; h q[0]; h q[1]; h q[2]; measure q;"
    assert counts(text) == counts(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "measure q;",
        "qubit[2] q;",
        "qubit[0] q; measure q;",
        "qubit[9] q; measure q;",
        "qubit[2] q; measure p;",
        "qubit[2] q; x q[2]; measure q;",
        "qubit[2] q; x p[0]; measure q;",
        "qubit[2] q; x q[0], q[1]; measure q;",
        "qubit[2] q; cx q[0]; measure q;",
        "qubit[2] q; cx q[1], q[1]; measure q;",
        "qubit[2] q; t q[0]; measure q;",
        "qubit[2] q; measure q; x q[0];",
        "qubit[1] q; " + "x q[0]; " * 1001 + "measure q;",
    ],
)
def test_what_it_cannot_run_is_refused(text):
    """Anything else is an error of its own, never a wrong result."""
    with pytest.raises(CircuitError):
        parse(text)


@pytest.mark.parametrize("shots", [0, -1, 100_001])
def test_shots_are_bounded(shots):
    """None and too many are refused."""
    with pytest.raises(CircuitError):
        run(parse("qubit[1] q; measure q;"), shots)
