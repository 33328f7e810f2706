"""One launch of one kernel: what is changed in its command, and what we keep of it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from jupyter_qcred.kernel.claim import BootConfig
from jupyter_qcred.kernel.current import UNAVAILABLE_ENV
from jupyter_qcred.kernel.envelope import INSECURE_NEXT

from .boot import boot_command, boots
from .control import ControlLink
from .control_socket import Endpoint
from .environment import withhold
from .link import KernelLink
from .service import current_service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
    from jupyter_client.session import Session

    from .provisioner import QcredProvisioner
    from .service import CredentialService
    from .session import KernelSession


class Launch:
    """Holds the descriptors of a launch, and its session."""

    def __init__(self, service: CredentialService, kwargs: dict[str, Any]) -> None:
        self._service = service
        self._session: KernelSession | None = None
        self._link: KernelLink | ControlLink | None = None
        self._pipes: list[int] = []
        self.kwargs = kwargs

    @classmethod
    def prepare(
        cls, outer: QcredProvisioner, inner: KernelProvisionerBase, kwargs: dict[str, Any]
    ) -> Launch | None:
        """Return what our part of this launch is; None where we are turned off.

        The environment loses the server's secrets in any case. ``kwargs`` itself is not changed.
        """
        service = current_service()
        launch = cls(service, {**kwargs, "env": dict(kwargs.get("env", os.environ))})
        withhold(launch.kwargs["env"], service.withheld_names())
        if not (service.enabled and outer.enabled):
            return launch
        why_not = _why_not(inner, kwargs["cmd"])
        if why_not:
            launch.kwargs["env"][UNAVAILABLE_ENV] = why_not
        else:
            hide = service.hide_memory if outer.hide_memory is None else outer.hide_memory
            launch._open_channel(outer, hide_memory=hide, local=isinstance(inner, LocalProvisioner))
        if isinstance(inner, LocalProvisioner):
            launch._redact_stdio()
        return launch

    def _open_channel(self, outer: QcredProvisioner, *, hide_memory: bool, local: bool) -> None:
        link = KernelLink() if local else ControlLink(self._service.control_beat, self._service.log)
        self._link = link
        config = BootConfig(
            fd=link.fd if isinstance(link, KernelLink) else -1,
            nonce=link.nonce,
            server_pid=os.getpid(),
            hide_memory=hide_memory,
            min_secret_length=self._service.min_secret_length,
            min_fragment_length=self._service.min_fragment_length,
            beat=self._service.control_beat,
        )
        self.kwargs["cmd"] = boot_command(self.kwargs["cmd"], config, quoted=outer.shell_line)
        if isinstance(link, KernelLink):
            self.kwargs["pass_fds"] = tuple({*self.kwargs.get("pass_fds", ()), link.fd})
        notebook = self.kwargs["env"].get("JPY_SESSION_NAME", "")
        folder = str(self.kwargs.get("cwd") or ".") if local else ""
        self._session = self._service.open_session(link, str(outer.kernel_id), notebook, folder)

    def _redact_stdio(self) -> None:
        """Put our pipes where the kernel would inherit the server's stdout and stderr."""
        for name, number in (("stdout", 1), ("stderr", 2)):
            if self.kwargs.get(name) is None and self._service.redact_stdio:
                pipe = self._service.stdio.pipe(number)
                self.kwargs[name] = pipe
                self._pipes.append(pipe)

    def launched(self, pid: int | None, info: Mapping[str, Any], session: Session | None) -> None:
        """The process runs: close our copies of what it inherited, and watch or reach it.

        Args:
            pid: the process, where it is one of this machine.
            info: its connection.
            session: the kernel manager's, for its packer.
        """
        self._close_inherited()
        if isinstance(self._link, ControlLink):
            self._service.engine.call(self._link.launched, self._endpoint(info, session))
        elif self._session is not None:
            self._service.engine.call(self._session.launched, pid)

    def _endpoint(self, info: Mapping[str, Any], session: Session | None) -> Endpoint | None:
        if why_not := Endpoint.why_not(info):
            self._service.log.warning(
                "A kernel gets no credentials: %s. %s.", why_not, INSECURE_NEXT
            )
            return None
        return Endpoint.of(info, session)

    def failed(self) -> None:
        """There is no process."""
        self.ended()

    def ended(self) -> None:
        """The kernel has ended. May be called twice."""
        self._close_inherited()
        if self._session is not None:
            self._service.engine.call(self._session.end)

    def _close_inherited(self) -> None:
        if isinstance(self._link, KernelLink):
            self._link.launched()
        while self._pipes:
            os.close(self._pipes.pop())


def _why_not(inner: KernelProvisionerBase, cmd: list[str]) -> str:
    """Why this kernel can't have the channel; empty when it can."""
    if sys.platform == "win32":
        return "On Windows, credentials can't be handed to kernels yet"
    if not cmd:
        return f"The kernel's provisioner, {type(inner).__name__}, has a command of its own"
    if not boots(cmd):
        return "The kernel's command does not start ipykernel by `python -m ipykernel_launcher`"
    return ""
