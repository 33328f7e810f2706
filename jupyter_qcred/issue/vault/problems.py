"""Our errors for Vault's refusals and failures, in words.

Each function takes the call and the issuer in words, and nothing of the answer: what is not passed
in cannot get out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerBrokenError,
    IssuerError,
    IssuerSealedError,
    IssuerThrottledError,
    IssuerUnreachableError,
    LeaseExpiredError,
    NotEntitledError,
    QcredError,
)

if TYPE_CHECKING:
    from jupyter_qcred.issue.vault.call import Call


def elsewhere(call: Call, issuer: str) -> QcredError:
    """An answer of a standby that forwards nobody."""
    return IssuerUnreachableError(
        f"{issuer} points to another address, which is not followed",
        next_step="Set the address to the active node or to the load balancer in front of it",
        credential=call.credential,
    )


def plain_to_tls(call: Call, issuer: str) -> QcredError:
    """Plain HTTP to a TLS port."""
    return ConfigError(
        f"{issuer} speaks TLS and was asked without",
        next_step="Write the address with https://",
        credential=call.credential,
    )


def throttled(call: Call, issuer: str) -> QcredError:
    """A rate limit was hit; nothing was carried out."""
    return IssuerThrottledError(
        f"{issuer} limits the rate of requests: {call.doing} has to wait",
        credential=call.credential,
    )


def sealed(call: Call, issuer: str) -> QcredError:
    """Up, but sealed or not initialised; nothing was carried out."""
    return IssuerSealedError(f"{issuer} is sealed or not initialised", credential=call.credential)


def no_leader(call: Call, issuer: str) -> QcredError:
    """No active node, or one that lost the lead while it worked."""
    return IssuerUnreachableError(
        f"{issuer} has no active node at the moment: {call.doing} is undecided",
        next_step="It is retried by itself; if it lasts, ask your operator",
        credential=call.credential,
        ambiguous=call.changes,
    )


def not_ready(call: Call, issuer: str) -> QcredError:
    """A KV engine that upgrades itself right after it was mounted."""
    return IssuerUnreachableError(
        f"{issuer} is still preparing the engine needed for {call.doing}",
        next_step="It is retried by itself",
        credential=call.credential,
    )


def nothing_there(call: Call, issuer: str) -> QcredError:
    """No such mount, path or namespace."""
    return ConfigError(
        f"{issuer} has nothing at `{call.path}`, needed for {call.doing}",
        next_step="Check the mount, the path and the namespace",
        credential=call.credential,
    )


def wrong_kind(call: Call, issuer: str) -> QcredError:
    """The path exists and does something else."""
    return ConfigError(
        f"`{call.path}` of {issuer} does not do {call.doing}",
        next_step="Check the kind, the path and the parameters of the source",
        credential=call.credential,
    )


def refused(call: Call, issuer: str) -> QcredError:
    """A request that will never do."""
    return IssuerError(
        f"{issuer} refused {call.doing} at `{call.path}`",
        next_step="Check the role, the policies and the parameters there; "
        "the issuer's own log has the reason",
        credential=call.credential,
    )


def broken(call: Call, issuer: str) -> QcredError:
    """A 5xx, or a body that is not of the API."""
    return IssuerBrokenError(
        f"{issuer} failed, or gave an answer that makes no sense, while {call.doing}",
        credential=call.credential,
        ambiguous=call.changes,
    )


def past_maximum(call: Call, issuer: str) -> QcredError:
    """A renewal beyond the longest life: only a new issue helps."""
    return LeaseExpiredError(
        f"the longest life that {issuer} allows is used up",
        next_step="Get the credential again; restart the kernel if that fails",
        credential=call.credential,
    )


def missing_right(call: Call, issuer: str) -> QcredError:
    """A live token whose policies do not allow the call."""
    return NotEntitledError(
        f"{issuer} does not allow {call.doing}: `{call.capability}` on `{call.path}` is missing",
        next_step=f"Ask your operator for a policy with `{call.capability}` on `{call.path}`",
        credential=call.credential,
    )


def dead_token(call: Call, issuer: str) -> QcredError:
    """A token that Vault no longer knows."""
    return LeaseExpiredError(
        f"the token used for {call.doing} is dead at {issuer}: expired or revoked",
        next_step="The server logs in again by itself; restart the kernel if it does not",
        credential=call.credential,
    )


def ended_lease(call: Call, issuer: str) -> QcredError:
    """A lease that is gone or cannot be extended."""
    return LeaseExpiredError(
        f"the lease is over at {issuer}, or cannot be extended",
        next_step="Get the credential again",
        credential=call.credential,
    )


def unexpected(what: str, call: Call, issuer: str) -> QcredError:
    """A good answer that lacks what the API promises."""
    return IssuerBrokenError(
        f"{issuer} answered {call.doing} without {what}",
        credential=call.credential,
        ambiguous=call.changes,
    )
