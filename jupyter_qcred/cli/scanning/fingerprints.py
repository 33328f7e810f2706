"""Fingerprints of what was found, and the keys they are made with.

Without a baseline the key is the user's own: a random file that never leaves this machine, so that
a report says nothing about a secret to anybody else. It is the one by which servers know what the
user allowed.

A baseline is compared between machines, so its key has to stand in it, and whoever reads the
baseline can try values. What machines make (keys, tokens) has far too many values to try. A
password that a person made may not, so the value is stretched by scrypt first: ten or twenty tries
a second on one core, where a bare HMAC gives millions.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from jupyter_qcred.detect.fingerprint import Fingerprints
from jupyter_qcred.server.own_file import own_key


class OwnFingerprints:
    """Under the user's own key, which is made when it is first needed."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    @functools.cached_property
    def _made(self) -> Fingerprints:
        return Fingerprints(own_key(self._file or _own_file()))

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
        """Return the fingerprint of a secret; takes a tenth of a second for a new one."""
        return self._of(secret)

    def _stretched(self, secret: str) -> str:
        raw = secret.encode("utf-8", "surrogatepass")
        long = hashlib.scrypt(raw, salt=self._salt, n=1 << 14, r=8, p=1, maxmem=1 << 26)
        return self._made.of(long.hex())


def _own_file() -> Path:
    """The key of the user's servers: what a scan names can be allowed there."""
    from jupyter_core.paths import jupyter_data_dir

    from jupyter_qcred.deliver.settings import load_config

    set_ = load_config().get("SaveRedaction", {}).get("fingerprint_key_file", "")
    return Path(set_ or Path(jupyter_data_dir()) / "qcred" / "fingerprint.key")
