"""Where the embedded OpenBao keeps things.

Standard library only, for the supervisor.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from jupyter_qcred.issue.embedded.files import write_private

if TYPE_CHECKING:
    from pathlib import Path

LOG_LIMIT: Final = 5 * 1024 * 1024
"""Bytes at which the audit log is rotated (one old one is kept) and the log starts anew."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one embedded OpenBao, all below one private directory."""

    directory: Path

    @property
    def config(self) -> Path:
        """OpenBao's configuration, new at each start; names secret files, holds none."""
        return self.directory / "config.json"

    @property
    def next_config(self) -> Path:
        """Configuration for the next start; the supervisor takes it once nobody else can run."""
        return self.directory / "config.next.json"

    @property
    def data(self) -> Path:
        """OpenBao's storage, encrypted."""
        return self.directory / "data"

    @property
    def unseal_key(self) -> Path:
        """What decrypts the storage: 32 random bytes. Losing it loses every stored key."""
        return self.directory / "unseal.key"

    @property
    def applied(self) -> Path:
        """Which set of policies and roles is in force; there once the first start is complete."""
        return self.directory / "applied.json"

    @property
    def audit_log(self) -> Path:
        """OpenBao's own audit log; values in it are keyed hashes."""
        return self.directory / "audit.log"

    @property
    def log(self) -> Path:
        """What the supervisor and OpenBao say."""
        return self.directory / "openbao.log"

    @property
    def setup_lock(self) -> Path:
        """Held by whoever prepares files, starts the supervisor or brings policies up to date."""
        return self.directory / "setup.lock"

    @property
    def instance_lock(self) -> Path:
        """Held while a supervisor, or the OpenBao it started, is alive."""
        return self.directory / "instance.lock"

    @property
    def record(self) -> Path:
        """Where the running instance listens; written by the supervisor."""
        return self.directory / "instance.json"

    def secret_id(self, identity: str) -> Path:
        """The file with the AppRole secret id of an identity."""
        return self.directory / f"{identity}.secret-id"

    @property
    def digest(self) -> str:
        """Short name of this directory, for the sockets' directory."""
        return hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Record:
    """A running instance, as holders find it.

    Attributes:
        address: where OpenBao listens: ``unix:///abs/bao.sock`` or ``http://127.0.0.1:port``.
        hold: where the supervisor listens: ``unix:///abs/hold.sock`` or ``tcp://127.0.0.1:port``.
        nonce: what a holder says to be counted; proves that it can read this 0600 file.
        host: the machine, because a home directory may be shared by several.
        supervisor: its process id.
        openbao: OpenBao's process id, 0 while it is not running.
    """

    address: str
    hold: str
    nonce: str
    host: str
    supervisor: int
    openbao: int

    def write(self, path: Path) -> None:
        """Write the record, 0600."""
        write_private(path, json.dumps(asdict(self), indent=1).encode())

    @classmethod
    def read(cls, path: Path) -> Record | None:
        """Return the record; None where there is none or it is not of our making."""
        try:
            return cls(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
