"""The line to write instead."""

from __future__ import annotations


def ask(name: str, *, fallback: bool = False) -> str:
    """For a key that is pasted or asked for."""
    more = ', fallback="ask"' if fallback else ""
    return f'quantum = qcred.requires("{name}"{more})'


def put(name: str) -> str:
    """For a key that is saved."""
    return f'quantum = qcred.requires("{name}"), and in a terminal: jupyter qcred put {name}'


def leave_out() -> str:
    """For a key that is shown."""
    return "leave it out; print(quantum) tells whether it is live"
