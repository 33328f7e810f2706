"""Durations as people write them: ``15m``, ``1h30m``, ``90`` (seconds)."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_WHOLE: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")


def parse_duration(text: str | float) -> float:
    """Return the duration in seconds.

    Args:
        text: a number of seconds, or parts such as ``1h30m``, ``500ms``, ``2d``.

    Raises:
        ValueError: not a duration, or negative; the message shows accepted forms.
    """
    if isinstance(text, bool):
        raise ValueError(  # noqa: TRY004 - callers handle one kind of "not a duration"
            "a duration is a number of seconds or a text such as 15m, not a boolean"
        )
    if isinstance(text, int | float) or re.fullmatch(r"\d+(\.\d+)?", text.strip()):
        seconds = float(text)
    elif _WHOLE.fullmatch(text.strip()):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    else:
        raise ValueError(
            f"{text!r} is not a duration; write seconds, or parts such as 15m or 1h30m"
        )
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{text!r} is not a duration: it must be finite and not negative")
    return seconds


def format_duration(seconds: float) -> str:
    """Return the two largest units, for people: ``14m 30s``, ``2h``, ``0s``."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, int(_UNITS[unit]))
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
