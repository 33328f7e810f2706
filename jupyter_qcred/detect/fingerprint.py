"""Short names for secrets, which only the holder of a key can compute."""

from __future__ import annotations

import base64
import hmac
from typing import Final

_MIN_KEY: Final = 16
_BYTES: Final = 10


class Fingerprints:
    """Keyed fingerprints: HMAC-SHA-256, the first 80 bits, as 16 characters of base32.

    Among n different secrets two share a fingerprint with a probability below n²/2^81: 4e-13 for a
    million. A given text passes for one of n secrets with a probability of n/2^80. Without the key
    a guess at a secret cannot be confirmed.

    Args:
        key: at least 16 bytes, random, and kept where secrets are kept.

    Raises:
        ValueError: the key is shorter.
    """

    __slots__ = ("__key",)

    LENGTH: Final = 16

    def __init__(self, key: bytes) -> None:
        if len(key) < _MIN_KEY:
            raise ValueError(f"a key for fingerprints has at least {_MIN_KEY} bytes")
        self.__key = bytes(key)

    def __repr__(self) -> str:
        return "<Fingerprints>"

    def of(self, secret: str) -> str:
        """Return the fingerprint of ``secret``; white space round it is not part of it."""
        data = secret.strip().encode("utf-8", "surrogatepass")
        return base64.b32encode(hmac.digest(self.__key, data, "sha256")[:_BYTES]).decode()

    @staticmethod
    def same(one: str, other: str) -> bool:
        """Compare two fingerprints in constant time."""
        return hmac.compare_digest(
            one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
        )
