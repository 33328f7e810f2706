"""Whether vendors' own tools still have keys in plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_qcred.cli.migration.move import moves
from jupyter_qcred.cli.paper import count
from jupyter_qcred.core.errors import QcredError

from .finding import Check, Finding, Problem, Seen, Severity, Step, advice, command
from .site import quoted
from .sources import STATIC, store

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
    if site.settings.get("VaultIssuer", "address"):
        return _to_vault(site, move), command(quoted("rm", move.path))
    name = move.known.credential
    if move.why_not:
        by_hand = advice(f"Take the key out of {move.shown} by hand: {move.why_not}")
        return command(f"jupyter qcred put {name}"), by_hand
    return (command(f"jupyter qcred migrate {name} --yes"),)


def _to_vault(site: Site, move: Move) -> Step:
    """Where a profile of that name reads it, or what to ask for."""
    name = move.known.credential
    try:
        profile = site.visit.profiles().get(name)
        if profile is not None and profile.source.kind in STATIC:
            return store(site.visit, profile)
    except QcredError:
        pass  # told by the checks of the issuer and the sources
    return advice(f"Ask your operator where your key for {name} belongs, and store it there")


CHECK: Final = Check(
    "vendor-files",
    "keys in vendors' files",
    "Looks for keys in the files in which vendors' tools are known to keep them, in your home.",
    (KEYS,),
    look,
)
