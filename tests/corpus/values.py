"""Values as vendors make them: right alphabet, right length, right beginning; none is real.

Pure: the same seed gives the same values.
"""

from __future__ import annotations

import base64
import json
import random
import string
import uuid
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_LETTERS: Final = string.ascii_letters
_DIGITS: Final = string.digits
_URL_SAFE: Final = f"{_LETTERS}{_DIGITS}-_"
_BASE62: Final = f"{_DIGITS}{string.ascii_uppercase}{string.ascii_lowercase}"
_BASE64: Final = f"{_LETTERS}{_DIGITS}+/"

_JWT_HEADER: Final = {"alg": "RS256", "typ": "JWT"}
_JWE_HEADER: Final = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "typ": "JWT"}
_PEM_BEGIN: Final = "-----BEGIN PRIVATE KEY-----\n"
_PEM_END: Final = "\n-----END PRIVATE KEY-----"
_PKCS8: Final = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBA"
"""How the DER of every RSA key of 2048 bits begins."""


@dataclass(frozen=True, slots=True)
class Value:
    """One secret value.

    Attributes:
        vendor: whose format it has; also the credential's name.
        text: the value.
        public: pieces of it that many values share and nobody needs to hide.
    """

    vendor: str
    text: str
    public: tuple[str, ...] = ()


def values(seed: int = 1) -> dict[str, Value]:
    """Return one value of each vendor's format by vendor."""
    made: dict[str, Value] = {}
    for vendor, make in _MAKERS.items():
        rng = random.Random(f"{seed} {vendor}")
        text = make(rng)
        made[vendor] = Value(vendor, text, _public(vendor, text))
    return made


def _public(vendor: str, text: str) -> tuple[str, ...]:
    if vendor in {"jwt", "quantinuum"}:
        return (f"{text.split('.', maxsplit=1)[0]}.eyJ",)
    if vendor == "private-key":
        return (f"{_PEM_BEGIN}{_PKCS8}", _PEM_END)
    if vendor == "azure-connection":
        parts = text.split(";")
        return (
            f";{parts[1]};{parts[2]};ApiKey=",
            f";{parts[4]};",
        )
    return ()


def _some(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choices(alphabet, k=length))


def _ibm(rng: random.Random) -> str:
    # Both characters that are neither letter nor digit, as most of them have.
    return f"{_some(rng, _URL_SAFE, 15)}_{_some(rng, _URL_SAFE, 12)}-{_some(rng, _URL_SAFE, 15)}"


def _hex(rng: random.Random, length: int) -> str:
    return _some(rng, "0123456789abcdef", length)


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _jwt(rng: random.Random) -> str:
    claims = {
        "sub": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "aud": "https://quantum.example.org",
        "exp": rng.randint(1_700_000_000, 1_900_000_000),
        "jti": _hex(rng, 32),
    }
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (_JWT_HEADER, claims)]
    return ".".join([*map(_segment, parts), _segment(rng.randbytes(256))])


def _jwe(rng: random.Random) -> str:
    header = json.dumps(_JWE_HEADER, separators=(",", ":")).encode()
    return ".".join(map(_segment, [header, *(rng.randbytes(size) for size in (256, 12, 200, 16))]))


def _github(rng: random.Random) -> str:
    # The last six characters are a checksum of the thirty before them.
    text = _some(rng, _LETTERS + _DIGITS, 30)
    number = zlib.crc32(text.encode())
    check = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        check = _BASE62[digit] + check
    return f"ghp_{text}{check}"


def _pem(rng: random.Random) -> str:
    body = base64.b64encode(base64.b64decode(f"{_PKCS8}QAA")[:37] + rng.randbytes(1180)).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return f"{_PEM_BEGIN}{chr(10).join(lines)}{_PEM_END}"


def _connection(rng: random.Random) -> str:
    subscription = uuid.UUID(int=rng.getrandbits(128), version=4)
    return (
        f"SubscriptionId={subscription};ResourceGroupName=AzureQuantum;WorkspaceName=lab;"
        f"ApiKey={_some(rng, _LETTERS + _DIGITS, 52)};"
        "QuantumEndpoint=https://eastus.quantum.azure.com/;"
    )


_MAKERS: Final[dict[str, Callable[[random.Random], str]]] = {
    "ibm-quantum": _ibm,
    "ibm-legacy": lambda rng: _hex(rng, 128),
    "d-wave": lambda rng: f"{_some(rng, string.ascii_uppercase, 4)}-{_hex(rng, 40)}",
    "ionq": lambda rng: _some(rng, _LETTERS + _DIGITS, 32),
    "aws-key-id": lambda rng: f"AKIA{_some(rng, string.ascii_uppercase + '234567', 16)}",
    # Of thirty such ids, one has no digit.
    "aws-key-id-letters": lambda rng: f"AKIA{_some(rng, string.ascii_uppercase, 16)}",
    "aws-secret-key": lambda rng: (
        f"{_some(rng, _BASE64, 12)}/{_some(rng, _BASE64, 15)}+{_some(rng, _BASE64, 11)}"
    ),
    "aws-session": lambda rng: (
        f"IQoJb3JpZ2luX2VjE{_some(rng, _BASE64, 340)}/{_some(rng, _BASE64, 40)}+q=="
    ),
    "azure-secret": lambda rng: (
        f"{_some(rng, _LETTERS, 3)}8Q~{_some(rng, _URL_SAFE, 20)}.{_some(rng, _URL_SAFE, 13)}"
    ),
    "azure-connection": _connection,
    "jwt": _jwt,
    "quantinuum": _jwe,
    "vault": lambda rng: f"hvs.{_some(rng, _LETTERS + _DIGITS, 24)}",
    "vault-long": lambda rng: f"hvs.CAESI{_some(rng, _URL_SAFE, 91)}",
    "github": _github,
    "private-key": _pem,
    "qbraid": lambda rng: f"qbr_{_some(rng, _LETTERS + _DIGITS, 36)}",
    "client-secret": lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
}

VENDORS: Final = tuple(_MAKERS)
