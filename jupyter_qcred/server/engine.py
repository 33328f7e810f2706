"""The server's searcher: a vectorised automaton where one helps, the standard library elsewhere.

Measured on 10 MB, half text and half a base64 image, variants of ten values: 4,300 MB/s by the
automaton, 440 to 1,000 MB/s by ``WordSearcher``. The automaton's vector code takes at most 64
needles; beyond them it falls to 150 to 450 MB/s, and the standard library is the faster one.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.redact.search import WordSearcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_qcred.redact.search import Hit, Searcher

MAX_VECTOR_NEEDLES: Final = 64


class AutomatonSearcher:
    """Asks the automaton whether there is anything at all, and ``WordSearcher`` what and where.

    Args:
        needles: what to find.
        cores: the needles that hold no other needle: wherever any needle is, one of these is.
        library: the module ``ahocorasick_rs``.
    """

    def __init__(self, needles: Sequence[bytes], cores: Sequence[bytes], library: Any) -> None:
        self._exact = WordSearcher(needles)
        self._automaton: Any = library.BytesAhoCorasick(
            list(cores), matchkind=library.MatchKind.LeftmostLongest
        )

    def find(self, data: bytes | memoryview) -> list[Hit]:
        """Return every occurrence of every needle; see ``Searcher``."""
        if not self._automaton.find_matches_as_indexes(data):
            return []
        return self._exact.find(data)


def searcher(needles: Sequence[bytes]) -> Searcher:
    """Return the fastest searcher for these needles on this machine."""
    library = _library()
    cores = _cores(needles) if library is not None else None
    return WordSearcher(needles) if cores is None else AutomatonSearcher(needles, cores, library)


@functools.cache
def _library() -> Any:
    try:
        return importlib.import_module("ahocorasick_rs")
    except ImportError:
        return None  # no wheel for musl and for Windows on ARM


def _cores(needles: Sequence[bytes]) -> list[bytes] | None:
    """The needles that hold no other one; None when they are more than the vector code takes."""
    cores: list[bytes] = []
    for needle in sorted(needles, key=len):
        if not any(core in needle for core in cores):
            cores.append(needle)
            if len(cores) > MAX_VECTOR_NEEDLES:
                return None
    return cores
