"""The kernel provisioner: wraps the one that really launches, and adds the channel.

It is loaded by every kernel start on a machine where we are the default, so this module imports
jupyter_client and the standard library only, and whatever of ours fails means plain delegation: a
kernel without credentials, never a kernel that does not start.
"""

from __future__ import annotations

import functools
import os
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Bool, Dict, Unicode

if TYPE_CHECKING:
    from jupyter_client.connect import KernelConnectionInfo

    from .launch import Launch

_GROUP = "jupyter_client.kernel_provisioners"


@functools.cache
def _provisioner_class(name: str) -> type[KernelProvisionerBase]:
    """Find an installed provisioner, once: it reads the metadata of every installed package.

    Raises:
        ValueError: there is none of that name.
    """
    (found,) = entry_points(group=_GROUP, name=name)
    loaded: type[KernelProvisionerBase] = found.load()
    return loaded


class QcredProvisioner(KernelProvisionerBase):
    """Delegates everything to an inner provisioner, and gives the kernel a private channel.

    A kernelspec may configure it::

        "metadata": {"kernel_provisioner": {
            "provisioner_name": "qcred-provisioner",
            "config": {"inner": "my-provisioner", "inner_config": {...}, "enabled": true}}}
    """

    inner = Unicode("local-provisioner", help="Provisioner that launches the kernel.").tag(
        config=True
    )
    inner_config = Dict(help="Configuration of the inner provisioner.").tag(config=True)
    enabled = Bool(True, help="Whether kernels of this kernelspec get credentials.").tag(  # noqa: FBT003
        config=True
    )
    shell_line = Bool(
        False,  # noqa: FBT003
        help="Whether the inner provisioner joins the kernel's command into a line for a shell "
        "without quoting its words.",
    ).tag(config=True)
    hide_memory = Bool(
        None,
        allow_none=True,
        help="Overrides `CredentialService.hide_memory` for this kernelspec.",
    ).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._launch: Launch | None = None
        self._inner: KernelProvisionerBase = _provisioner_class(self.inner)(
            kernel_id=self.kernel_id,
            kernel_spec=self.kernel_spec,
            parent=self.parent,
            **self.inner_config,
        )

    def __getattr__(self, name: str) -> Any:
        """Forward what other software reads from a provisioner, such as ``process`` or ``pid``."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._inner, name)

    # -- launching -----------------------------------------------------------------------------

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepare the launch, and the channel where this kind of kernel can carry one."""
        self._end()
        kwargs = await self._inner.pre_launch(**kwargs)
        self.connection_info = self._inner.connection_info
        try:
            from .launch import Launch

            self._launch = Launch.prepare(self, self._inner, kwargs)
        except Exception as error:  # noqa: BLE001 - nothing of ours may stop a kernel
            self._complain(error)
            return _without_secrets(kwargs)
        return kwargs if self._launch is None else self._launch.kwargs

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Launch by the inner provisioner."""
        launch = self._launch
        try:
            info = await self._inner.launch_kernel(cmd, **kwargs)
        except BaseException:
            if launch is not None:
                launch.failed()
            raise
        self.connection_info = self._inner.connection_info or info
        if launch is not None:
            try:
                launch.launched(
                    getattr(self._inner, "pid", None),
                    dict(self.connection_info),
                    getattr(self.parent, "session", None),
                )
            except Exception as error:  # noqa: BLE001 - as above
                self._complain(error)
        return info

    async def post_launch(self, **kwargs: Any) -> None:
        """Delegate."""
        await self._inner.post_launch(**kwargs)

    def _complain(self, error: Exception) -> None:
        # The type only: nothing that another package put into its words reaches the log.
        self.log.error(
            "jupyter_qcred could not prepare this kernel (%s); it starts without credentials. "
            "Run `jupyter qcred doctor`.",
            type(error).__name__,
        )

    # -- ending --------------------------------------------------------------------------------
    # The process's own end is what counts (cleanup is not called on every way a kernel ends);
    # these calls are the earliest signs where the inner provisioner has no local process.

    def _end(self) -> None:
        launch, self._launch = self._launch, None
        if launch is not None:
            try:
                launch.ended()
            except Exception as error:  # noqa: BLE001 - as above
                self._complain(error)

    async def poll(self) -> int | None:
        """Delegate; a result means that the kernel has ended."""
        status = await self._inner.poll()
        if status is not None:
            self._end()
        return status

    async def wait(self) -> int | None:
        """Delegate, until the kernel has ended."""
        status = await self._inner.wait()
        self._end()
        return status

    async def cleanup(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002 - upstream's signature
        """Delegate; the kernel has ended."""
        self._end()
        await self._inner.cleanup(restart=restart)

    # -- plain delegation ----------------------------------------------------------------------

    @property
    def has_process(self) -> bool:
        """Whether the inner provisioner manages a process."""
        return self._inner.has_process

    async def send_signal(self, signum: int) -> None:
        """Delegate."""
        await self._inner.send_signal(signum)

    async def kill(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002 - upstream's signature
        """Delegate."""
        await self._inner.kill(restart=restart)

    async def terminate(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002 - upstream's signature
        """Delegate."""
        await self._inner.terminate(restart=restart)

    async def shutdown_requested(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002 - upstream's signature
        """Delegate."""
        await self._inner.shutdown_requested(restart=restart)

    async def get_provisioner_info(self) -> dict[str, Any]:
        """Delegate."""
        return await self._inner.get_provisioner_info()

    async def load_provisioner_info(self, provisioner_info: dict[str, Any]) -> None:
        """Delegate."""
        await self._inner.load_provisioner_info(provisioner_info)
        self.kernel_id = provisioner_info["kernel_id"]
        self.connection_info = self._inner.connection_info

    def get_shutdown_wait_time(self, recommended: float = 5.0) -> float:
        """Delegate."""
        return self._inner.get_shutdown_wait_time(recommended)

    def get_stable_start_time(self, recommended: float = 10.0) -> float:
        """Delegate."""
        return self._inner.get_stable_start_time(recommended)

    def resolve_path(self, path: str) -> str | None:
        """Delegate."""
        return self._inner.resolve_path(path)


def _without_secrets(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Keep the server's secrets from a kernel even when the rest of us has failed."""
    from .environment import SERVER_SECRETS, withhold

    env = dict(kwargs.get("env", os.environ))
    withhold(env, SERVER_SECRETS)
    return {**kwargs, "env": env}
