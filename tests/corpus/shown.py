"""Disguises that people and displays put on: colours, breaks, spaces, turned and cut texts."""

from __future__ import annotations

import codecs
import html
import json
import re
from functools import partial
from typing import Final

from corpus.disguise import RUN, Disguise, longer_than_a_run
from corpus.encoded import wrapped

_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_TAG: Final = re.compile(r"<[^<>]*>")
_BOX: Final = re.compile(r"[\s\u2500-\u257f]")
_NUMBERS: Final = re.compile(r"(?:\d{1,3}(?:,\s*|\s+))+\d{1,3}")
_ZERO_WIDTH: Final = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad")

_LATEX: Final = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_FROM_LATEX: Final = {text: character for character, text in _LATEX.items()}
_LATEX_ESCAPE: Final = re.compile("|".join(map(re.escape, _FROM_LATEX)))

_CELL: Final = 38
"""Columns of a cell in a table of forty."""


def squeeze(text: str) -> str:
    """Take out white space."""
    return re.sub(r"\s", "", text)


def _squeezed(text: str) -> tuple[str, ...]:
    return (squeeze(text),)


def _bare(text: str) -> str:
    """Take out what a list of characters has between them."""
    return re.sub(r"""(?:\\n|[\s'",\[\]])""", "", text)


def _no_zero_width(text: str) -> str:
    return re.sub(f"[{''.join(_ZERO_WIDTH)}]", "", text)


def _zero_width(value: str) -> str:
    marks = _ZERO_WIDTH
    return "".join(f"{each}{marks[at % len(marks)]}" for at, each in enumerate(value))


def _coloured_once(value: str) -> str:
    half = len(value) // 2
    return f"{value[:half]}\x1b[0;31m{value[half:]}\x1b[0m"


def _coloured_each(value: str) -> str:
    return "".join(f"\x1b[38;5;{at % 200 + 20}m{each}" for at, each in enumerate(value)) + "\x1b[0m"


def _no_colours(text: str) -> str:
    return _ANSI.sub("", text)


def _table(value: str) -> str:
    """As ``rich`` breaks a long text in the only column of a table."""
    line = "─" * (_CELL + 2)
    rows = [f"│ {row:<{_CELL}} │" for row in wrapped(value, _CELL).split("\n")]
    return "\n".join([f"┌{line}┐", *rows, f"└{line}┘"])


def _no_table(text: str) -> str:
    return _BOX.sub("", _no_colours(text))


def _spans(value: str) -> str:
    return "".join(f'<span class="n">{html.escape(each)}</span>' for each in value)


def _breaks(value: str) -> str:
    return "<wbr>".join(map(html.escape, value))


def _no_tags(text: str) -> str:
    return html.unescape(_TAG.sub("", text))


def _no_latex(text: str) -> str:
    return _LATEX_ESCAPE.sub(lambda escape: _FROM_LATEX[escape[0]], text)


def _characters_of(text: str) -> str:
    return "".join(
        "".join(map(chr, map(int, re.findall(r"\d+", run)))) + "\n"
        for run in _NUMBERS.findall(text)
    )


def _part(value: str) -> int:
    return max(RUN, len(value) // 2)


def _middle(value: str) -> str:
    length = _part(value)
    begin = (len(value) - length) // 2
    return f"...{value[begin : begin + length]}..."


def _pem_lines(value: str) -> str:
    lines = value.split("\n")
    return "\n".join(f'    "{line}\\n"' for line in lines)


SHOWN: Final = (
    Disguise("upper case", str.upper, cores=lambda text: (text.upper(),)),
    Disguise("lower case", str.lower, cores=lambda text: (text.lower(),)),
    Disguise("reversed", lambda value: value[::-1], cores=lambda text: (text[::-1],)),
    Disguise(
        "rot13",
        lambda value: codecs.encode(value, "rot13"),
        cores=lambda text: (codecs.encode(text, "rot13"),),
    ),
    Disguise("ansi once", _coloured_once, _no_colours),
    Disguise("ansi each", _coloured_each, _no_colours),
    *(
        Disguise(f"lines of {width}", partial(wrapped, width=width), squeeze, _squeezed)
        for width in (20, 40, 80)
    ),
    Disguise("spaced", " ".join, squeeze, _squeezed),
    Disguise("zero width", _zero_width, _no_zero_width),
    Disguise("nul between", "\0".join, lambda text: text.replace("\0", ""), stretch=True),
    Disguise(
        "list of characters", lambda value: repr(list(value)), _bare, lambda text: (_bare(text),)
    ),
    Disguise(
        "json list of characters",
        lambda value: json.dumps(list(value)),
        _bare,
        lambda text: (_bare(text),),
    ),
    Disguise("ordinals", lambda value: repr([ord(each) for each in value]), _characters_of),
    Disguise("bytes in numbers", lambda value: " ".join(map(str, value.encode())), _characters_of),
    Disguise("table", _table, _no_table, _squeezed),
    Disguise("html spans", _spans, _no_tags),
    Disguise("html breaks", _breaks, _no_tags),
    Disguise(
        "latex",
        lambda value: f"\\texttt{{{''.join(_LATEX.get(each, each) for each in value)}}}",
        _no_latex,
    ),
    Disguise(
        "pem lines",
        _pem_lines,
        _bare,
        lambda text: (_bare(text),),
        fits=lambda text: text.startswith("-----BEGIN"),
    ),
    Disguise("middle", _middle, fits=longer_than_a_run),
    Disguise("first half", lambda value: f"{value[: _part(value)]}...", fits=longer_than_a_run),
    Disguise("second half", lambda value: f"...{value[-_part(value) :]}", fits=longer_than_a_run),
)
