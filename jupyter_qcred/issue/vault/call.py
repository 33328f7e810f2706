"""One request and its answer, as values that show no secret.

Errors are raised from frames which hold a body. Tools that show a traceback with its variables
(pytest, IPython, error trackers) must find nothing there: a request's body carries Secrets, an
answer's objects are masked.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from jupyter_qcred.issue.masked import Masked


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked, in words for a message.

    Attributes:
        doing: completes "… while": ``asking for the server token``.
        method: HTTP method.
        path: API path without ``/v1/``.
        changes: the request changes something upstream (a read of a dynamic source does).
        credential: the credential's name where there is one.
    """

    doing: str
    method: str
    path: str
    changes: bool
    credential: str | None = None

    @property
    def capability(self) -> str:
        """The right that a policy must give for this call."""
        return "read" if self.method == "GET" else "update"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of Vault, whatever its status.

    Attributes:
        status: HTTP status.
        body: the JSON object; empty for 204 and for what is not JSON.
        errors: the error list, in lower case, or the start of a text that is not JSON.
        valid: the body is what the API promises: an object, or nothing at all.
        retry_after: seconds that it asks to wait (``Retry-After``); None where it does not.
    """

    status: int
    body: Masked = field(default_factory=Masked)
    errors: tuple[str, ...] = field(default=(), repr=False)
    valid: bool = True
    retry_after: float | None = None

    @property
    def ok(self) -> bool:
        """Carried out, and the answer makes sense."""
        return 200 <= self.status < 300 and self.valid

    def says(self, *phrases: str) -> bool:
        """Whether an error holds one of the phrases (lower case)."""
        return any(phrase in error for error in self.errors for phrase in phrases)
