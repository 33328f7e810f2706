"""Small files of this user: private, written whole or not at all."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES: Final = 32


def write_private(file: Path, data: bytes, *, replace: bool = True) -> None:
    """Put ``data`` into a file with mode 0600; without ``replace`` one that is there stays.

    Raises:
        OSError: it can't be written; the old file is as it was.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        if replace:
            temporary.replace(file)
        else:
            _place(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def _place(temporary: Path, file: Path) -> None:
    try:
        os.link(temporary, file)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        temporary.replace(file)


def own_key(file: Path) -> bytes:
    """Read a key, or make one: several processes that do so at once end with the same.

    Raises:
        ConfigError: the file can't be used.
    """
    try:
        if not file.exists():
            write_private(file, secrets.token_bytes(KEY_BYTES), replace=False)
        key = file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The key for fingerprints, {file}, can't be used: {error.strerror}",
            next_step="Correct its permissions, or set SaveRedaction.fingerprint_key_file",
        ) from None
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{file} is damaged", next_step="Remove it: a new one is made")
    return key
