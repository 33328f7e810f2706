"""What runs first in a kernel that a server of ours launched."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jupyter_qcred.core.clock import SystemClock
from jupyter_qcred.core.errors import NotOnPlatformError

from . import current
from .claim import BootConfig, claim

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .app import QcredKernelApp


def prepare(config: Mapping[str, Any]) -> type[QcredKernelApp] | None:
    """Claim the channel and return the application to launch.

    The claim comes before ipykernel is imported, so that the server can talk to the issuer while
    this process is still busy with its own start. Nothing is read from the channel before the
    redacting application is there: an import that fails leaves the credentials unread.

    Returns:
        None when the channel did not reach us, or our application can't be used with this
        ipykernel: the kernel then starts as if we were not here, and the helper tells the cause.
    """
    settings = BootConfig(**config)
    try:
        channel = claim(settings)
    except NotOnPlatformError as error:
        current.set_reason(error.reason, error.next_step)
        return None
    try:
        with _collector_paused():
            from jupyter_qcred.redact.redactor import Redactor

            from .app import QcredKernelApp
            from .client import Client
    except Exception as error:  # noqa: BLE001 - whatever an environment holds, the kernel starts
        channel.close()
        current.set_reason(
            f"The kernel's environment can't run our half ({type(error).__name__})",
            "Update ipykernel in the kernel's environment",
        )
        return None
    redactor = Redactor(min_length=settings.min_secret_length)
    client = Client(channel, redactor, SystemClock())
    client.start()
    current.set_client(client)
    QcredKernelApp.redactor = redactor
    QcredKernelApp.client = client
    return QcredKernelApp


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Import ipykernel without looking for garbage, of which an import makes next to none.

    This takes back about half of what our own imports cost a kernel's start.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
