"""Our errors: each names the cause and the next step, and holds no body, token or cause chain.

An error crosses the channel to the kernel as its ``code`` and its words, and is raised there as the
same class. Raise them ``from None`` where the cause may hold a response or a secret.
"""

from __future__ import annotations

from typing import ClassVar


class QcredError(Exception):
    """Root of everything we raise on purpose.

    Attributes:
        code: stable machine-readable name, the same on both sides of the channel.
        reason: what failed, one sentence without the full stop.
        next_step: what the reader can do about it.
        credential: the credential's name where there is one.
    """

    code: ClassVar[str] = "error"
    default_next_step: ClassVar[str] = "Run `jupyter qcred doctor`"

    def __init__(
        self, reason: str, *, next_step: str | None = None, credential: str | None = None
    ) -> None:
        self.reason = reason.rstrip(".")
        default = self.default_next_step.replace("NAME", credential or "NAME")
        self.next_step = (next_step or default).rstrip(".")
        self.credential = credential
        super().__init__(f"{self.reason}. {self.next_step}.")


class NotOnPlatformError(QcredError):
    """This process has no channel to a server of ours: the message says why."""

    code = "not_on_platform"
    default_next_step = (
        "Open the notebook through a Jupyter server with jupyter_qcred installed, "
        "or start the command by `jupyter qcred run -- COMMAND`"
    )


class UnknownCredentialError(QcredError):
    """No profile of that name reaches this kernel."""

    code = "unknown_credential"
    default_next_step = "`qcred.list()` shows the names this kernel may use"


class NotStoredError(QcredError):
    """The profile exists, its source holds nothing."""

    code = "not_stored"
    default_next_step = "Store the key with `jupyter qcred put NAME`"


class NotEntitledError(QcredError):
    """The issuer knows us and refuses."""

    code = "not_entitled"
    default_next_step = "Ask your operator for access to this credential"


class NeedsLoginError(QcredError):
    """Only a person can log in again."""

    code = "needs_login"
    default_next_step = "Log in to the issuer again, then retry"


class PendingApprovalError(QcredError):
    """Asked for, not yet granted."""

    code = "pending_approval"
    default_next_step = "Wait for the approval, then retry"


class LeaseExpiredError(QcredError):
    """The lease's time has passed, or it was revoked."""

    code = "lease_expired"
    default_next_step = 'Call `qcred.renew("NAME")`, or get the credential again'


class NoAdapterError(QcredError):
    """No adapter of ours, or of an installed package, serves this vendor or SDK."""

    code = "no_adapter"
    default_next_step = "Use `qcred.get(…).reveal()` with the vendor's own client"


class SdkError(QcredError):
    """A vendor's SDK is missing in the kernel's environment, or of a version that does not fit."""

    code = "sdk"
    default_next_step = "Install the version that the message names, then restart the kernel"


class RedirectedError(QcredError):
    """A file of the working directory would send a vendor's SDK elsewhere, or has tried to."""

    code = "redirected"
    default_next_step = "Make clients by `qcred.client`, which are not led by such files"


class OtherAccountError(RedirectedError):
    """A file of the working directory would give a vendor's SDK another account."""

    code = "other_account"


class ConfigError(QcredError):
    """A setting or profile is wrong; the message says where."""

    code = "config"
    default_next_step = "Correct the setting and restart the server"


class WireError(QcredError):
    """The other end of the channel sent something that is not of our protocol."""

    code = "wire"
    default_next_step = "Restart the kernel"


class RedactionError(QcredError):
    """Redaction could not be finished; nothing was written."""

    code = "redaction"
    default_next_step = "Your work is still in the browser: clear the outputs and save again"


class IssuerError(QcredError):
    """The issuer failed in a way that a retry won't mend.

    Attributes:
        retryable: a later attempt can succeed without anybody's help.
        ambiguous: the request may have been carried out although the answer was lost.
        retry_after: seconds that the issuer asked to wait; None where it did not say.
    """

    code = "issuer"
    default_next_step = "See the server's log, then ask your operator"
    retryable: ClassVar[bool] = False
    ambiguous: bool = False

    def __init__(
        self,
        reason: str,
        *,
        next_step: str | None = None,
        credential: str | None = None,
        ambiguous: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason, next_step=next_step, credential=credential)
        self.ambiguous = ambiguous
        self.retry_after = retry_after


class IssuerUnreachableError(IssuerError):
    """No answer: refused, reset, timed out, TLS failed, quorum lost, standby."""

    code = "issuer_unreachable"
    default_next_step = (
        "Check that the issuer runs and its address is right; it is retried by itself"
    )
    retryable = True


class IssuerSealedError(IssuerError):
    """The issuer is up but sealed or not initialised."""

    code = "issuer_sealed"
    default_next_step = "Ask your operator to unseal it; it is retried by itself"
    retryable = True


class IssuerThrottledError(IssuerError):
    """A rate limit was hit."""

    code = "issuer_throttled"
    default_next_step = "It is retried by itself, more slowly"
    retryable = True


class IssuerBrokenError(IssuerError):
    """The answer made no sense: a 5xx, or a body that is not what the API promises."""

    code = "issuer_broken"
    default_next_step = "See the issuer's own log; it is retried by itself"
    retryable = True


def fresh(error: QcredError) -> QcredError:
    """Return a new instance: one exception raised in several places would share its traceback."""
    return type(error)(error.reason, next_step=error.next_step, credential=error.credential)


class QcredWarning(UserWarning):
    """A credential of this kernel will end, or has ended, and a person has to do something."""


def _tree(root: type[QcredError]) -> dict[str, type[QcredError]]:
    # A subclass of some module's own, without a code, is its parent to everybody else.
    found = {root.code: root} if "code" in vars(root) else {}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


def error_from_code(
    code: str, reason: str, *, next_step: str | None = None, credential: str | None = None
) -> QcredError:
    """Rebuild an error that crossed the channel; an unknown code gives the root class."""
    kind = _tree(QcredError).get(code, QcredError)
    return kind(reason, next_step=next_step, credential=credential)
