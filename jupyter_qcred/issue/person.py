"""Logging in by a person: what an issuer needs for it, beside ``jupyter_qcred.issue.issuer``.

The issuer names a page, a person's browser goes there and comes back with a code, and the issuer
takes that code for a login. The code alone is of no use: it goes with a state that the browser
brings back, and a nonce that never leaves this process and the issuer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from jupyter_qcred.core.errors import NeedsLoginError

if TYPE_CHECKING:
    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.issuer import IssuedToken, ServerRequest

BY_PERSON: Final = "oidc"
"""The auth method by which only a person can log in."""

WAYS: Final = (
    "Click “Log in…” in JupyterLab's panel of credentials, or run `jupyter qcred login`; "
    "what waits then arrives by itself"
)
"""How a person logs in."""


def nobody_yet(issuer: str) -> NeedsLoginError:
    """Nobody has logged in, or the login has ended."""
    return NeedsLoginError(f"Somebody has to log in at {issuer}", next_step=WAYS)


def no_longer() -> NeedsLoginError:
    """The login that a server was given ends by itself."""
    return NeedsLoginError("The login of this server ends, and cannot be extended")


@dataclass(frozen=True, slots=True)
class Invitation:
    """One login that a person can finish.

    Attributes:
        url: page to open in the person's browser. Holds the state, and is for that browser alone.
        state: what the browser brings back.
        nonce: what proves to the issuer that whoever finishes is who began.
    """

    url: Secret
    state: Secret
    nonce: Secret


@runtime_checkable
class PersonIssuer(Protocol):
    """An issuer at which a person can log in. Methods block; safe to call from several threads."""

    def invite(self, redirect_uri: str) -> Invitation:
        """Begin a login whose browser comes back to ``redirect_uri``, unless the settings say more.

        Raises:
            ConfigError: no person logs in here, or the issuer does not take the redirect.
            QcredError: the issuer failed.
        """
        ...

    def open_server_by(
        self, invitation: Invitation, code: Secret, request: ServerRequest | None = None
    ) -> IssuedToken:
        """Take what the browser brought back, and obtain the server token.

        Raises:
            NeedsLoginError: the login was refused.
            QcredError: the issuer failed, or has no such token for this login.
        """
        ...
