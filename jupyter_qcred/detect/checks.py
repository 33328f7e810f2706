"""What is asked of a candidate once its shape fits: kinds of characters, checksums, examples."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from typing import TYPE_CHECKING, Final

from .randomness import is_novel, is_random

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NEEDS: Final[Mapping[str, re.Pattern[str]]] = {
    "upper": re.compile(r"[A-Z]"),
    "lower": re.compile(r"[a-z]"),
    "digit": re.compile(r"[0-9]"),
    "letter": re.compile(r"[A-Za-z][^A-Za-z]*[A-Za-z][^A-Za-z]*[A-Za-z]"),
}
"""``letter`` asks for three: a date or a version has two."""

EXAMPLES: Final = (
    *("example", "changeme", "change-me", "change_me", "your-", "your_", "yourkey", "yourtoken"),
    *("placeholder", "redacted", "insert", "dummy", "not-a-real", "fake-", "fake_", "<", "{", "$("),
    *("xxxxx", "****", "....", "0000000", "1234567890", "abcdefgh", "os.environ"),
    *("getenv", "getpass", "process.env", "sample-", "sample_", "my-secret", "my_secret"),
)
"""Words that make a candidate an example, a template or an expression."""

READERS: Final = ("getenv(", "environ[", "environ.get(", ".get(", "getpass(", "input(", "secrets[")
"""What, directly before a candidate, makes it the name by which a secret is read."""

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM: Final = 6
_KEY_LINE: Final = re.compile(r"[A-Za-z0-9+/]{40}")


def github_checksum(body: str) -> str:
    """Return the six characters that end a token of GitHub's: CRC-32 in base 62.

    See https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/.
    """
    number = zlib.crc32(body.encode())
    digits = ""
    while number:
        number, digit = divmod(number, len(_BASE62))
        digits = _BASE62[digit] + digits
    return digits.rjust(_CHECKSUM, _BASE62[0])


def _is_github(token: str) -> bool:
    body = token.partition("_")[2]
    return github_checksum(body[:-_CHECKSUM]) == body[-_CHECKSUM:]


def _json_part(part: str) -> dict[str, object] | None:
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_jwt(token: str) -> bool:
    """Whether the first part is a header which names an algorithm (RFC 7515, RFC 7516)."""
    header = _json_part(token.partition("eyJ")[1] + token.partition("eyJ")[2].partition(".")[0])
    return header is not None and isinstance(header.get("alg"), str)


def _is_basic(text: str) -> bool:
    """Whether it is a name and a password in base64 (RFC 7617)."""
    try:
        pair = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return False
    return pair.isprintable() and len(pair.partition(":")[2]) >= 4


def _has_key_line(text: str) -> bool:
    return _KEY_LINE.search(text) is not None


def claims_hold(token: str, texts: tuple[str, ...]) -> bool:
    """Whether the claims of a JWT hold one of ``texts``."""
    claims = _json_part(token.split(".")[1]) if "." in token else None
    if claims is None:
        return False
    said = json.dumps(claims)
    return any(text in said for text in texts)


CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "github": _is_github,
    "jwt": _is_jwt,
    "basic": _is_basic,
    "random": is_random,
    "novel": is_novel,
    "pem": _has_key_line,
}
