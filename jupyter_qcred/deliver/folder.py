"""Look into the folder in which a kernel was started, for what would lead SDKs elsewhere.

In a thread of its own: a file system that does not answer holds up the next look and nothing else.
The kernel is told by a notice, the log and the audit by one line each.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from jupyter_qcred.core import wire
from jupyter_qcred.core.errors import RedirectedError
from jupyter_qcred.kernel.guard.look import look

if TYPE_CHECKING:
    from jupyter_qcred.kernel.guard.trap import Trap

    from .link import Link
    from .shared import Holder, Shared


async def tell_of_folder(
    shared: Shared, holder: Holder, intent: str, link: Link
) -> tuple[Trap, ...]:
    """Look, tell, and return what was found.

    Never raises: it is nothing that a kernel could fail for.

    Args:
        shared: for the log, the audit and the thread.
        holder: the kernel, with its folder; empty: it is not known, or nobody wants this.
        intent: of the session token; empty before the first.
        link: to the kernel.
    """
    if not holder.folder:
        return ()
    try:
        traps = await shared.lookout.run(partial(look, holder.folder))
        for trap in traps:
            link.send(_notice(trap))
        _record(shared, holder, intent, traps)
    except Exception as error:  # noqa: BLE001 - as the docstring says
        shared.log.debug("A kernel's folder was not looked into: %s", type(error).__name__)
        return ()
    return traps


def _notice(trap: Trap) -> wire.Notice:
    why = trap.error
    return wire.Notice(
        credential="", code=why.code, reason=why.reason, next_step=why.next_step, ends_in=None
    )


def _record(shared: Shared, holder: Holder, intent: str, traps: tuple[Trap, ...]) -> None:
    """Record what sends keys elsewhere; an account of its own is nothing unusual in a folder."""
    leading = [trap for trap in traps if trap.error.code == RedirectedError.code]
    for trap in leading:
        shared.calm.warn(
            ("redirected", trap.path, str(trap.line)),
            "A kernel was started in a folder that leads SDKs elsewhere: %s",
            trap.error.reason,
        )
    for vendor, count in Counter(trap.vendor for trap in leading).items():
        shared.trail.redirected(holder, intent, vendor, count)
