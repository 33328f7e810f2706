"""What is worth a record: nine events, each a frozen value and a schema of the same fields.

An event holds text, numbers and labels; a ``Secret`` in one is refused when it is made. Text that
comes from outside (kernel ids, user names, paths) is cut and cleaned, never a reason to lose an
event: a client must not escape the audit by a long name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from pathlib import Path
from typing import ClassVar, Final, Literal

What = Literal["server token", "session token", "credential"]
"""What was issued, renewed or revoked."""

AlertKind = Literal[
    "still_alive",
    "renewal_failing",
    "ending",
    "revocation_refused",
    "unusual_issuance",
    "redirected",
]
"""What somebody should look at."""

LoginStep = Literal["begun", "done", "failed"]

RevokedOutcome = Literal["confirmed", "unsupported", "failed", "expired"]

StoredChange = Literal["added", "replaced", "removed"]
"""What became of a key in the store."""

StoredBy = Literal["browser", "put", "migrate", "remove"]
"""How: through a server's API, or by which command."""

_ID: Final = "https://events.jupyter.org/jupyter_qcred/{}/v{}"
_SCHEMAS: Final = Path(__file__).parent / "schemas"

LONGEST: Final = 256
"""Characters of any text in an event; ``path`` may have ``LONGEST_PATH``."""
LONGEST_PATH: Final = 1024
MOST_ENTRIES: Final = 32
"""Labels or policies in an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What all events say: on whose behalf, and for which kernel.

    Attributes:
        user: name of the user of the server; empty where it is not known (a leftover of an earlier
            server).
        server: our name of the server.
        kernel: Jupyter's kernel id, chosen by clients; empty where no kernel is concerned.
        session: intent id of the session token, the key that joins the events of one kernel launch.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1

    user: str
    server: str
    kernel: str = ""
    session: str = ""

    def __post_init__(self) -> None:
        for name, _ in _bounds(type(self)):
            value = getattr(self, name)
            if type(value) not in _PLAIN:
                _refuse_objects(name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialEvent(AuditEvent):
    """An event about one credential.

    Attributes:
        credential: its name; empty for tokens of the issuer's own.
        vendor: the quantum cloud.
        labels: environment, project, cost centre, from the profile.
        lease_id: our handle of the lease.
    """

    credential: str = ""
    vendor: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    lease_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued(CredentialEvent):
    """The issuer gave a token or a credential.

    Attributes:
        what: which of them.
        issuer: the issuer in a few words, with its address.
        accessor: Vault's handle of the token, or of the token that the lease belongs to.
        ttl: seconds it lives unless renewed; None for a static key.
        narrowed: whether the token holds the role's policies only. False is the record "not
            narrowed": identity policies of the user widen it. None where no token was made.
        policies: the token's policies.
    """

    name = "issued"

    what: What
    issuer: str
    accessor: str = ""
    ttl: float | None = None
    narrowed: bool | None = None
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(CredentialEvent):
    """The kernel acknowledged that it has the credential.

    Attributes:
        ttl: seconds it lives unless renewed; None for a static key.
    """

    name = "delivered"

    ttl: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed(CredentialEvent):
    """A life was extended, or a value replaced.

    Attributes:
        what: a token or a credential.
        issuer: the issuer in a few words, with its address.
        accessor: as in ``Issued``.
        ttl: seconds it lives from now.
        replaced: the kernel got another value (rotate); False: the same one lives on.
    """

    name = "renewed"

    what: What
    issuer: str
    accessor: str = ""
    ttl: float | None = None
    replaced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked(CredentialEvent):
    """A revocation was answered, or time made it needless.

    Attributes:
        what: a token or a credential.
        outcome: what the upstream said. Only ``confirmed`` means that the value is dead because of
            us; ``expired``: dead by itself; ``unsupported``: it lives for ``ttl`` more seconds;
            ``failed``: it is tried again.
        cause: why it was asked for, a word such as ``kernel_ended``.
        issuer: the issuer in a few words, with its address.
        accessor: as in ``Issued``.
        ttl: seconds the value can live on; None where it is dead, or a static key.
    """

    name = "revoked"

    what: What
    outcome: RevokedOutcome
    cause: str = ""
    issuer: str = ""
    accessor: str = ""
    ttl: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted(CredentialEvent):
    """Values were replaced by placeholders.

    Attributes:
        credential: its name, or the id of the detector that found a secret by its format.
        where: kind of place: ``save``, or the kind of the kernel's message.
        count: how many were replaced.
        path: the file, for a save.
        places: where in the file, such as ``cell 3 output 1``; at most 32.
        sources: the source of these cells was changed on the disk: who opens the file again runs
            other code than the screen shows now.
        outputs_cleared: redaction failed, and the file was saved without outputs as the user asked.
    """

    name = "redacted"
    version = 2

    where: str
    count: int
    path: str = ""
    places: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    outputs_cleared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed(AuditEvent):
    """A text that looks like a secret was saved as it is, because an allow list says so.

    Attributes:
        rule: id of the detector.
        fingerprint: of the text, under the key of the user or operator.
        reason: why it is no secret, as the list says.
        who: who says so, as the list says.
        path: the file.
    """

    name = "allowed"

    rule: str
    fingerprint: str
    reason: str = ""
    who: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied(CredentialEvent):
    """A kernel asked for a credential and did not get it.

    Attributes:
        reason: the code of the error that the kernel was given, such as ``not_entitled``.
        issuer: the issuer in a few words, with its address.
    """

    name = "denied"

    reason: str
    issuer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(CredentialEvent):
    """Something that somebody should look at.

    Attributes:
        kind: what it is. ``still_alive``: it was revoked or has expired, and works all the same.
            ``renewal_failing``: it fails again and again. ``ending``: it cannot be had anew without
            a person. ``revocation_refused``: the issuer's policy forbids to revoke it.
            ``unusual_issuance``: a credential is asked for more often than is usual.
            ``redirected``: a file of the kernel's folder would lead SDKs elsewhere.
        what: a token or a credential.
        issuer: the issuer in a few words, with its address.
        accessor: as in ``Issued``.
        reason: the code of the error behind it; empty where there is none.
        count: how often it happened, or how many lines of files do so.
        seconds: ``ending``, ``revocation_refused``: how long it still lives; else how long this has
            lasted, or the window of the count.
    """

    name = "alert"

    kind: AlertKind
    what: What
    issuer: str = ""
    accessor: str = ""
    reason: str = ""
    count: int = 1
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(AuditEvent):
    """A key was put into the store, or taken out of it.

    Attributes:
        credential: the name under which it is stored.
        change: what became of it.
        by: how.
        who: whoever did it: for a browser the name by which it was logged in, where it had one.
        store: which store.
        path: the store's directory.
    """

    name = "stored"

    credential: str
    change: StoredChange
    by: StoredBy
    who: str
    store: str
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login(AuditEvent):
    """A person logs in at the issuer, for this server.

    Attributes:
        step: how far it came.
        who: the Jupyter user whose browser it was; empty for a login that was begun at the command
            line and opened by nobody.
        mount: auth mount of the issuer.
        issuer: the issuer in a few words, with its address.
        reason: code of the error, for one that failed.
    """

    name = "login"

    step: LoginStep
    who: str = ""
    mount: str = ""
    issuer: str = ""
    reason: str = ""


EVENTS: Final[tuple[type[AuditEvent], ...]] = (
    Issued,
    Delivered,
    Renewed,
    Revoked,
    Redacted,
    Denied,
    Allowed,
    Alert,
    Stored,
    Login,
)

Value = str | int | float | bool | None | dict[str, str] | list[str]


def schema_id(event: AuditEvent | type[AuditEvent]) -> str:
    """Return the ``$id`` of an event's schema."""
    return _ID.format(event.name, event.version)


def schema_paths() -> tuple[Path, ...]:
    """Return the schema file of each event, for ``EventLogger.register_event_schema``."""
    return tuple(_SCHEMAS / event.name / f"v{event.version}.yaml" for event in EVENTS)


def data_of(event: AuditEvent) -> dict[str, Value]:
    """Return an event as its schema wants it: every field, within bounds."""
    return {name: _bounded(getattr(event, name), longest) for name, longest in _bounds(type(event))}


_BOUNDS: Final[dict[type[AuditEvent], tuple[tuple[str, int], ...]]] = {}


def _bounds(kind: type[AuditEvent]) -> tuple[tuple[str, int], ...]:
    """Return each field of an event and the characters that a text in it may have."""
    known = _BOUNDS.get(kind)
    if known is None:
        names = [spec.name for spec in fields(kind)]
        known = tuple((name, LONGEST_PATH if name == "path" else LONGEST) for name in names)
        _BOUNDS[kind] = known
    return known


def _bounded(value: object, longest: int) -> Value:
    if isinstance(value, str):
        return _text(value, longest)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return max(0, value) if isfinite(value) else None
    if isinstance(value, Mapping):
        pairs = list(value.items())[:MOST_ENTRIES]
        return {_text(key, longest): _text(entry, longest) for key, entry in pairs}
    assert isinstance(value, tuple)
    return [_text(entry, longest) for entry in value[:MOST_ENTRIES]]


def _text(text: str, longest: int) -> str:
    """Cut a text, and replace what would break a line or a reader of UTF-8."""
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    if cut.isprintable():
        return cut
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in cut
    )


_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
"""What is what it seems to be, and cannot hold anything else."""


def _refuse_objects(name: str, value: object) -> None:
    """Let through what JSON has, so that no object with a value inside gets into an event."""
    if isinstance(value, str | int | float):
        return
    if isinstance(value, Mapping):
        parts: tuple[object, ...] = (*value.keys(), *value.values())
    else:
        parts = value if isinstance(value, tuple) else (value,)
    for part in parts:
        if not isinstance(part, str):
            raise TypeError(f"{name} of an audit event cannot hold a {type(part).__name__}")
