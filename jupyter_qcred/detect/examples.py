r"""Make examples of secrets, which are stored as templates so that no file holds a likely secret.

A template is a text in which ``⟦`` and ``⟧`` enclose the secret, and braces what is drawn:

* ``{A-Za-z0-9*32}``: 32 characters of this class, at least one of each of its ranges;
* ``{github:ghp_}``, ``{github-wrong:ghp_}``: a token with a right, or wrong, checksum;
* ``{jwt}``, ``{jwt:iss=https://host}``, ``{jwe}``: tokens with a real header, and this claim;
* ``{pem:RSA }``, ``{pem-escaped:RSA }``: a private key, its lines ended by line feeds or ``\n``;
* ``{basic}``: a name and a password in base64.

Any other brace is what it is.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from .checks import github_checksum

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

OPEN: Final = "⟦"
CLOSE: Final = "⟧"

_DRAWN: Final = re.compile(
    r"\{(?:(?P<chars>[^{}\s\"':*]+)\*(?P<count>\d{1,5})"
    r"|(?P<name>github|github-wrong|jwt|jwe|pem|pem-escaped|basic)(?::(?P<of>[^{}]*))?)\}"
)
_RANGE: Final = re.compile(r"(.)-(.)|(.)", re.DOTALL)
_LETTERS: Final = "A-Za-z0-9"


class Example(NamedTuple):
    """A text, and the secrets in it."""

    text: str
    secrets: tuple[tuple[int, int], ...]


def fill(template: str, rng: random.Random) -> Example:
    """Return an example of ``template``; the same for the same state of ``rng``."""
    drawn = _DRAWN.sub(lambda part: _draw(part, rng), template)
    text = ""
    secrets: list[tuple[int, int]] = []
    for piece in re.split(f"({OPEN}[^{CLOSE}]*{CLOSE})", drawn):
        if piece.startswith(OPEN):
            secrets.append((len(text), len(text) + len(piece) - 2))
            text += piece[1:-1]
        else:
            text += piece
    return Example(text, tuple(secrets))


def _draw(part: re.Match[str], rng: random.Random) -> str:
    if part["name"]:
        return _MAKERS[part["name"]](part["of"] or "", rng)
    return _characters(part["chars"], int(part["count"]), rng)


def _characters(chars: str, count: int, rng: random.Random) -> str:
    ranges = [
        "".join(map(chr, range(ord(found[1]), ord(found[2]) + 1))) if found[1] else found[3]
        for found in _RANGE.finditer(chars)
    ]
    # Of each range at least one, so that an example is never one of those too even to be likely.
    first = [rng.choice(some) for some in ranges if len(some) > 1][:count]
    drawn = first + rng.choices("".join(ranges), k=count - len(first))
    rng.shuffle(drawn)
    return "".join(drawn)


def _github(prefix: str, rng: random.Random) -> str:
    body = _characters(_LETTERS, 30, rng)
    return prefix + body + github_checksum(body)


def _github_wrong(prefix: str, rng: random.Random) -> str:
    body = _characters(_LETTERS, 30, rng)
    return prefix + body + github_checksum(body[::-1] + "0")


def _url64(value: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _jwt(claim: str, rng: random.Random) -> str:
    name, _, value = claim.partition("=")
    header = _url64({"alg": "RS256", "typ": "JWT", "kid": _characters(_LETTERS, 8, rng)})
    claims = _url64({"sub": _characters("0-9", 12, rng), name or "iss": value or "https://a.test"})
    return f"{header}.{claims}.{_characters('A-Za-z0-9_-', 86, rng)}"


def _jwe(_: str, rng: random.Random) -> str:
    header = _url64({"cty": "JWT", "enc": "A256GCM", "alg": "RSA-OAEP"})
    sizes = (342, 16, 600, 22)
    return ".".join((header, *(_characters("A-Za-z0-9_-", size, rng) for size in sizes)))


def _pem(kind: str, rng: random.Random) -> str:
    lines = (_characters("A-Za-z0-9+/", size, rng) for size in (64, 64, 64, 40))
    return "\n".join(
        (f"-----BEGIN {kind}PRIVATE KEY-----", *lines, f"-----END {kind}PRIVATE KEY-----")
    )


def _pem_escaped(kind: str, rng: random.Random) -> str:
    return _pem(kind, rng).replace("\n", "\\n")


def _basic(_: str, rng: random.Random) -> str:
    pair = f"alice:{_characters(_LETTERS, 16, rng)}"
    return base64.b64encode(pair.encode()).decode()


_MAKERS: Final[Mapping[str, Callable[[str, random.Random], str]]] = {
    "github": _github,
    "github-wrong": _github_wrong,
    "jwt": _jwt,
    "jwe": _jwe,
    "pem": _pem,
    "pem-escaped": _pem_escaped,
    "basic": _basic,
}
