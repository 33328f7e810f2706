"""What a tutorial does that it should not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PASTE: Final = "tutorial-paste"
PROMPT: Final = "tutorial-prompt"
PRINT: Final = "tutorial-print"
ACCOUNT: Final = "tutorial-account"
MANIFEST: Final = "tutorial-manifest"

TITLES: Final = {
    PASTE: "A tutorial has a key pasted, or a place to paste one",
    PROMPT: "A tutorial asks for a key",
    PRINT: "A tutorial shows a key",
    ACCOUNT: "A tutorial writes a key to an SDK's own file",
    MANIFEST: "A tutorial's metadata leave out what its code asks for",
}
WHY: Final = {
    PASTE: "a key is written here, or readers are told to write one; it is saved with the notebook",
    PROMPT: "what is typed stays in a variable, which any later cell can print or send away",
    PRINT: "a key would be in the output, and in the saved notebook",
    ACCOUNT: "it writes a key to a file that outlives the session, readable to every program",
    MANIFEST: "no other credential than those in the metadata reaches this notebook's kernel",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One place.

    Attributes:
        rule: one of ``TITLES``.
        line: in the cell or file, from 1.
        what: the piece of code, without any text that stands in it.
        instead: what to write in its place.
    """

    rule: str
    line: int
    what: str
    instead: str
