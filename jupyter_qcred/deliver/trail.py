"""Turns what happens to tokens and leases into audit events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

from jupyter_qcred.audit.events import (
    Alert,
    Allowed,
    Delivered,
    Denied,
    Issued,
    Redacted,
    Renewed,
    Revoked,
)
from jupyter_qcred.core.lease import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_qcred.audit.events import AlertKind, AuditEvent
    from jupyter_qcred.core.errors import QcredError
    from jupyter_qcred.core.lease import IntentId, LeaseId
    from jupyter_qcred.detect import Allowance
    from jupyter_qcred.issue.issuer import IssuedToken
    from jupyter_qcred.revoke.journal import Entry as Left
    from jupyter_qcred.revoke.revoker import Debt, Settled

    from .alerts import Subject
    from .leases import Entry
    from .save_receipt import SaveReceipt
    from .shared import Holder


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a debt is: a kernel's id, and the credentials that end with it."""

    kernel: str
    credentials: tuple[str, ...]


class Trail:
    """Writes the audit of one process. Remembers each session's leases until it is settled."""

    def __init__(
        self,
        emit: Callable[[AuditEvent], None],
        issuer: Callable[[], str],
        user: str,
        server: str,
    ) -> None:
        self._emit = emit
        self._issuer = issuer
        self._user = user
        self._server = server
        self._sessions: dict[IntentId, tuple[Holder, IssuedToken]] = {}
        self._ending: dict[IntentId, list[Entry]] = {}
        self._causes: dict[IntentId, str] = {}
        self._returning: dict[LeaseId, tuple[Holder, Entry, str]] = {}

    # -- tokens --------------------------------------------------------------------------------

    def server_opened(self, intent: IntentId, token: IssuedToken) -> None:
        """The server token was issued."""
        self._emit(
            Issued(
                user=self._user,
                server=self._server,
                session=intent,
                what="server token",
                issuer=self._issuer(),
                accessor=token.accessor,
                ttl=token.ttl,
                narrowed=token.narrowed,
                policies=token.policies,
            )
        )

    def server_closed(self, intent: IntentId, token: IssuedToken) -> None:
        """The server token was given back, and confirmed."""
        self._emit(
            Revoked(
                user=self._user,
                server=self._server,
                session=intent,
                what="server token",
                outcome="confirmed",
                cause="server_stopped",
                issuer=self._issuer(),
                accessor=token.accessor,
            )
        )

    def session_opened(self, holder: Holder, intent: IntentId, token: IssuedToken) -> None:
        """A session token was issued."""
        self._sessions[intent] = (holder, token)
        self._emit(
            Issued(
                user=holder.user,
                server=holder.server,
                kernel=holder.kernel,
                session=intent,
                what="session token",
                issuer=self._issuer(),
                accessor=token.accessor,
                ttl=token.ttl,
                narrowed=token.narrowed,
                policies=token.policies,
            )
        )

    def settled(self, debt: Debt, how: Settled) -> tuple[Holder | None, list[Entry]]:
        """A session token's revocation was answered, and so are its leases; or one lease's was.

        Returns:
            Whose it was, and the credentials that ended with it.
        """
        if debt.lease_id is not None:
            return self._lease_settled(debt, debt.lease_id, how)
        holder, token = self._sessions.pop(debt.intent, (None, debt.token))
        entries = self._ending.pop(debt.intent, [])
        cause = self._causes.pop(debt.intent, "kernel_ended")
        if holder is None:
            return None, entries
        for entry in entries:
            self._lease_revoked(holder, debt.intent, entry, how.value, cause)
        self._emit(
            Revoked(
                user=holder.user,
                server=holder.server,
                kernel=holder.kernel,
                session=debt.intent,
                what="session token",
                # A login token that others share was not revoked, whatever became of the leases.
                outcome=how.value if token.own else Outcome.UNSUPPORTED.value,
                cause=cause,
                issuer=self._issuer(),
                accessor=token.accessor,
            )
        )
        return holder, entries

    def holder(self, intent: IntentId) -> Holder | None:
        """Return whose a session token is that is not settled."""
        return self._sessions[intent][0] if intent in self._sessions else None

    def alert(
        self, kind: AlertKind, subject: Subject, *, reason: str, count: int, seconds: float
    ) -> None:
        """Something that somebody should look at."""
        holder, entry = subject.holder, subject.entry
        self._emit(
            Alert(
                user=holder.user if holder is not None else self._user,
                server=self._server,
                kernel=holder.kernel if holder is not None else "",
                session=subject.intent,
                credential=entry.lease.credential if entry is not None else "",
                vendor=entry.profile.vendor if entry is not None else "",
                labels=entry.lease.labels if entry is not None else {},
                lease_id=entry.lease.lease_id if entry is not None else "",
                kind=kind,
                what=subject.what,
                issuer=self._issuer(),
                accessor=subject.accessor,
                reason=reason,
                count=count,
                seconds=seconds,
            )
        )

    def redirected(self, holder: Holder, intent: str, vendor: str, count: int) -> None:
        """A kernel was started where so many lines of files lead a vendor's SDKs elsewhere."""
        self._emit(
            Alert(
                user=holder.user,
                server=holder.server,
                kernel=holder.kernel,
                session=intent,
                vendor=vendor,
                kind="redirected",
                what="credential",
                reason="redirected",
                count=count,
            )
        )

    def swept(self, left: Left, how: Settled) -> None:
        """A token that an earlier server left behind was settled."""
        self._emit(
            Revoked(
                user="",
                server=self._server,
                session=left.intent,
                what="server token" if left.kind == "server" else "session token",
                outcome=how.value,
                cause="swept",
                issuer=left.issuer,
                accessor=left.accessor or "",
            )
        )

    # -- leases --------------------------------------------------------------------------------

    def issued(self, holder: Holder, intent: IntentId, token: IssuedToken, entry: Entry) -> None:
        """A credential was issued."""
        self._emit(
            Issued(
                **_about(holder, intent, entry),
                what="credential",
                issuer=self._issuer(),
                accessor=token.accessor,
                ttl=entry.issued.ttl,
                narrowed=token.narrowed,
                policies=token.policies,
            )
        )

    def delivered(self, holder: Holder, intent: IntentId, entry: Entry) -> None:
        """The kernel acknowledged a credential."""
        self._emit(Delivered(**_about(holder, intent, entry), ttl=entry.issued.ttl))

    def renewed(self, holder: Holder, intent: IntentId, entry: Entry, *, replaced: bool) -> None:
        """A credential's life was extended, or its value replaced."""
        self._emit(
            Renewed(
                **_about(holder, intent, entry),
                what="credential",
                issuer=self._issuer(),
                ttl=entry.issued.ttl,
                replaced=replaced,
            )
        )

    def lease_ending(self, intent: IntentId, entry: Entry) -> None:
        """Its kernel has ended; the outcome is recorded with that of the session token."""
        self._ending.setdefault(intent, []).append(entry)

    def session_revoked(self, intent: IntentId, cause: str) -> None:
        """A session's end was asked for while its kernel lives; the outcome is recorded later."""
        self._causes[intent] = cause

    def lease_returning(self, holder: Holder, entry: Entry, cause: str) -> None:
        """One lease's end was asked for; the outcome is recorded later."""
        self._returning[entry.lease.lease_id] = (holder, entry, cause)

    def lease_unsupported(self, holder: Holder, intent: IntentId, entry: Entry, cause: str) -> None:
        """One lease's end was asked for, and nobody can force it: the kernel has forgotten it."""
        self._lease_revoked(holder, intent, entry, "unsupported", cause)

    def owner(self, debt: Debt) -> Owner:
        """Tell whose a debt is that is not settled."""
        if debt.lease_id is not None and debt.lease_id in self._returning:
            holder, entry, _ = self._returning[debt.lease_id]
            return Owner(holder.kernel, (entry.lease.credential,))
        if debt.intent not in self._sessions:
            return Owner("", ())
        entries = self._ending.get(debt.intent, [])
        names = tuple(entry.lease.credential for entry in entries)
        return Owner(self._sessions[debt.intent][0].kernel, names)

    def _lease_settled(
        self, debt: Debt, lease_id: LeaseId, how: Settled
    ) -> tuple[Holder | None, list[Entry]]:
        returning = self._returning.pop(lease_id, None)
        if returning is None:
            return None, []
        holder, entry, cause = returning
        self._lease_revoked(holder, debt.intent, entry, how.value, cause)
        return holder, [entry]

    def _lease_revoked(
        self,
        holder: Holder,
        intent: IntentId,
        entry: Entry,
        outcome: Literal["confirmed", "unsupported", "failed", "expired"],
        cause: str = "kernel_ended",
    ) -> None:
        # Ending the session does not invalidate a static key: nobody may read "confirmed" there.
        certain = outcome if entry.issued.revocable else Outcome.UNSUPPORTED.value
        self._emit(
            Revoked(
                **_about(holder, intent, entry),
                what="credential",
                outcome=certain,
                cause=cause,
                issuer=self._issuer(),
                ttl=entry.issued.ttl if certain == "unsupported" else None,
            )
        )

    # -- refusals and redactions ---------------------------------------------------------------

    def denied(
        self, holder: Holder, intent: IntentId | None, credential: str, error: QcredError
    ) -> None:
        """A kernel asked for something and was refused."""
        self._emit(
            Denied(
                user=holder.user,
                server=holder.server,
                kernel=holder.kernel,
                session=intent or "",
                credential=credential,
                reason=error.code,
                issuer=self._issuer(),
            )
        )

    def redacted_live(
        self, holder: Holder, intent: IntentId | None, credential: str, *, where: str, count: int
    ) -> None:
        """A kernel redacted what it was about to send."""
        self._emit(
            Redacted(
                user=holder.user,
                server=holder.server,
                kernel=holder.kernel,
                session=intent or "",
                credential=credential,
                where=where,
                count=count,
            )
        )

    def redacted_by_server(self, kernel: str, findings: Mapping[str, int], where: str) -> None:
        """The server redacted what a kernel had sent."""
        for credential, count in findings.items():
            self._emit(
                Redacted(
                    user=self._user,
                    server=self._server,
                    kernel=kernel,
                    credential=credential,
                    where=where,
                    count=count,
                )
            )

    def redacted_on_save(self, receipt: SaveReceipt) -> None:
        """A file was saved with placeholders, or without its outputs."""
        for rule, count in receipt.findings.items() or {"": 0}.items():
            places = [spot for spot in receipt.spots if spot.rule == rule]
            self._emit(
                Redacted(
                    user=self._user,
                    server=self._server,
                    credential=rule,
                    where="save",
                    count=count,
                    path=receipt.path,
                    places=tuple(spot.place for spot in places),
                    sources=tuple(map(str, receipt.sources)),
                    outputs_cleared=receipt.outputs_cleared,
                )
            )

    def allowed(self, path: str, rule: str, allowance: Allowance) -> None:
        """A text was left because somebody allowed it."""
        self._emit(
            Allowed(
                user=self._user,
                server=self._server,
                rule=rule,
                fingerprint=allowance.fingerprint,
                reason=allowance.reason,
                who=allowance.who,
                path=path,
            )
        )


class _About(TypedDict):
    user: str
    server: str
    kernel: str
    session: str
    credential: str
    vendor: str
    labels: Mapping[str, str]
    lease_id: str


def _about(holder: Holder, intent: IntentId, entry: Entry) -> _About:
    return {
        "user": holder.user,
        "server": holder.server,
        "kernel": holder.kernel,
        "session": intent,
        "credential": entry.lease.credential,
        "vendor": entry.profile.vendor,
        "labels": entry.lease.labels,
        "lease_id": entry.lease.lease_id,
    }
