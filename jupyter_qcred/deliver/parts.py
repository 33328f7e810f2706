"""Assembles what the kernel sessions of one process share."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_qcred.audit.audit import Audit
from jupyter_qcred.audit.events import Login
from jupyter_qcred.core.errors import QcredError
from jupyter_qcred.issue.guard import GuardedIssuer
from jupyter_qcred.issue.issuer import ServerRequest
from jupyter_qcred.issue.supply import IssuerSupply
from jupyter_qcred.issue.workers import Workers
from jupyter_qcred.kernel.hardening import hide_memory
from jupyter_qcred.revoke.journal import Journal
from jupyter_qcred.revoke.revoker import Debt, Revoker, Settled
from jupyter_qcred.revoke.sweep import Sweep

from .alerts import Alerts, Subject
from .calm import CalmLog
from .catalogue import Catalogue
from .logins import Logins
from .prober import Prober
from .recovery import Recovery
from .server_token import ServerToken
from .shared import Shared
from .trail import Trail

if TYPE_CHECKING:
    from jupyter_qcred.audit.events import LoginStep
    from jupyter_qcred.core.lease import IntentId
    from jupyter_qcred.issue.issuer import IssuedToken, Issuer
    from jupyter_qcred.revoke.journal import Entry as Left

    from .alerts import Streak
    from .service import CredentialService


class Parts:
    """Made once, at the first kernel or at the server's start."""

    def __init__(self, service: CredentialService) -> None:
        self._service = service
        self._hidden = not service.hide_memory
        self._sweep: Sweep | None = None
        self.supply = IssuerSupply(service)
        self.journal = Journal.open(
            Path(service.journal_directory), instance=service.server_id, clock=service.clock
        )
        if not self.journal.durable:
            service.log.warning(
                "The revocation journal is in memory only (%s): after a crash of this server, "
                "tokens die at their TTL. Set CredentialService.journal_directory.",
                self.journal.trouble,
            )
        self.audit = Audit(
            event_logger=service.event_logger,
            file=Path(service.audit_file) if service.audit_file else None,
            call_on_loop=service.call_on_server_loop,
            log=service.log,
            listener=service.on_event,
        )
        self.trail = Trail(self.audit.emit, self.supply.describe, service.user, service.server_id)
        self.catalogue = Catalogue(service, self.supply)
        self.guard = GuardedIssuer(
            self._made, self.supply.describe, service.clock, service.log, service.on_request
        )
        self.guard.whole.on_change = lambda: service.engine.call(self.recovery.changed)
        self.calm = CalmLog(service.log, service.clock)
        self.alerts = Alerts(self.trail, service.clock, self.calm, parent=service)
        self.server_token = ServerToken(
            self.guard,
            service.workers,
            self.journal,
            service.clock,
            service.log,
            self._server_opened,
            self.trail.server_closed,
            self._heartbeat_failed,
        )
        self.server_token.request = lambda intent: ServerRequest(
            intent, service.user, service.server_id
        )
        self.server_token.nobody_yet = self.supply.nobody_yet
        self.logins = Logins(
            self.supply.login_mount,
            self.guard,
            self.server_token,
            service.workers,
            service.clock,
            service.login_timeout,
            self._login_told,
        )
        self.revoker = Revoker(
            self.issuer,
            self.server_token.current,
            service.workers,
            service.clock,
            self._settled,
            self._refused,
        )
        self.recovery = Recovery(self.guard.whole, self.server_token, self.revoker)
        self.prober = Prober(
            self.guard,
            self.server_token.current,
            service.workers,
            service.clock,
            self.alerts,
            probes={},  # vendors bring theirs
        )
        self.shared = Shared(
            issuer=self.issuer,
            select=self.catalogue.select,
            workers=service.workers,
            clock=service.clock,
            journal=self.journal,
            revoker=self.revoker,
            server_token=self.server_token,
            redactor=service.redactor,
            trail=self.trail,
            log=service.log,
            calm=self.calm,
            breaker=self.guard.whole,
            recovery=self.recovery,
            alerts=self.alerts,
            prober=self.prober,
            lookout=Workers(1),
        )

    def issuer(self) -> Issuer:
        """Return the issuer behind its breakers."""
        return self.guard

    def _made(self) -> Issuer:
        """Return the issuer itself, made at first use; it may block, so call it in a worker.

        From the first use on this process holds tokens, and other processes must not read it.
        """
        if not self._hidden:
            self._hidden = True
            hide_memory()
        return self.supply.issuer()

    async def sweep(self) -> None:
        """Revoke what earlier processes of this user left behind, as far as it is granted."""
        self._sweep = Sweep(
            Path(self._service.journal_directory),
            self._service.clock,
            self._service.workers,
            self.issuer,
            self.server_token.get,
            self.trail.swept,
            self._service.log,
        )
        await self._sweep.run()

    def leftovers(self) -> tuple[Left, ...]:
        """What earlier processes left behind and nobody has settled yet."""
        return self._sweep.left() if self._sweep is not None else ()

    def _settled(self, debt: Debt, how: Settled) -> None:
        if debt.lease_id is None:  # else the session's token is still open
            self.journal.closed(debt.intent, how.value)
        holder, entries = self.trail.settled(debt, how)
        self.prober.settled(debt, how, holder, entries)

    def _refused(self, debt: Debt) -> None:
        subject = Subject(
            "session token",
            self.trail.holder(debt.intent),
            debt.intent,
            accessor=debt.token.accessor,
        )
        self.alerts.refused(debt, subject)

    def _server_opened(self, intent: IntentId, token: IssuedToken) -> None:
        self.trail.server_opened(intent, token)
        self.revoker.hurry()
        self.recovery.served()

    def _login_told(self, step: LoginStep, who: str, reason: str) -> None:
        self.audit.emit(
            Login(
                user=self._service.user,
                server=self._service.server_id,
                step=step,
                who=who,
                mount=self.supply.login_mount,
                issuer=self.supply.describe(),
                reason=reason,
            )
        )

    def _heartbeat_failed(self, streak: Streak, error: QcredError, left: float) -> None:
        subject = Subject("server token", intent=self.server_token.intent or "")
        self.alerts.renewal_failed(streak, subject, error, left)

    async def give_back(self, timeout: float) -> None:
        """Revoke everything: the server token takes all that is below it along.

        Raises:
            TimeoutError: not confirmed within ``timeout`` seconds.
        """
        async with asyncio.timeout(timeout):
            # What was owed since the kernels ended is confirmed one by one, leases included; the
            # end of the server token is for what that leaves over.
            await self.revoker.drain(timeout / 2)
            try:
                confirmed = await self.server_token.revoke()
            except QcredError as error:
                self._service.log.debug("The server token was not given back: %s", error)
                confirmed = False
            if confirmed:
                self.revoker.settle_all(Settled.CONFIRMED)
            while not await self.revoker.drain(timeout):
                pass

    def close(self) -> None:
        """Close files and connections."""
        self.journal.close()
        self.audit.close()
        self.supply.close()
        self._service.workers.close()
        self.shared.lookout.close()
