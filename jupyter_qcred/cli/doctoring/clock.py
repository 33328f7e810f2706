"""Whether this machine's clock agrees with the issuer's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import QcredError

from .finding import Check, Finding, Problem, Seen, Severity, absent, advice, command

if TYPE_CHECKING:
    from .site import Site

_TOLERATED: Final = 30.0
"""Seconds. Vault's JWT methods allow 60 to 150 for skew, AWS 300 for a signature."""

SKEWED = Problem(
    "clock.skewed",
    Severity.ERROR,
    "This machine's clock and the issuer's differ by more than half a minute. Logins by JWT and "
    "signed requests to vendors fail, and the audit's times mislead.",
)


def look(site: Site) -> Seen:
    """Compare them."""
    try:
        answer, ours = site.visit.health()
    except QcredError:
        return absent("the issuer could not be asked")
    theirs = answer.body.get("server_time_utc")
    if not isinstance(theirs, int):
        return absent("the issuer does not tell its time")
    # Whole seconds, cut off: half of one too early on average.
    ahead = ours - (theirs + 0.5)
    if abs(ahead) <= _TOLERATED:
        return Seen("agrees with the issuer's within half a minute")
    how = "ahead of" if ahead > 0 else "behind"
    seen = f"this machine is {abs(ahead):,.0f} s {how} {site.visit.client().issuer}"
    return Seen("", (Finding(SKEWED, seen, (_SET,)),))


_SET: Final = {
    "linux": command("timedatectl set-ntp true"),
    "darwin": command("sudo sntp -sS time.apple.com"),
}.get(sys.platform, advice("Let the system set its clock by the network"))


CHECK: Final = Check(
    "clock",
    "the clock",
    "Compares the wall clock with the time that the issuer tells with its health.",
    (SKEWED,),
    look,
)
