"""``jupyter qcred migrate``: move keys from vendors' plain-text files into the store."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_qcred.core.errors import QcredError

from .embedded import REFUSED, USAGE, add_json, load_embedded, show_error
from .migration.move import Move, StuckError, copies, moves, take_out
from .scanning.excerpt import printable

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao

    from .migration.move import Entry

_ABOUT = """\
Move keys from the plain-text files of quantum clouds' own tools into the embedded OpenBao, so that
kernels get them by name. Each file is shown, never a value. A key is stored, read back, and only
then taken out of its file; a file that holds nothing else is removed. Both are asked for first.

The vendor's own tool does not find its key any more: use `qcred.get("NAME")` in notebooks.

Exit codes: 0 done or nothing to do, 1 something was refused, 2 usage, 3 the embedded OpenBao does
not start.
"""

_EXAMPLES = """\
examples:
  jupyter qcred migrate --dry-run
  jupyter qcred migrate
  jupyter qcred migrate ibm-quantum --yes
  jupyter qcred migrate --yes --json
"""


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "migrate",
        help="move keys from vendors' plain-text files into the store",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="this credential only")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Show, ask, move; return the exit code."""
    if args.json and not (args.yes or args.dry_run):
        print("jupyter qcred migrate: --json asks nothing: add --yes or --dry-run", file=sys.stderr)
        return USAGE
    if not (args.yes or args.dry_run or sys.stdin.isatty()):
        print("jupyter qcred migrate: no terminal to ask at: add --yes", file=sys.stderr)
        return USAGE
    migration = _Migration(args)
    try:
        found = list(moves(args.name))
        if not args.dry_run and any(not move.why_not for move in found):
            with load_embedded(args).hold():  # one start for all of it
                migration.all(found)
        else:
            migration.all(found)
    except QcredError as error:
        return show_error(args, error)
    except (KeyboardInterrupt, EOFError):
        print("\nStopped. What was not said to be removed is still there.", file=sys.stderr)
        return REFUSED
    return migration.end(found)


@dataclass(frozen=True, slots=True)
class _Result:
    move: Move
    stored: tuple[str, ...]
    outcome: str
    next_step: str = ""

    def as_json(self) -> dict[str, Any]:
        told = {"path": str(self.move.path), "tool": self.move.known.tool}
        return told | {
            "stored": list(self.stored),
            "outcome": self.outcome,
            "next_step": self.next_step,
        }


class _Migration:
    """What the user is told and asked, file by file."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._results: list[_Result] = []

    def all(self, found: list[Move]) -> None:
        """Go through the files."""
        for move in found:
            self._say(f"{printable(move.shown)}  ({move.known.tool})")
            for entry in move.entries:
                self._say(f"  {_described(entry, move)}")
            if move.known.note and not move.why_not:
                self._say(f"  {move.known.note}.")
            self._results.append(self._one(move))
            self._say(f"  {_sentence(self._results[-1])}\n")

    def end(self, found: list[Move]) -> int:
        """Tell the rest; return the exit code."""
        import json

        if self._args.json:
            print(json.dumps([result.as_json() for result in self._results], indent=1))
        elif not found:
            print("Nothing to move: no vendor's file on this machine holds a key that is known.")
        names = [name for result in self._results for name in result.stored]
        if names and not self._args.dry_run:
            self._say(f'In a notebook: qcred.get("{names[0]}")')
        return REFUSED if any(one.outcome in {"refused", "stuck"} for one in self._results) else 0

    def _one(self, move: Move) -> _Result:
        if move.why_not:
            # What is no kernel's business is no failure, unless it was asked for.
            outcome = "refused" if move.known.credential else "left"
            return _Result(move, (), outcome, move.why_not)
        names = tuple(entry.name for entry in move.entries)
        if self._args.dry_run:
            return _Result(move, names, "would keep the rest" if move.keeps else "would remove")
        if not self._agreed(f"Store {', '.join(names)}?"):
            return _Result(move, (), "left", "you said no")
        return self._moved(move, names)

    def _moved(self, move: Move, names: tuple[str, ...]) -> _Result:
        embedded = load_embedded(self._args)
        for entry in move.entries:
            if why := self._store(embedded, entry):
                return _Result(move, (), "refused", why)
        what = "Take the key out of" if move.keeps else "Remove"
        if not self._agreed(f"{what} {printable(move.shown)}?"):
            return _Result(move, names, "left", "the key is in both places now")
        try:
            take_out(move)
        except StuckError as error:
            return _Result(move, names, "stuck", f"{error}; the key is in both places now")
        return _Result(move, names, "cleaned" if move.keeps else "removed", _copies(move))

    def _store(self, embedded: EmbeddedOpenBao, entry: Entry) -> str:
        """Store one; return why not, empty if it is there."""
        from .migration.store import prove, stored_fields
        from .recording import record

        if entry.name in embedded.stored():
            if stored_fields(embedded, entry.name) == dict(entry.fields):
                return ""
            if self._args.yes or not self._agreed(
                f"{entry.name} is stored already, with another value. Replace it?"
            ):
                return (
                    f"{entry.name} is stored already, with another value: compare them, then "
                    f"`jupyter qcred remove {entry.name}`"
                )
        replaced = embedded.put(entry.name, entry.fields)
        record(self._args, embedded, entry.name, "replaced" if replaced else "added", "migrate")
        prove(embedded, entry.name, entry.fields)
        self._say(f"  Stored and read back: {entry.name}.")
        return ""

    def _agreed(self, question: str) -> bool:
        if self._args.yes:
            return True
        return input(f"  {question} [y/N] ").strip().lower() in {"y", "yes"}

    def _say(self, words: str) -> None:
        if not self._args.json:
            print(words, flush=True)


def _described(entry: Entry, move: Move) -> str:
    lengths = [f"{len(entry.fields[name].reveal())} characters" for name in sorted(entry.secret)]
    others = sorted(set(entry.fields) - entry.secret)
    told = f"{', '.join(lengths)}{', with ' + ', '.join(others) if others else ''}"
    section = f"  [{printable(entry.section)[:60]}]" if entry.section else ""
    name = entry.name if move.known.credential else "a key"
    return f"{name}: {told}{section}"


def _sentence(result: _Result) -> str:
    keeps = "The rest of the file would stay, without its key" if result.move.keeps else ""
    sentences = {
        "would keep the rest": keeps,
        "would remove": "The file would be removed",
        "removed": "Removed",
        "cleaned": "The key is out of the file; the rest is still there",
        "left": "Left as it is",
        "refused": "Not moved",
        "stuck": "Stored, but not taken out",
    }
    between = ". But " if result.outcome == "removed" else ": "
    step = f"{between}{result.next_step}" if result.next_step else ""
    return f"{sentences[result.outcome]}{step}."


def _copies(move: Move) -> str:
    left = ", ".join(printable(path.name) for path in copies(move))
    return f"look at {left} beside it, which may be a copy" if left else ""
