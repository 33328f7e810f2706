"""One line of a file that would lead an SDK elsewhere, in words for people."""

from __future__ import annotations

from typing import Final

from jupyter_qcred.core.errors import OtherAccountError, QcredError, RedirectedError
from jupyter_qcred.core.record import Record

ADDRESS: Final = "address"
"""It says where requests, and the keys on them, are sent."""
ACCOUNT: Final = "account"
"""It says whose key, project or workspace is used."""
TRUST: Final = "trust"
"""It says whose certificates are good, or that none is looked at."""
UNREAD: Final = "unread"
"""The file could not be looked at in bounded time, and an SDK would not stop there."""

_NEXT: Final = "Remove it, unless you know what it is for"
_OURS: Final = {
    ADDRESS: "Clients of `qcred.client` send no key there",
    ACCOUNT: "Clients of `qcred.client` do not use it",
    TRUST: "Clients of `qcred.client` go by their own",
}
_LONGEST_PATH: Final = 200


class Trap(Record):
    """What was found.

    Attributes:
        path: the file.
        line: in it, from 1 on; 0 where it is about the whole file.
        variable: the setting; for a file that was not read, why it was not.
        vendor: whose SDKs it is for; empty for all.
        effect: ``address``, ``account``, ``trust`` or ``unread``.
        subject: who is led, in words.
        host: where to, if the file says so plainly. No other part of a value is kept.
        reader: the distribution that reads the file by itself; empty where somebody has to load it.
        pinned: clients of ours are told otherwise.
    """

    path: str
    line: int
    variable: str
    vendor: str
    effect: str
    subject: str
    host: str = ""
    reader: str = ""
    pinned: bool = False

    def concerns(self, vendor: str) -> bool:
        """Whether a client of this vendor would be led by it."""
        return self.vendor in {"", vendor}

    @property
    def error(self) -> QcredError:
        """What a person is told; its class says whether it is about the account alone."""
        kind = OtherAccountError if self.effect == ACCOUNT else RedirectedError
        step = f"{_OURS[self.effect]}. {_NEXT}" if self.pinned else _NEXT
        return kind(self._sentence(), next_step=step)

    def _sentence(self) -> str:
        if self.effect == UNREAD:
            return f"{shown(self.path)} {self.variable}, and {self.subject} would read it"
        what = {
            ADDRESS: f"leads {self.subject} to {self.host or 'another address'}",
            ACCOUNT: f"gives {self.subject} another account",
            TRUST: f"changes whose certificates {self.subject} trusts",
        }[self.effect]
        when = "" if self.reader else ", once the file is loaded"
        return f"{shown(self.path)}, line {self.line}: {self.variable} {what}{when}"


def shown(path: str) -> str:
    """Return a path that does no harm where it is printed."""
    plain = path.encode("utf-8", "replace").decode("utf-8")
    if len(plain) > _LONGEST_PATH:
        plain = f"…{plain[-_LONGEST_PATH:]}"
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in plain
    )
