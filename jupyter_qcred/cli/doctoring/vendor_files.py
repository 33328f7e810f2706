"""Whether vendors' own tools still have keys in plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_qcred.cli.migration.move import moves
from jupyter_qcred.cli.paper import count

from .finding import Check, Finding, Problem, Seen, Severity, Step, advice, command
from .site import quoted

if TYPE_CHECKING:
    from jupyter_qcred.cli.migration.move import Move

    from .site import Site

KEYS = Problem(
    "vendor-files.keys",
    Severity.WARNING,
    "A vendor's tool keeps a key in a plain-text file, which any program of yours can read. The "
    "fix moves it into the store; where a Vault is configured, store it there and remove it.",
)


def look(site: Site) -> Seen:
    """Look at each file that is known."""
    found = list(moves(None))
    others = sum(not (move.known.credential and move.entries) for move in found)
    findings = [
        Finding(KEYS, f"{move.shown}, of {move.known.tool}", _fix(site, move))
        for move in found
        if move.known.credential and move.entries
    ]
    words = "none that a kernel could use"
    if others:
        words += f"; {count(others, 'file')} of other tools: `jupyter qcred scan --home` names them"
    return Seen(words, tuple(findings))


def _fix(site: Site, move: Move) -> tuple[Step, ...]:
    name = move.known.credential
    address = site.settings.get("VaultIssuer", "address")
    if address:
        return (
            command(f"bao kv put -address={quoted(address)} -mount=qcred {name} value=-"),
            command(quoted("rm", move.path)),
        )
    if move.why_not:
        return (
            command(f"jupyter qcred put {name}"),
            advice(f"Take the key out of {move.shown} by hand: {move.why_not}"),
        )
    return (command(f"jupyter qcred migrate {name} --yes"),)


CHECK: Final = Check(
    "vendor-files",
    "keys in vendors' files",
    "Looks for keys in the files in which vendors' tools are known to keep them, in your home.",
    (KEYS,),
    look,
)
