"""The one class that carries a secret value."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final, NoReturn, final

MASK: Final = "<secret>"


class SecretLeakError(TypeError):
    """An attempt to serialise a secret: pickle, copy or JSON."""


@final
class Secret:
    """A string which nothing shows by accident.

    ``repr``, ``str``, ``format``, ``vars``, tracebacks with locals and pretty printers see a mask;
    pickle, cloudpickle, ``copy`` and ``deepcopy`` are refused, because a copy made by a serialiser
    ends in a file or another process. ``reveal()`` is the only way to the value, so that a search
    for that word finds every place where a secret leaves its wrapper.

    Python cannot erase a string: this class prevents accidents, not a debugger.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            # The type only: the value itself must not reach a message.
            raise TypeError(f"a secret is a str, not {type(value).__name__}")
        self.__value = value

    def reveal(self) -> str:
        """Return the value. Call it at a transport edge, never near a log."""
        return self.__value

    def fingerprint(self, key: bytes) -> str:
        """Return a keyed HMAC-SHA-256 of the value, 16 hex digits, for telling secrets apart."""
        return hmac.new(key, self._bytes(), hashlib.sha256).hexdigest()[:16]

    def _bytes(self) -> bytes:
        return self.__value.encode("utf-8", "surrogatepass")

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        """Compare in constant time, and only with another Secret."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._bytes(), other._bytes())

    # A hash would let the value be confirmed by guessing through any dict or set.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __dir__(self) -> list[str]:
        return ["fingerprint", "reveal"]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise SecretLeakError(
            "a secret cannot be pickled or copied; pass the credential's name and get it there"
        )

    def __copy__(self) -> NoReturn:
        self.__reduce_ex__(None)

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:
        self.__reduce_ex__(None)
