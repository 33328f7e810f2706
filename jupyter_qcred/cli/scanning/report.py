"""Tell what was found: for people, for programs, for GitHub."""

from __future__ import annotations

import itertools
import json
import os
from typing import IO, TYPE_CHECKING, Final

from .excerpt import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .hit import Hit
    from .work import Outcome

_BOLD: Final = "1"
_RED: Final = "31"
_DIM: Final = "2"
_ADVICE: Final = """\
Revoke each key at its vendor first: removing it from a file does not take it back.
Then `jupyter qcred redact FILE` takes it out of a notebook, and `--write-baseline FILE` accepts
what is no secret."""
_ADVICE_HOME: Final = "`jupyter qcred migrate` moves keys from these files into the store."


def as_json(outcome: Outcome) -> str:
    """A list of objects, empty when clean."""
    return json.dumps([hit.as_json() for hit in outcome.hits], indent=1)


def as_github(outcome: Outcome) -> str:
    """Workflow commands, which GitHub shows beside the lines of a pull request."""
    lines = []
    for hit in outcome.hits:
        where = f"file={_property(hit.path)},line={hit.line or 1}"
        words = f"{hit.rule} in {hit.where or 'the file'}, fingerprint {hit.fingerprint}"
        words = "; ".join([words, *(line for line in _details(hit) if hit.what)])
        lines.append(f"::error {where},title={_property(hit.rule)}::{_data(words)}")
    return "\n".join(lines)


def as_text(outcome: Outcome, stream: IO[str], *, seconds: float, known: int, home: bool) -> str:
    """For people, in colour where ``stream`` is a terminal.

    Args:
        outcome: what to tell.
        stream: where it will be written.
        seconds: that it took.
        known: findings that the baseline accepts.
        home: it was the vendors' files.
    """
    paint = _paint if _colourful(stream) else _plain
    rows: list[str] = []
    widest = max((len(printable(hit.where)) for hit in outcome.hits), default=0)
    width = min(widest, 44)
    rule_width = max((len(hit.rule) for hit in outcome.hits), default=0)
    for path, hits in itertools.groupby(outcome.hits, lambda hit: hit.path):
        rows.append(paint(printable(path), _BOLD))
        for hit, versions in _first_versions(hits):
            row = f"  {printable(hit.where):{width}}  {paint(f'{hit.rule:{rule_width}}', _RED)}"
            commit = f"  commit {hit.commit[:12]}" if hit.commit else ""
            commit += f" and {_count(versions, 'later version')}" if versions else ""
            rows.append(f"{row}  {paint(hit.fingerprint + commit, _DIM)}")
            rows += [f"      {line}" for line in _details(hit)]
        rows.append("")
    rows.append(_summary(outcome, seconds, known))
    if any(not hit.what for hit in outcome.hits):
        rows.append(paint(_ADVICE_HOME if home else _ADVICE, _DIM))
    return _encodable("\n".join(rows), stream)


def _details(hit: Hit) -> Iterator[str]:
    if hit.excerpt:
        yield hit.excerpt
    if hit.what:
        yield f"{printable(hit.what)}: {hit.why}"
        yield f"instead: {printable(hit.instead)}"


def _first_versions(hits: Iterator[Hit]) -> Iterator[tuple[Hit, int]]:
    """Of a history, the oldest version with a secret, and how many more there are."""
    found: dict[object, list[Hit]] = {}
    for hit in hits:
        same = (hit.rule, hit.fingerprint) if hit.commit else hit
        found.setdefault(same, []).append(hit)
    for first, *later in found.values():
        oids = {hit.commit for hit in later} - {first.commit}
        yield first, len(oids)


def _summary(outcome: Outcome, seconds: float, known: int) -> str:
    looked = f"{_count(outcome.texts, 'file')}, {_bytes(outcome.size)}, {seconds:.1f} s"
    if outcome.hits:
        files = len({hit.path for hit in outcome.hits})
        found = f"{_count(len(outcome.hits), 'finding')} in {_count(files, 'file')}"
    else:
        found = "Nothing found"
    accepted = f"; {known} more in the baseline" if known else ""
    return f"{found}{accepted} ({looked})."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _colourful(stream: IO[str]) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _encodable(text: str, stream: IO[str]) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def _paint(text: str, colour: str) -> str:
    return f"\033[{colour}m{text}\033[0m"


def _plain(text: str, _colour: str) -> str:
    return text
