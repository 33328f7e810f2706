"""What all kernel sessions of one server share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.issue.breaker import Breaker
    from jupyter_qcred.issue.issuer import Issuer
    from jupyter_qcred.issue.selection import Selection
    from jupyter_qcred.issue.workers import Workers
    from jupyter_qcred.redact.redactor import Redactor
    from jupyter_qcred.revoke.journal import Journal
    from jupyter_qcred.revoke.revoker import Revoker

    from .alerts import Alerts
    from .calm import CalmLog
    from .prober import Prober
    from .recovery import Recovery
    from .server_token import ServerToken
    from .trail import Trail


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds what is issued: one kernel launch. Every string is bounded and printable.

    Attributes:
        kernel: Jupyter's kernel id; chosen by clients, so it is a label and never a key or path.
        notebook: file of the notebook on this machine; empty where there is none.
        folder: in which it was started, to be looked into; empty where that is not to be done.
    """

    user: str
    server: str
    kernel: str
    notebook: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Shared:
    """The parts a session works with. ``issuer`` may block: call it in a worker.

    ``lookout`` is for folders alone, since these may never answer.
    """

    issuer: Callable[[], Issuer]
    select: Callable[[Holder], Selection]
    workers: Workers
    clock: Clock
    journal: Journal
    revoker: Revoker
    server_token: ServerToken
    redactor: Redactor
    trail: Trail
    log: logging.Logger
    calm: CalmLog
    breaker: Breaker
    recovery: Recovery
    alerts: Alerts
    prober: Prober
    lookout: Workers
