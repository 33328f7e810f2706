"""A kernel provisioner that has a launcher daemon start its kernels.

It derives from the abstract base alone, as provisioners for clusters do.
"""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

import zmq
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Unicode


class FarProvisioner(KernelProvisionerBase):
    address = Unicode(help="Socket of the launcher.").tag(config=True)
    directory = Unicode(help="Where kernels start.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.remote_pid: int | None = None

    @property
    def has_process(self) -> bool:
        return self.remote_pid is not None

    async def _ask(self, call: str, **request: Any) -> Any:
        reader, writer = await asyncio.open_unix_connection(self.address)
        writer.write(json.dumps({"call": call, **request}).encode() + b"\n")
        answer = await reader.readline()
        writer.close()
        return json.loads(answer)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        manager = self.parent
        kwargs.pop("transport_encryption", None)
        wanted = manager.transport_encryption in {"auto", "required"}
        supported = manager._kernel_supports_curve_encryption()
        if wanted and supported and manager.curve_publickey is None:
            manager.curve_publickey, manager.curve_secretkey = zmq.curve_keypair()
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        cmd = manager.format_kernel_cmd(extra_arguments=kwargs.pop("extra_arguments", []))
        return await super().pre_launch(cmd=cmd, **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        named = {name: value for name, value in kwargs["env"].items() if name.startswith("KERNEL_")}
        self.remote_pid = await self._ask("launch", argv=cmd, env=named, cwd=self.directory)
        return self.connection_info

    async def poll(self) -> int | None:
        return 0 if self.remote_pid is None else await self._ask("poll", pid=self.remote_pid)

    async def wait(self) -> int | None:
        while (status := await self.poll()) is None:
            await asyncio.sleep(0.05)
        return status

    async def send_signal(self, signum: int) -> None:
        if self.remote_pid is not None:
            await self._ask("send", pid=self.remote_pid, signum=signum)

    async def kill(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGTERM)

    async def cleanup(self, restart: bool = False) -> None:
        pass
