"""What really happened, as the operating system and OpenBao tell it; nothing of ours is asked.

A session token counts as issued when OpenBao's audit device wrote it down, or when it turned up in
OpenBao's list of accessors. It counts as dead when a list that was asked for later does not have
it. A kernel has ended when its process has.
"""

from __future__ import annotations

import json
import os
import re
import select
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from soak.weather import Weather
    from support.openbao import OpenBao

CREATION = "auth/token/create/qcred-kernel"
_LOOK = 0.1
_LOOKS = 50
"""How often a new process is looked at: between fork and exec it has its parent's command line."""
_SETTLE = 3.0
"""Seconds in which an OpenBao that just came back may still be busy with what expired meanwhile."""


@dataclass(slots=True)
class Process:
    """One kernel process; times are seconds since 1970."""

    kernel: str
    pid: int
    began: float
    ended: float | None = None


@dataclass(slots=True)
class Token:
    """One session token; ``dead`` is when its absence was noticed."""

    accessor: str
    kernel: str
    created: float
    dead: float | None = None
    late: bool = False


def _age(pid: int) -> float:
    """Seconds since a process was started (man 5 proc: field 22, in ticks since boot)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


class Processes:
    """Watches the kernel processes of one home, by pidfd."""

    def __init__(self, runtime: Path) -> None:
        self._name = re.compile(re.escape(str(runtime)).encode() + rb"/kernel-([0-9a-f-]+)\.json")
        self._looked_at: dict[int, int] = {}
        self._poll = select.poll()
        self._by_fd: dict[int, Process] = {}
        self.all: list[Process] = []

    def look(self) -> None:
        """Find new ones; note the end of others."""
        now = time.time()
        for fd, _ in self._poll.poll(0):
            self._poll.unregister(fd)
            self._by_fd.pop(fd).ended = now
            os.close(fd)
        present = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        self._looked_at = {pid: self._looked_at.get(pid, 0) + 1 for pid in present}
        for pid, looks in self._looked_at.items():
            if looks > _LOOKS:
                continue
            with suppress(OSError):
                found = self._name.search(Path(f"/proc/{pid}/cmdline").read_bytes())
                if found:
                    self._add(pid, found[1].decode(), now)
                    self._looked_at[pid] = _LOOKS

    def _add(self, pid: int, kernel: str, now: float) -> None:
        fd = os.pidfd_open(pid)
        process = Process(kernel, pid, now - _age(pid))
        self._poll.register(fd, select.POLLIN)
        self._by_fd[fd] = process
        self.all.append(process)

    def pids_of(self, kernel: str) -> list[int]:
        """Its processes that run."""
        return [one.pid for one in self.all if one.kernel == kernel and one.ended is None]

    def living(self) -> int:
        """How many run."""
        return len(self._by_fd)

    def end_of(self, token: Token) -> float | None:
        """When the kernel had ended that the token was made for; None while it runs.

        A kernel that nobody saw has ended before anybody could see it.
        """
        mine = [one for one in self.all if one.kernel == token.kernel]
        before = [one for one in mine if one.began <= token.created + 2 * _LOOK]
        if not before:
            return token.created
        last = max(before, key=lambda one: one.began)
        return None if last.ended is None else max(last.ended, token.created)


@dataclass
class Witness:
    """Looks on in a thread of its own until ``close``.

    Attributes:
        bound: seconds after a kernel's end at which its token is dead, however bad the weather was;
            where OpenBao could not be reached at that moment, they begin when it could again.
        troubles: what went wrong in the watching itself.
    """

    openbao: OpenBao
    weather: Weather
    runtime: Path
    bound: float
    tokens: dict[str, Token] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.processes = Processes(self.runtime)
        self._read = 0
        self._rest = b""
        self._up_since: float | None = None
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers["X-Vault-Token"] = self.openbao.root_token
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(look,), daemon=True)
            for look in (self.processes.look, self.look)
        ]

    def start(self) -> Witness:
        """Begin to watch."""
        for thread in self._threads:
            thread.start()
        return self

    def _run(self, look: Any) -> None:
        while not self._stop.wait(_LOOK):
            try:
                look()
            except Exception as error:
                self.troubles.append(f"{type(error).__name__}: {error}")
                raise

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        for thread in self._threads:
            thread.join(15)
        self._http.close()

    # -- tokens --------------------------------------------------------------------------------

    def look(self) -> set[str] | None:
        """Read OpenBao's audit and its list; return the live session tokens, None if it is away."""
        with self._lock:
            self._read_audit()
            listed = self._accessors()
            now = time.time()
            if listed is None:
                self._up_since = None
                return None
            self._up_since = self._up_since or now
            for accessor in listed - self.tokens.keys() - self.others:
                self._classify(accessor)
            for token in self.tokens.values():
                if token.dead is None and token.accessor not in listed:
                    token.dead = now
            self._find_late(now)
            return listed & self.tokens.keys()

    def _find_late(self, now: float) -> None:
        settled = self._up_since is not None and now - self._up_since > _SETTLE
        for token in self.tokens.values():
            if token.dead is None and settled:
                due = self.due(token)
                token.late = token.late or (due is not None and now > due)

    def due(self, token: Token) -> float | None:
        """When it has to be dead; None while its kernel lives, or OpenBao can't be reached."""
        ended = self.processes.end_of(token)
        clear = None if ended is None else self.weather.clear_after(ended)
        return None if clear is None else clear + self.bound

    def _read_audit(self) -> None:
        with self.openbao.audit_path.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            if CREATION.encode() in line:
                self._note(json.loads(line))

    def _note(self, entry: dict[str, Any]) -> None:
        if entry["type"] != "response" or entry["request"]["path"] != CREATION:
            return
        auth = entry.get("response", {}).get("auth")
        if not auth or entry.get("error"):
            return
        written = time.time()
        self.tokens.setdefault(
            auth["accessor"],
            Token(auth["accessor"], auth.get("metadata", {}).get("kernel", ""), written),
        )

    def _accessors(self) -> set[str] | None:
        found = self._ask("LIST", "auth/token/accessors")
        return None if found is None else set(found["data"]["keys"])

    def _classify(self, accessor: str) -> None:
        found = self._ask("POST", "auth/token/lookup-accessor", {"accessor": accessor})
        if found is None:
            return  # dead meanwhile, or OpenBao is away: the next look tells
        data = found["data"]
        if data["path"] == CREATION:
            self.tokens[accessor] = Token(accessor, data["meta"]["kernel"], data["creation_time"])
        else:
            self.others.add(accessor)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        try:
            answer = self._http.request(
                method, f"{self.openbao.address}/v1/{path}", json=body, timeout=3
            )
        except requests.RequestException:
            return None
        return answer.json() if answer.status_code == 200 else None

    # -- what to say of it ---------------------------------------------------------------------

    def late(self) -> list[Token]:
        """The tokens that were seen alive after their bound."""
        return [token for token in self.tokens.values() if token.late]

    def story(self, token: Token) -> str:
        """What is known of one token, in seconds before and after it was made."""
        ended, due = self.processes.end_of(token), self.due(token)
        moments = {"ended": ended, "due": due, "dead": token.dead}
        words = (f"{what} {at - token.created:+.1f}" for what, at in moments.items() if at)
        made = time.strftime("%H:%M:%S", time.gmtime(token.created))
        return f"kernel {token.kernel}: made {made}, {', '.join(words)}"

    def deaths(self) -> list[float]:
        """Seconds from the end of its kernel to the death of each token."""
        found = []
        for token in self.tokens.values():
            ended = self.processes.end_of(token)
            if token.dead is not None and ended is not None:
                found.append(max(0.0, token.dead - ended))
        return found

    def deaths_in_fair_weather(self) -> list[float]:
        """The same where OpenBao could be reached all the time."""
        found = []
        for token in self.tokens.values():
            ended = self.processes.end_of(token)
            if token.dead is None or ended is None:
                continue
            if self.weather.clear_between(ended - 3, token.dead):
                found.append(max(0.0, token.dead - ended))
        return found
