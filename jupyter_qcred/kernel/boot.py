"""What runs first in a kernel that a server of ours launched."""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING, Any

from jupyter_qcred.core.clock import SystemClock
from jupyter_qcred.core.errors import NotOnPlatformError

from . import current
from .claim import BootConfig, claim
from .single import keep_single

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.core.errors import QcredError

    from .app import QcredKernelApp
    from .store import Store


def prepare(config: Mapping[str, Any]) -> type[QcredKernelApp] | None:
    """Claim the channel and return the application to launch.

    The claim comes before ipykernel is imported, so that the server can talk to the issuer while
    this process is still busy with its own start. Nothing is read from the channel before the
    redacting application is there: an import that fails leaves the credentials unread.

    The garbage collector rests until the shell is there. A start makes a hundred thousand objects
    that stay and hardly one that goes; looking through them again and again takes a tenth of it,
    more than all that is ours.

    Returns:
        None when the channel did not reach us, or our application can't be used with this
        ipykernel: the kernel then starts as if we were not here, and the helper tells the cause.
    """
    collects = gc.isenabled()
    gc.disable()
    app = None
    try:
        app = _prepared(BootConfig(**config))
    finally:
        if app is None and collects:
            gc.enable()
    if app is not None:
        app.collects = collects
    return app


def _prepared(settings: BootConfig) -> type[QcredKernelApp] | None:
    if settings.fd < 0:
        return _by_control_channel(settings)
    try:
        channel = claim(settings)
    except NotOnPlatformError as error:
        current.set_reason(error.reason, error.next_step)
        return None
    try:
        from jupyter_qcred.redact.redactor import Redactor

        from .app import QcredKernelApp
        from .client import Client
    except Exception as error:  # noqa: BLE001 - whatever an environment holds, the kernel starts
        channel.close()
        _cannot_run(error)
        return None
    redactor = Redactor(settings.min_secret_length, settings.min_fragment_length)
    client = Client(channel, redactor, SystemClock())
    client.start()
    current.set_client(client)
    QcredKernelApp.redactor = redactor
    QcredKernelApp.client = client
    keep_single()
    return QcredKernelApp


def _by_control_channel(settings: BootConfig) -> type[QcredKernelApp] | None:
    """There is nothing to claim yet: the server asks once the kernel listens."""
    try:
        from jupyter_qcred.redact.redactor import Redactor

        from .client import Client
        from .control import ControlChannel
        from .control_app import ControlKernelApp
    except Exception as error:  # noqa: BLE001 - as above
        _cannot_run(error)
        return None
    redactor = Redactor(settings.min_secret_length, settings.min_fragment_length)
    channel = ControlChannel(settings)
    client = Client(channel, redactor, SystemClock())
    channel.on_silence = partial(_forget, client.store)
    ControlKernelApp.redactor = redactor
    ControlKernelApp.client = client
    ControlKernelApp.channel = channel
    keep_single()
    return ControlKernelApp


def _forget(store: Store, why: QcredError) -> None:
    """Keep nothing while the server is not heard; it may be had anew once it is back."""
    for name in store.names():
        store.withdraw(name, why)


def _cannot_run(error: Exception) -> None:
    current.set_reason(
        f"The kernel's environment can't run our half ({type(error).__name__})",
        "Update ipykernel in the kernel's environment",
    )
