"""What a program of some user tries against somebody else's processes, files and ports.

A program of its own, for the test that starts it as another Unix user: targets come as JSON on the
standard input, what became of each attempt goes out as JSON. ``refused …`` is the system's word.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PTRACE_ATTACH, PTRACE_DETACH = 16, 17
PIDFD_GETFD = 438  # the same number on every architecture
LIBC = ctypes.CDLL(None, use_errno=True)


def attempt(action: Callable[[], object]) -> str:
    """Return what became of it."""
    try:
        return f"done: {action()!r}"[:2000]
    except OSError as error:
        return f"refused: {error.strerror}"


def libc(name: str, *args: Any) -> int:
    """Call a C function; raise what it reports."""
    function = getattr(LIBC, name)
    function.restype = ctypes.c_long
    result = int(function(*args))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


# -- a process ------------------------------------------------------------------------------------


def read_memory(pid: int) -> int:
    """Read one page that the process has written to."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    line = next(line for line in maps.splitlines() if " rw-p " in line)
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(int(line.split("-")[0], 16))
        return len(memory.read(16))


def read_remotely(pid: int, address: int) -> int:
    """Read memory by a system call of its own, at an address that somebody gave away."""

    class Piece(ctypes.Structure):
        _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))

    buffer = ctypes.create_string_buffer(16)
    near = Piece(ctypes.cast(buffer, ctypes.c_void_p), 16)
    far = Piece(address, 16)
    one = ctypes.c_ulong(1)
    none = ctypes.c_ulong(0)
    return libc("process_vm_readv", pid, ctypes.byref(near), one, ctypes.byref(far), one, none)


def trace(pid: int) -> str:
    """Attach as a debugger does."""
    LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc("ptrace", PTRACE_ATTACH, pid, None, None)
    os.waitpid(pid, 0)
    libc("ptrace", PTRACE_DETACH, pid, None, None)
    return "attached"


def steal(pid: int, number: int) -> str:
    """Duplicate a descriptor of the process into this one."""
    pidfd = os.pidfd_open(pid)
    try:
        fd = libc("syscall", PIDFD_GETFD, pidfd, number, 0)
    finally:
        os.close(pidfd)
    os.close(fd)
    return "stolen"


def on_process(pid: int, descriptors: list[int], address: int) -> dict[str, str]:
    """Everything that a process's owner, and no one else, may do with it."""
    tried = {
        "environ": attempt(Path(f"/proc/{pid}/environ").read_bytes),
        "maps": attempt(lambda: len(Path(f"/proc/{pid}/maps").read_text())),
        "memory": attempt(lambda: read_memory(pid)),
        "process_vm_readv": attempt(lambda: read_remotely(pid, address)),
        "ptrace": attempt(lambda: trace(pid)),
        "descriptors": attempt(lambda: os.listdir(f"/proc/{pid}/fd")),
        "directory": attempt(lambda: os.readlink(f"/proc/{pid}/cwd")),
        "signal": attempt(lambda: os.kill(pid, signal.SIGCONT)),
    }
    for number in descriptors:
        tried[f"open descriptor {number}"] = attempt(
            lambda number=number: os.close(os.open(f"/proc/{pid}/fd/{number}", os.O_RDWR))
        )
        tried[f"steal descriptor {number}"] = attempt(lambda number=number: steal(pid, number))
    return tried


# -- files ----------------------------------------------------------------------------------------


def on_file(path: str) -> dict[str, str]:
    """Read it, open it for writing, and put another one in its place."""
    beside = f"{path}.attack"

    def replace() -> None:
        os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.unlink(beside)

    return {
        "read": attempt(lambda: len(Path(path).read_bytes())),
        "write": attempt(lambda: os.close(os.open(path, os.O_WRONLY | os.O_APPEND))),
        "replace": attempt(replace),
    }


def readable_files(top: str) -> list[str]:
    """Return every file below a folder that this process can read."""
    found = []
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            if attempt(lambda path=path: os.close(os.open(path, os.O_RDONLY))).startswith("done"):
                found.append(path)
    return found


# -- ports ----------------------------------------------------------------------------------------


def on_kernel_ports(ports: list[int], seconds: float) -> str:
    """Listen to a kernel's messages, and ask it to run code, without its key."""
    import zmq

    context, poller = zmq.Context(), zmq.Poller()
    for port in ports:
        for kind in (zmq.SUB, zmq.DEALER):
            peer = context.socket(kind)
            peer.linger = 0
            peer.connect(f"tcp://127.0.0.1:{port}")
            if kind == zmq.SUB:
                peer.subscribe(b"")
            else:
                peer.send_multipart([b"<IDS|MSG>", b"", b"{}", b"{}", b"{}", b"{}"])
            poller.register(peer, zmq.POLLIN)
    heard = [repr(peer.recv_multipart())[:80] for peer, _ in poller.poll(seconds * 1000)]
    context.destroy()
    return f"done: {heard}" if heard else "refused: silence"


def on_unix_socket(path: str) -> str:
    """Connect."""

    def connect() -> str:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(5)
            peer.connect(path)
        return "connected"

    return attempt(connect)


def main() -> None:
    """Try everything."""
    targets = json.load(sys.stdin)
    report = {
        "processes": {
            name: on_process(target["pid"], target["descriptors"], target["address"])
            for name, target in targets.get("processes", {}).items()
        },
        "files": {path: on_file(path) for path in targets.get("files", [])},
        "readable": {top: readable_files(top) for top in targets.get("folders", [])},
        "ports": on_kernel_ports(targets.get("ports", []), 3),
        "sockets": {path: on_unix_socket(path) for path in targets.get("sockets", [])},
    }
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
