"""What stands where a value stood: ``[redacted:ibm-quantum]``."""

from __future__ import annotations

import re
from typing import Final

_UNSAFE: Final = re.compile(r"[^\w.@:/+-]")
_LONGEST_NAME: Final = 64

OPENING: Final = "[redacted:"


def placeholder(credential: str) -> str:
    """Return the text that replaces a value of ``credential``.

    It holds no quote, backslash, bracket or control character of the name, so that it may stand
    inside JSON, HTML, a shell line or a terminal without any escape.
    """
    return f"{OPENING}{_UNSAFE.sub('_', credential)[:_LONGEST_NAME]}]"
