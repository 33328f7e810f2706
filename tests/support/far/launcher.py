"""A daemon that launches kernels for whoever asks on its socket: what an agent on a node does.

A kernel is its child, not the server's: no descriptor and no environment of the server reach it.
One request a connection, one JSON object each way.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any


def serve(path: str, log: str) -> None:
    kernels: dict[int, subprocess.Popen[bytes]] = {}

    def launch(argv: list[str], env: dict[str, str], cwd: str) -> int:
        with open(log, "ab") as output:
            process = subprocess.Popen(
                argv, env=os.environ | env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True,
            )  # fmt: skip
        kernels[process.pid] = process
        return process.pid

    def poll(pid: int) -> int | None:
        return kernels[pid].poll()

    def send(pid: int, signum: int) -> None:
        with suppress(ProcessLookupError):
            kernels[pid].send_signal(signum)

    calls = {"launch": launch, "poll": poll, "send": send}
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(64)
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rw") as stream:
            request: dict[str, Any] = json.loads(stream.readline())
            name = request.pop("call")
            if name == "stop":
                break
            stream.write(json.dumps(calls[name](**request)) + "\n")
    for process in kernels.values():
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
