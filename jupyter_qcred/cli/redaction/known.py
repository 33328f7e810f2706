"""Values that are to be redacted, from a file that only its owner may read."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.embedded.files import POSIX

if TYPE_CHECKING:
    from pathlib import Path

_LIMIT: Final = 16 * 1024 * 1024
_SHAPE: Final = 'Write it as {"NAME": "VALUE"} or {"NAME": ["VALUE", "VALUE"]}'


def read_known(file: Path) -> dict[str, list[Secret]]:
    """Return the values by credential.

    Raises:
        ConfigError: there is no such file, others may read it, or it has another shape.
    """
    try:
        with file.open("rb") as opened:
            if POSIX and os.fstat(opened.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigError(
                    f"Others may read {file}, which holds secrets", next_step=f"chmod 600 {file}"
                )
            content = opened.read(_LIMIT + 1)
    except OSError as error:
        raise ConfigError(
            f"{file} can't be read: {error.strerror}", next_step=f"{_SHAPE}, with mode 0600"
        ) from None
    try:
        known = json.loads(content)
    except (ValueError, RecursionError):
        raise ConfigError(f"{file} is not JSON", next_step=_SHAPE) from None
    if not isinstance(known, dict):
        raise ConfigError(f"{file} holds no object", next_step=_SHAPE)
    # The name is not told either: whoever swapped name and value would read a secret.
    return {name: _secrets(value, number, file) for number, (name, value) in _entries(known)}


def _entries(known: dict[str, Any]) -> list[tuple[int, tuple[str, Any]]]:
    return list(enumerate(known.items(), 1))


def _secrets(value: Any, number: int, file: Path) -> list[Secret]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in values):
        raise ConfigError(
            f"Entry {number} of {file} is neither a text nor a list of texts", next_step=_SHAPE
        )
    return [Secret(one) for one in values]
