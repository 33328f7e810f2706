"""The messages between the server and the kernel: JSON lines over a channel of their own.

Order of a life: the server writes ``Offer`` before the kernel exists; the kernel answers ``Claim``;
then ``Catalog``, ``Deliver`` and its kin flow to the kernel, ``Ack``, ``Ask`` and ``Redacted`` to
the server. On one machine both halves come from the server's installation. The half of a remote
kernel may be of another release: whoever changes what is said here raises ``PROTOCOL``, halves of
different protocols do not talk, and anything unknown is an error.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from .errors import WireError
from .record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL: Final = 1
MAX_LINE: Final = 1 << 20
"""Longest line in bytes; a longer one is a broken or hostile peer."""


class Offer(Record):
    """Server → kernel, first line: which socket this is.

    The nonce is no secret: it only tells our descriptor from another that has its number.
    """

    kind: ClassVar[str] = "offer"
    nonce: str
    protocol: int = PROTOCOL


class Claim(Record):
    """Kernel → server: the descriptor is mine, closed to children; my memory may be guarded."""

    kind: ClassVar[str] = "claim"
    nonce: str
    pid: int
    dumpable: bool


class Deliver(Record):
    """Server → kernel: a credential, new or renewed.

    ``main`` names the field that ``Credential.reveal()`` returns. ``expires_in`` is in seconds from
    now, null for a static key; deadlines are kept on each side's own clock.
    """

    kind: ClassVar[str] = "deliver"
    hidden: ClassVar[frozenset[str]] = frozenset({"values"})
    credential: str
    lease_id: str
    vendor: str
    main: str
    values: dict[str, str]
    public: dict[str, str]
    expires_in: float | None
    renewable: bool
    revocable: bool
    labels: dict[str, str]


class Extend(Record):
    """Server → kernel: the same value lives on; ``expires_in`` is in seconds from now."""

    kind: ClassVar[str] = "extend"
    lease_id: str
    expires_in: float | None


class Withdraw(Record):
    """Server → kernel: forget a credential; it is revoked or dead.

    ``again``: it may be had anew, and the next use asks for it; not so for what was given back.
    """

    kind: ClassVar[str] = "withdraw"
    credential: str
    code: str
    reason: str
    next_step: str
    again: bool = True


class Beat(Record):
    """Server → kernel: all that was delivered is good for ``expires_in`` seconds from now.

    Sent with each heartbeat to the issuer. A kernel that hears nothing for so long forgets what it
    holds: the machine slept, or the server lost its hold, and the issuer has ended everything.
    """

    kind: ClassVar[str] = "beat"
    expires_in: float | None


class Notice(Record):
    """Server → kernel: a person has to do something about a credential, or it will end.

    ``code``, ``reason`` and ``next_step`` are those of an error. ``ends_in`` is in seconds from
    now; null where it has ended already. The next ``deliver`` or ``extend`` of it takes the notice
    back. Without a credential's name it is about the folder in which the kernel was started.
    """

    kind: ClassVar[str] = "notice"
    credential: str
    code: str
    reason: str
    next_step: str
    ends_in: float | None


class Catalog(Record):
    """Server → kernel: what this kernel may ask for: ``{name: vendor}``."""

    kind: ClassVar[str] = "catalog"
    credentials: dict[str, str]


class Ask(Record):
    """Kernel → server: a request; ``op`` is get, renew or revoke."""

    kind: ClassVar[str] = "ask"
    id: int
    op: str
    credential: str


class Answer(Record):
    """Server → kernel: the end of a request. Values never travel here, only by ``Deliver``."""

    kind: ClassVar[str] = "answer"
    id: int
    ok: bool
    code: str = ""
    reason: str = ""
    next_step: str = ""
    data: Mapping[str, str] = MappingProxyType({})


class Ack(Record):
    """Kernel → server: the lease is in the kernel's store."""

    kind: ClassVar[str] = "ack"
    lease_id: str


class Redacted(Record):
    """Kernel → server: this many values were redacted in a kind of message."""

    kind: ClassVar[str] = "redacted"
    credential: str
    where: str
    count: int


Message = (
    Offer
    | Claim
    | Deliver
    | Extend
    | Withdraw
    | Beat
    | Notice
    | Catalog
    | Ask
    | Answer
    | Ack
    | Redacted
)

_KINDS: Final[dict[str, type[Message]]] = {
    cls.kind: cls
    for cls in (
        *(Offer, Claim, Deliver, Extend, Withdraw, Beat),
        *(Notice, Catalog, Ask, Answer, Ack, Redacted),
    )
}


def encode(message: Message) -> bytes:
    """Return one line, newline included.

    Raises:
        WireError: longer than ``MAX_LINE`` bytes.
    """
    body = {"kind": message.kind, **message.as_dict()}
    line = json.dumps(body, separators=(",", ":"), default=dict).encode() + b"\n"
    if len(line) > MAX_LINE:
        raise WireError(f"a {message.kind} message of {len(line)} bytes is over {MAX_LINE}")
    return line


def decode(line: bytes) -> Message:
    """Read one line.

    Raises:
        WireError: not JSON, not an object, an unknown kind, or fields that do not fit. The message
            never quotes the line, which may hold a value.
    """
    if len(line) > MAX_LINE:
        raise WireError(f"a line of {len(line)} bytes is over {MAX_LINE}")
    try:
        body = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise WireError("a line that is not JSON") from None
    if not isinstance(body, dict):
        raise WireError("a line that is not a JSON object")
    kind = body.pop("kind", None)
    cls = _KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise WireError("a message of an unknown kind")
    _check_fields(cls, body)
    return cls(**body)


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and the infinities, which Python reads although they are not JSON (RFC 8259)."""
    raise ValueError(name)


def _check_fields(cls: type[Message], body: dict[str, Any]) -> None:
    if unknown := body.keys() - cls.fields.keys():
        raise WireError(f"a {cls.kind} message with {len(unknown)} unknown fields")
    for name, annotation in cls.fields.items():
        if name not in body:
            if not hasattr(cls, name):
                raise WireError(f"a {cls.kind} message without {name}")
        elif not _fits(body[name], annotation):
            raise WireError(f"a {cls.kind} message whose {name} is not a {annotation}")


def _fits(value: object, kind: str) -> bool:
    """Whether a JSON value has the annotated shape; booleans are not numbers here."""
    if kind == "str":
        return isinstance(value, str)
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "float | None":
        return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    if kind == "list[str]":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if kind in {"dict[str, str]", "Mapping[str, str]"}:
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    raise AssertionError(f"no check for {kind}")


class LineBuffer:
    """Cuts a byte stream into whole lines, keeping an unfinished one."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> list[Message]:
        """Return the messages that ``chunk`` completes.

        Raises:
            WireError: a line is malformed or longer than ``MAX_LINE`` bytes.
        """
        self._rest += chunk
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        if len(rest) > MAX_LINE:
            raise WireError(f"an unfinished line of {len(rest)} bytes is over {MAX_LINE}")
        return [decode(bytes(line)) for line in lines]
