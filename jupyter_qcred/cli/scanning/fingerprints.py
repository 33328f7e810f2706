"""Fingerprints of what was found, and the keys they are made with.

Without a baseline the key is the user's own: a random file that never leaves this machine, so that
a report says nothing about a secret to anybody else.

A baseline is compared between machines, so its key has to stand in it, and whoever reads the
baseline can try values. What machines make (keys, tokens) has far too many values to try. A
password that a person made may not, so the value is stretched by scrypt first: about twenty tries a
second on one core, where a bare HMAC gives millions.
"""

from __future__ import annotations

import functools
import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.detect.fingerprint import Fingerprints

KEY_BYTES: Final = 32


class OwnFingerprints:
    """Under the user's own key, which is made when it is first needed."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    @functools.cached_property
    def _made(self) -> Fingerprints:
        return Fingerprints(_own_key(self._file or _own_file()))

    def __call__(self, secret: str) -> str:
        """Return the fingerprint of a secret."""
        return self._made.of(secret)


class SharedFingerprints:
    """Under the salt of a baseline."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._made = Fingerprints(salt)
        self._of = functools.lru_cache(maxsize=4096)(self._stretched)

    def __call__(self, secret: str) -> str:
        """Return the fingerprint of a secret; takes a twentieth of a second for a new one."""
        return self._of(secret)

    def _stretched(self, secret: str) -> str:
        raw = secret.encode("utf-8", "surrogatepass")
        long = hashlib.scrypt(raw, salt=self._salt, n=1 << 14, r=8, p=1, maxmem=1 << 26)
        return self._made.of(long.hex())


def _own_file() -> Path:
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "qcred" / "scan.key"


def _own_key(file: Path) -> bytes:
    """Read the key, or make one: several processes that do so at once end with the same."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            _create(file)
        key = file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The key for fingerprints, {file}, can't be used: {error.strerror}",
            next_step="Correct its permissions, or set JUPYTER_DATA_DIR to a directory of yours",
        ) from None
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{file} is damaged", next_step="Remove it: a new one is made")
    return key


def _create(file: Path) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(secrets.token_bytes(KEY_BYTES))
            opened.flush()
            os.fsync(opened.fileno())
        try:
            os.link(temporary, file)  # whole, and never over another's
        except FileExistsError:
            return
        except OSError:  # a file system without links
            temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
