"""The service of one process: everything that its kernels share, and its traits.

A Jupyter server has one, made by the extension. A process without a server (nbclient, papermill, a
script) makes its own at the first kernel, with the settings of ``jupyter_qcred_config.py``.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_core.paths import jupyter_runtime_dir
from traitlets import Bool, Dict, Float, Int, List, Unicode, default
from traitlets.config import LoggingConfigurable

from jupyter_qcred.core.clock import SystemClock
from jupyter_qcred.issue.workers import Workers
from jupyter_qcred.revoke.journal_place import local_directory

from .armed import ArmedRedactor
from .engine import Engine
from .environment import SERVER_SECRETS
from .session import KernelSession
from .shared import Holder, Shared
from .stdio import StdioForwarder
from .who import label, user_name

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from jupyter_qcred.audit.events import AuditEvent
    from jupyter_qcred.issue.guard import OnRequest

    from .link import Link
    from .parts import Parts

T = TypeVar("T")


class CredentialService(LoggingConfigurable):
    """Issues, delivers, renews and revokes the credentials of this process's kernels."""

    enabled = Bool(True, help="Whether kernels get credentials at all.").tag(config=True)  # noqa: FBT003
    profiles_file = Unicode(
        "", help="YAML file with the profiles; relative to the configuration directory."
    ).tag(config=True)
    profiles = Dict(help="Profiles inline, in the shape of the file's `profiles:`.").tag(
        config=True
    )
    allowed = List(
        Unicode(),
        default_value=None,
        allow_none=True,
        help="Names of the profiles kernels may have; None allows all.",
    ).tag(config=True)
    builtin_profiles = Bool(
        None,
        allow_none=True,
        help="Whether each known vendor name is a profile that reads the embedded OpenBao. "
        "By default it is while no Vault is configured.",
    ).tag(config=True)
    hide_memory = Bool(
        True,  # noqa: FBT003
        help="Make server and kernels unreadable for other processes of the same user "
        "(PR_SET_DUMPABLE=0) before a credential moves. Turn off to profile or trace kernels.",
    ).tag(config=True)
    redact_stdio = Bool(
        True,  # noqa: FBT003
        help="Redact what kernels write to the server's own stdout and stderr.",
    ).tag(config=True)
    withhold_environment = List(
        Unicode(),
        default_value=list(SERVER_SECRETS),
        help="Environment variables of the server that kernels do not inherit.",
    ).tag(config=True)
    journal_directory = Unicode(
        help="Local directory for the journal of what is owed; it never holds a value. By default "
        "in Jupyter's runtime directory, or where that is on a network file system, in "
        "XDG_RUNTIME_DIR, /run/user, /tmp or /var/tmp."
    ).tag(config=True)
    audit_file = Unicode(
        help="File for audit events, one JSON object a line; empty turns it off."
    ).tag(config=True)
    min_secret_length = Int(
        8, min=4, help="Shorter values are not redacted: they would match ordinary text."
    ).tag(config=True)
    min_fragment_length = Int(
        24,
        min=16,
        help="A part of a value of so many characters in a row is redacted like the whole, and so "
        "is half of it from 16 characters on: shorter parts may be shown.",
    ).tag(config=True)
    look_into_folders = Bool(
        True,  # noqa: FBT003
        help="Look into the folder in which a kernel starts for files that would lead vendors' "
        "SDKs elsewhere, such as a .env, and tell the kernel's user.",
    ).tag(config=True)
    control_beat = Float(
        10.0,
        min=1.0,
        help="Seconds between signs of life to kernels that are reached by Jupyter's control "
        "channel. Such a kernel forgets what it holds when it has missed three.",
    ).tag(config=True)
    login_timeout = Float(
        300.0,
        min=1.0,
        max=600.0,
        help="Seconds that a person has to finish a login that was begun from this server, where "
        "people log in (VaultIssuer.auth_method = oidc).",
    ).tag(config=True)
    exit_timeout = Float(
        2.5, min=0.1, help="Seconds that the process's exit waits for revocations."
    ).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.engine = Engine()
        self.workers = Workers()
        self.clock = SystemClock()
        self.redactor = ArmedRedactor(self.min_secret_length, self.min_fragment_length)
        self.stdio = StdioForwarder(self.redactor)
        self.server_id = f"{os.getpid()}-{secrets.token_hex(4)}"
        self.user = user_name()
        self._parts: Parts | None = None
        self._parts_lock = threading.Lock()
        self._sessions: dict[KernelSession, None] = {}
        self._claimed: dict[str, KernelSession] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._pid = os.getpid()
        # Set by the extension: the server's event logger and a way onto its loop.
        self.event_logger: Any = None
        self.call_on_server_loop: Any = None
        # Likewise, for figures; called from any thread.
        self.on_event: Callable[[AuditEvent], None] | None = None
        self.on_request: OnRequest | None = None

    @default("journal_directory")
    def _default_journal_directory(self) -> str:
        return str(local_directory(Path(jupyter_runtime_dir()) / "qcred" / "journal"))

    @default("audit_file")
    def _default_audit_file(self) -> str:
        from .settings import default_audit_file

        return default_audit_file()

    # -- for launches, from any thread ---------------------------------------------------------

    def withheld_names(self) -> list[str]:
        """Environment variables that a kernel does not inherit."""
        return [*self.withhold_environment, *self._issuer_environment()]

    def _issuer_environment(self) -> list[str]:
        """Names of variables from which the issuer's own login reads a secret."""
        section = self.config.get("VaultIssuer", {})
        names = (section.get("jwt_env", ""), section.get("token_env", ""))
        return [name for name in names if isinstance(name, str) and name]

    def open_session(
        self, link: Link, kernel_id: str, notebook: str, folder: str = ""
    ) -> KernelSession:
        """Begin the session of one launch; returns at once.

        Args:
            link: to the kernel.
            kernel_id: Jupyter's.
            notebook: its file; empty where there is none.
            folder: in which it starts; empty where that is not known, or on another machine.
        """
        parts = self.parts()
        holder = Holder(
            user=self.user,
            server=self.server_id,
            kernel=label(kernel_id),
            notebook=notebook,
            folder=folder if self.look_into_folders else "",
        )
        session = KernelSession(
            parts.shared,
            holder,
            link,
            on_claim=lambda: self._claimed.update({kernel_id: session}),
            on_end=lambda: self._ended(kernel_id, session),
            kernel_id=kernel_id,
        )
        self._sessions[session] = None
        self.engine.call(session.start)
        return session

    def _ended(self, kernel_id: str, session: KernelSession) -> None:
        self._sessions.pop(session, None)
        if self._claimed.get(kernel_id) is session:  # else the kernel was restarted meanwhile
            del self._claimed[kernel_id]

    def redacts_itself(self, kernel_id: str) -> bool:
        """Whether the kernel's own session redacts whatever it sends; from any thread."""
        return kernel_id in self._claimed

    def redacted_live(self, kernel_id: str, findings: Mapping[str, int], where: str) -> None:
        """The server redacted what a kernel was about to show."""
        self.parts().trail.redacted_by_server(label(kernel_id), findings, where)

    def parts(self) -> Parts:
        """Return the working parts, made at first use."""
        with self._parts_lock:
            if self._parts is None:
                from .parts import Parts

                self._parts = Parts(self)
                atexit.register(self.close)
            return self._parts

    @property
    def made_parts(self) -> Parts | None:
        """The working parts if anything needed them so far."""
        return self._parts

    @property
    def shared(self) -> Shared:
        """What the sessions share."""
        return self.parts().shared

    def begin(self) -> None:
        """The server has started: make ready and see to leftovers, all in the background."""
        directory = Path(self.journal_directory)
        leftovers = directory.is_dir() and any(directory.iterdir())
        self.engine.call(self._begin, leftovers)

    def _begin(self, leftovers: bool) -> None:  # noqa: FBT001 - a callback's only argument
        task = asyncio.get_running_loop().create_task(self._make_ready(leftovers=leftovers))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _make_ready(self, *, leftovers: bool) -> None:
        parts = await self.workers.run(self.parts)
        await self.workers.run(parts.catalogue.check)
        await self.workers.run(parts.supply.load)
        if leftovers:
            await parts.sweep()

    # -- for people, from any event loop -------------------------------------------------------

    def sessions(self) -> list[KernelSession]:
        """The launches that have not ended, oldest first."""
        return [session for session in self._sessions.copy() if not session.ended]

    async def ask(self, coroutine: Coroutine[Any, Any, T], timeout: float) -> T:
        """Run a coroutine on the engine's loop, and wait for its result on the caller's.

        Raises:
            TimeoutError: not done within ``timeout`` seconds; it goes on, and nobody hears of it.
            QcredError: from the coroutine.
        """
        running = asyncio.wrap_future(self.engine.begin(coroutine))
        done, _ = await asyncio.wait({running}, timeout=timeout)
        if not done:
            running.add_done_callback(_heard)
            raise TimeoutError
        return running.result()

    # -- the end -------------------------------------------------------------------------------

    def stop_sessions(self) -> None:
        """The server is stopping: revoke everything now, without waiting. Never raises."""
        if self._parts is not None:
            self.engine.call(self._end_sessions)

    def _end_sessions(self) -> None:
        for session in list(self._sessions):
            session.end()

    def close(self) -> None:
        """Revoke what is left, and wait for it up to ``exit_timeout`` seconds.

        What is not confirmed by then stays in the journal for the next start, and dies at the
        server token's TTL at the latest.
        """
        # A forked child inherits this object without its threads; what it holds is the parent's.
        if self._closed or self._parts is None or os.getpid() != self._pid:
            return
        self._closed = True
        try:
            self.engine.wait(self._shut(self._parts), self.exit_timeout)
        except TimeoutError:
            self.log.warning(
                "The issuer did not confirm every revocation within %g s: the rest is in the "
                "journal, and dies at the server token's TTL at the latest.",
                self.exit_timeout,
            )
        self._parts.close()

    async def _shut(self, parts: Parts) -> None:
        self._end_sessions()
        await parts.give_back(self.exit_timeout)


def _heard(running: asyncio.Future[Any]) -> None:
    """Take note of an error that comes too late, else asyncio would log it with its traceback."""
    if not running.cancelled():
        running.exception()


_current: CredentialService | None = None
_current_lock = threading.Lock()


def set_current_service(service: CredentialService | None) -> None:
    """Make ``service`` the one of this process."""
    global _current  # noqa: PLW0603 - one service a process is the point
    with _current_lock:
        _current = service


def current_service() -> CredentialService:
    """Return this process's service, made from the configuration files if there is none."""
    global _current  # noqa: PLW0603 - as above
    with _current_lock:
        if _current is None:
            from .settings import load_config

            _current = CredentialService(config=load_config())
        return _current
