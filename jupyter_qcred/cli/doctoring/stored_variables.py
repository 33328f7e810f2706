"""Whether `%store` put a key on the disk."""

from __future__ import annotations

import pickletools
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from jupyter_qcred.cli.paper import count

from .finding import Check, Finding, Problem, Seen, Severity, absent, command
from .keys import named, rules_in
from .site import quoted

if TYPE_CHECKING:
    from pathlib import Path

    from .site import Site

_LARGEST: Final = 64 << 20

KEYS = Problem(
    "stored-variables.keys",
    Severity.WARNING,
    "A variable that `%store` saved holds a key, in a file that every later kernel may restore. "
    "The fix removes the variable; revoke the key at its vendor.",
)


def look(site: Site) -> Seen:
    """Look at the files, as bytes: to unpickle one would run what is in it."""
    files = sorted(
        path for path in site.ipython.glob("profile_*/db/autorestore/*") if path.is_file()
    )
    if not files:
        return absent("`%store` has saved nothing")
    found = zip(files, rules_in([_text(file) for file in files]), strict=True)
    findings = [
        Finding(KEYS, f"{file} holds a key ({named(rules)})", (command(quoted("rm", file)),))
        for file, rules in found
        if rules
    ]
    return Seen(f"no key in {count(len(files), 'variable')}", tuple(findings))


def _text(file: Path) -> str:
    """Return the texts in a pickle, each on its own; nothing in it is run."""
    with file.open("rb") as opened:
        data = opened.read(_LARGEST)
    texts = []
    with suppress(Exception):  # cut off, or no pickle: what was read so far counts
        for _, value, _ in pickletools.genops(data):
            if isinstance(value, bytes):
                value = value.decode("utf-8", "replace")  # noqa: PLW2901 - the same text
            if isinstance(value, str):
                texts.append(value)
    return "\n".join(texts)


CHECK: Final = Check(
    "stored-variables",
    "variables saved by %store",
    "Reads the files of `%store` in every IPython profile as bytes, and looks for the formats of "
    "keys. Nothing is unpickled.",
    (KEYS,),
    look,
)
