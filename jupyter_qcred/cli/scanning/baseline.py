"""Findings that are known and accepted, by fingerprint, in a file that may be committed."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .hit import Hit

_VERSION: Final = 1
_SALT_BYTES: Final = 16
_LIMIT: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a baseline file holds.

    Attributes:
        salt: the key of its fingerprints, random, made with the file.
        known: the accepted fingerprints.
    """

    salt: bytes
    known: frozenset[str]

    @classmethod
    def new(cls) -> Baseline:
        """Return an empty one with a salt of its own."""
        return cls(secrets.token_bytes(_SALT_BYTES), frozenset())

    @classmethod
    def read(cls, file: Path) -> Baseline:
        """Read a file.

        Raises:
            ConfigError: there is none, or it is no baseline.
        """
        try:
            with file.open("rb") as opened:
                content = json.loads(opened.read(_LIMIT))
            if content["version"] != _VERSION:
                raise ConfigError(
                    f"{file} is a baseline of another version",
                    next_step="Use the release of jupyter_qcred that wrote it, or write it anew",
                )
            salt = bytes.fromhex(content["salt"])
            known = frozenset(str(entry["fingerprint"]) for entry in content["findings"])
        except OSError as error:
            raise ConfigError(
                f"The baseline {file} can't be read: {error.strerror}",
                next_step=f"Make it with `jupyter qcred scan --write-baseline {file}`",
            ) from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ConfigError(
                f"{file} is no baseline",
                next_step=f"Make one with `jupyter qcred scan --write-baseline {file}`",
            ) from None
        if len(salt) < _SALT_BYTES:
            raise ConfigError(f"{file} has too short a salt", next_step="Write the baseline anew")
        return cls(salt, known)

    def write(self, file: Path, hits: Iterable[Hit]) -> int:
        """Write what was found, sorted so that a change is easy to review; return how many."""
        entries: dict[str, dict[str, Any]] = {}
        for hit in hits:
            told = {"fingerprint": hit.fingerprint, "rule": hit.rule, "path": hit.path}
            entries.setdefault(hit.fingerprint, told)
        listed = sorted(entries.values(), key=lambda entry: (entry["path"], entry["fingerprint"]))
        content = {"version": _VERSION, "salt": self.salt.hex(), "findings": listed}
        temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        try:
            temporary.write_text(json.dumps(content, indent=1, ensure_ascii=True) + "\n")
            temporary.replace(file)
        except OSError as error:
            raise ConfigError(
                f"The baseline {file} can't be written: {error.strerror}",
                next_step="Name a file in a directory of yours",
            ) from None
        finally:
            temporary.unlink(missing_ok=True)
        return len(entries)
