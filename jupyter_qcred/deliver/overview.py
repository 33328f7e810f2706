"""What this process's kernels hold and what is owed: values for people, without any secret.

Times are seconds from now, rounded to tenths, because clocks of readers differ; None where there is
no end (a static key) or nothing that could end.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from jupyter_qcred.kernel.guard.trap import UNREAD, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from jupyter_qcred.kernel.guard.trap import Trap
    from jupyter_qcred.revoke.journal import Entry as Left
    from jupyter_qcred.revoke.revoker import Outstanding

    from .leases import Entry
    from .taken import Standing
    from .trail import Owner


@dataclass(frozen=True, slots=True)
class CredentialOverview:
    """One credential that a kernel holds.

    Attributes:
        credential: its name, such as ``ibm-quantum``.
        vendor: the quantum cloud.
        lease_id: our handle of the lease; no secret.
        state: of the lease: ``issued``, and ``live`` once the kernel has acknowledged it.
        expires_in: seconds that the kernel holds it unless it is renewed: its own life, or that of
            the session token above it where that is shorter; None where nothing ends it.
        renewals: how often its life was extended or its value replaced.
        renewable: the same value can be extended; otherwise it is replaced in time.
        revocable: the upstream invalidates it when asked, or with the session token.
        labels: environment, project, cost centre, from the profile.
        delivery: how the kernel has it; ``direct``: the value itself is in the kernel's memory.
    """

    credential: str
    vendor: str
    lease_id: str
    state: str
    expires_in: float | None
    renewals: int
    renewable: bool
    revocable: bool
    labels: Mapping[str, str]
    delivery: Literal["direct"] = "direct"


@dataclass(frozen=True, slots=True)
class NoticeOverview:
    """Why a credential is missing, or will end.

    Attributes:
        credential: its name; empty where it is about all of the kernel's.
        code: of the error behind it: ``needs_login`` and ``not_entitled`` need a person, those that
            begin with ``issuer_`` are tried again by themselves.
        reason: what failed.
        next_step: what to do about it.
        held: the kernel still has the credential.
        ends_in: seconds until it ends for this reason, unless somebody does something; None where
            it has ended, or never was there.
        since: since when this is so, ISO 8601 in UTC.
    """

    credential: str
    code: str
    reason: str
    next_step: str
    held: bool
    ends_in: float | None
    since: str


@dataclass(frozen=True, slots=True)
class TrapOverview:
    """A line of a file in the kernel's folder that would lead a vendor's SDK elsewhere.

    Attributes:
        path: the file.
        line: in it, from 1 on; 0 where it is about the whole file.
        variable: the setting; empty where the file could not be read.
        vendor: whose SDKs it is for; empty for all.
        effect: what it changes: ``address``, ``account``, ``trust``; ``unread``: an SDK would read
            the file, and it could not be looked at.
        code: of the error that the kernel is told: ``redirected``, or ``other_account``.
        reason: what it does, in words; a host that it leads to is named, and nothing else of what
            is set.
        next_step: what to do about it.
    """

    path: str
    line: int
    variable: str
    vendor: str
    effect: str
    code: str
    reason: str
    next_step: str


@dataclass(frozen=True, slots=True)
class KernelOverview:
    """One launch of a kernel that has a channel to us.

    Attributes:
        session: our random name of the launch.
        intent: the session token's name in audit and journal; None before the first token.
        kernel: Jupyter's kernel id. Clients may choose it: show it with care.
        notebook: the notebook's file at the kernel's start; empty where there is none.
        claimed: the kernel has claimed its channel.
        token_expires_in: seconds the session token lives unless renewed; None without one.
        available: what it may ask for, whether its source holds one or not: ``credential`` and
            ``vendor`` of each. The same object for as long as the kernel lives.
        notices: what is missing or will end, and why.
        folder: what was found in its folder when it started.
    """

    session: str
    intent: str | None
    kernel: str
    notebook: str
    claimed: bool
    token_expires_in: float | None
    credentials: tuple[CredentialOverview, ...] = ()
    available: tuple[Mapping[str, str], ...] = ()
    notices: tuple[NoticeOverview, ...] = ()
    folder: tuple[TrapOverview, ...] = ()


@dataclass(frozen=True, slots=True)
class OutstandingOverview:
    """A revocation that is owed.

    Attributes:
        kind: what is to be revoked.
        session: the session token's name in audit and journal.
        kernel: the kernel id that it was issued for.
        credentials: names of the credentials that end with it.
        lease_id: our handle of the lease; empty for a session token.
        since: when it began to be owed, ISO 8601 in UTC.
        attempts: how often the issuer was asked.
        expires_in: seconds until it has certainly died by itself; None where it has no end.
        reason: why the last answer did not settle it; empty before the first answer.
    """

    kind: Literal["session token", "credential"]
    session: str
    kernel: str
    credentials: tuple[str, ...]
    lease_id: str
    since: str
    attempts: int
    expires_in: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class LeftoverOverview:
    """A token which an earlier server left behind, and which is not settled yet.

    Attributes:
        kind: which token.
        session: its name in audit and journal.
        issuer: where it was issued.
        known: its accessor is known, so that it can be revoked where that is granted.
        expires_in: seconds until it has certainly died by itself.
    """

    kind: Literal["server token", "session token"]
    session: str
    issuer: str
    known: bool
    expires_in: float


@dataclass(frozen=True, slots=True)
class TokenOverview:
    """The server token.

    Attributes:
        expires_in: seconds it lives unless the heartbeat renews it.
        narrowed: it holds its role's policies only; None where it is a login token.
        own: it was made for this server; False where credentials are read with the login token.
    """

    expires_in: float
    narrowed: bool | None
    own: bool


@dataclass(frozen=True, slots=True)
class IssuerOverview:
    """The issuer, as far as this server has noticed.

    Attributes:
        description: a few words, with its address.
        health: ``ok``, ``unknown`` before the first request, or the code of the error that it fails
            with, such as ``issuer_sealed``.
        reason: what that means; empty where nothing is wrong.
        since: since when it fails, ISO 8601 in UTC; empty where it does not.
        next_try_in: seconds until it is asked again; None where nothing is wrong.
    """

    description: str
    health: str
    reason: str = ""
    since: str = ""
    next_try_in: float | None = None


@dataclass(frozen=True, slots=True)
class LoginOverview:
    """How a login by a person stands.

    Attributes:
        needed: nothing can be issued until somebody logs in, or what is held ends unless they do.
        state: of the latest one. ``begun``: nobody has opened it; ``opened``: the issuer's page is
            open; ``finishing``: the browser came back; ``none``: there was none.
        handle: names the latest one; no secret.
        code: of the error, for one that failed.
        reason: why it failed.
        next_step: what to do about it.
    """

    needed: bool
    state: Literal["none", "begun", "opened", "finishing", "done", "failed"]
    handle: str = ""
    code: str = ""
    reason: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class ServerOverview:
    """Everything of this process.

    Attributes:
        now: the server's date and time when this was so, ISO 8601 in UTC.
        version: of this package.
        server: our name of this process, the audit's ``server``.
        user: whose server it is.
        enabled: kernels get credentials at all.
        durable: what is owed is on the disk, for the next start; False: in memory only.
        server_token: None while nothing needed one.
        login: how a login by a person stands; None where the server logs in by itself.
    """

    now: str
    version: str
    server: str
    user: str
    enabled: bool
    durable: bool
    issuer: IssuerOverview
    server_token: TokenOverview | None
    login: LoginOverview | None
    kernels: tuple[KernelOverview, ...]
    outstanding: tuple[OutstandingOverview, ...]
    leftovers: tuple[LeftoverOverview, ...]


@dataclass(frozen=True, slots=True)
class RevokedCredential:
    """A credential that was taken from its kernel.

    Attributes:
        outcome: what became of it upstream. ``unsupported``: nobody can force its end, and
            ``expires_in`` says how long it lives on.
        expires_in: seconds that it can live on at most; None for a static key, or one that is dead.
    """

    lease_id: str
    credential: str
    vendor: str
    kernel: str
    notebook: str
    outcome: Standing
    expires_in: float | None


@dataclass(frozen=True, slots=True)
class RevokedSession:
    """A session token that was taken down."""

    session: str
    kernel: str
    notebook: str
    outcome: Standing


@dataclass(frozen=True, slots=True)
class Revocation:
    """What one request to revoke did.

    Attributes:
        matched: kernels that it was about, whether they held something or not.
        outstanding: something of it is still owed.
    """

    matched: int
    credentials: tuple[RevokedCredential, ...]
    sessions: tuple[RevokedSession, ...]
    outstanding: bool


Overview = (
    CredentialOverview
    | KernelOverview
    | OutstandingOverview
    | LeftoverOverview
    | LoginOverview
    | ServerOverview
    | Revocation
)


def as_json(value: Overview) -> dict[str, Any]:
    """Return the fields as JSON has them.

    ``asdict`` copies every leaf, and takes five times as long: for a server with hundreds of
    kernels that is a tenth of a second of its event loop.
    """
    return {name: _plain(getattr(value, name)) for name in names_of(value)}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | float | int):
        return value
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, dict):
        return dict(value)
    return {name: _plain(getattr(value, name)) for name in names_of(value)}


_names: dict[type, tuple[str, ...]] = {}


def names_of(value: Any) -> tuple[str, ...]:
    """Return the names of the fields of a dataclass's instance; none for any other value."""
    kind = type(value)
    if kind not in _names:
        known = fields(kind) if is_dataclass(kind) else ()
        _names[kind] = tuple(field.name for field in known)
    return _names[kind]


def moment(when: datetime) -> str:
    """Return a date and time for programs that count from it: ISO 8601, to the millisecond."""
    return when.isoformat(timespec="milliseconds")


def seconds_until(moment: float, now: float) -> float | None:
    """Seconds from ``now``, not negative, in tenths; None for a moment that never comes."""
    return round(max(0.0, moment - now), 1) if isfinite(moment) else None


def credential(entry: Entry, now: float) -> CredentialOverview:
    """Return what one entry of a kernel's book shows."""
    lease = entry.lease
    return CredentialOverview(
        credential=lease.credential,
        vendor=entry.profile.vendor,
        lease_id=lease.lease_id,
        state=lease.state.value,
        expires_in=seconds_until(lease.expires_at, now),
        renewals=lease.renewals,
        renewable=lease.renewable,
        revocable=lease.revocable,
        labels=dict(lease.labels),
    )


def trap(found: Trap) -> TrapOverview:
    """Return what is shown of one line in a folder."""
    why = found.error
    return TrapOverview(
        path=shown(found.path),
        line=found.line,
        variable="" if found.effect == UNREAD else found.variable,
        vendor=found.vendor,
        effect=found.effect,
        code=why.code,
        reason=why.reason,
        next_step=why.next_step,
    )


def outstanding(owed: Outstanding, owner: Owner, now: float) -> OutstandingOverview:
    """Return what one debt shows."""
    debt = owed.debt
    return OutstandingOverview(
        kind="session token" if debt.lease_id is None else "credential",
        session=debt.intent,
        kernel=owner.kernel,
        credentials=owner.credentials,
        lease_id=debt.lease_id or "",
        since=owed.since.isoformat(timespec="seconds"),
        attempts=owed.attempts,
        expires_in=seconds_until(debt.bound, now),
        reason=owed.reason,
    )


def leftover(left: Left, now: float) -> LeftoverOverview:
    """Return what one token of an earlier server shows."""
    return LeftoverOverview(
        kind="server token" if left.kind == "server" else "session token",
        session=left.intent,
        issuer=left.issuer,
        known=left.accessor is not None,
        expires_in=seconds_until(left.bound, now) or 0.0,
    )
