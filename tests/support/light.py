"""A kernel that has our half, the real one, and nothing else: it starts in a tenth of the time.

Two ways to run it, with the standard library only:

- as a kernelspec's command before ``-m ipykernel_launcher``: the server puts its boot program in
  the place of that pair, and this program takes from it where the channel is;
- with ``--farm FD``: for each channel that comes in over the socket ``FD`` it forks a kernel.
"""

from __future__ import annotations

import ast
import json
import os
import signal
import socket
import sys
import threading
import time

_LOOK = 0.2


def main() -> None:
    """Become a kernel, or a farm of kernels."""
    if sys.argv[1] == "--farm":
        farm(socket.socket(fileno=int(sys.argv[2])))
        return
    package, config = _boot_arguments(sys.argv[2])
    sys.path.insert(0, os.path.dirname(package))
    be_a_kernel(config)


def _boot_arguments(program: str) -> tuple[str, dict]:
    """What the boot program would have called its own function with."""
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_boot":
            package, *_, config = map(ast.literal_eval, node.args)
            return package, config
    raise SystemExit("not started by jupyter_qcred")


class _Armed:
    """Where a kernel has its redactor: values are not looked for here."""

    def arm(self, credential: str, values: object) -> None:
        """Nothing is shown by this kernel."""


def be_a_kernel(config: dict) -> None:
    """Claim the channel and live until the parent is gone, as an ipykernel does."""
    from jupyter_qcred.core.clock import SystemClock
    from jupyter_qcred.kernel.claim import BootConfig, claim
    from jupyter_qcred.kernel.client import Client

    parent = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    client = Client(claim(BootConfig(**config)), _Armed(), SystemClock())
    client.start()
    if "QCRED_TEST_DIE" in os.environ:  # like one whose first cell crashes it
        for name in client.catalog(30):
            client.ask("get", name, 30)
        os._exit(1)
    while os.getppid() == parent:
        time.sleep(_LOOK)


def farm(orders: socket.socket) -> None:
    """Fork a kernel for each channel, and tell its pid."""
    sys.path.insert(0, orders.recv(4096).decode())
    import jupyter_qcred.kernel.client  # noqa: F401 - once, for all children

    orders.sendall(b"ready")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    while True:
        message, (fd, *_), _, _ = socket.recv_fds(orders, 4096, 1)
        config = json.loads(message) | {"fd": fd}
        pid = os.fork()
        if pid == 0:
            orders.close()
            be_a_kernel(config)
            os._exit(0)
        os.close(fd)
        orders.sendall(str(pid).encode())


if __name__ == "__main__":
    threading.stack_size(256 * 1024)
    main()
