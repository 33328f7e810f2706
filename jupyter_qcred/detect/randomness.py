"""Whether a text was drawn by chance or made up by people."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_HEX: Final = re.compile(r"[0-9a-f]{16,}|[0-9A-F]{16,}")
_WORD_LENGTH: Final = 2.3
"""Least mean length of the words in a text that people made up; random characters of mixed kinds
change kind after 1.6 on average, those of lower-case letters and digits after 2.5."""
_COMMON_SHARE: Final = 0.65
"""Least share of common pairs among its letters; a third is what chance gives."""
_PAIRS: Final = (
    "ab ac ad ag ai al am an ap ar as at au av ay ba be bi bl bo bs bu ca cc ce ch ci ck cl co cr"
    " ct cu da dd de di dl do ds du ea ec ed ee ef eg el em en ep eq er es et ev ex fa fe ff fi fo"
    " fr fu ge gh gi gn gr gs gu ha he hi ho ht ia ib ic id ie if ig il im in io ip ir is it iv iz"
    " ke ki ks la ld le li ll lo ls lt lu ly ma mb me mi mm mo mp ms mu na nc nd ne nf ng ni nn no"
    " ns nt nu nv ob oc od og ok ol om on oo op or os ot ou ov ow pa pe pi pl po pp pr ps pt pu py"
    " qu ra rc rd re rg ri rl rm rn ro rr rs rt ru ry sa sc se sh si sl so sp ss st su sy ta tc te"
    " th ti tl to tr ts tt tu ty ua ub uc ue ui ul um un up ur us ut va ve vi wa we wi wr xe xp xt"
    " yp yt ze"
)
_COMMON: Final = frozenset(_PAIRS.split())
"""The 220 most frequent pairs of letters in the words of Python's library and of our documents:
93 of 100 pairs there."""
_WELL_KNOWN: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # UUID
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T _].*|0[xX][0-9a-fA-F]+|(?:sha[0-9]+|md5)[:=-].*"
    r"|[a-z+]{2,16}://.*"
    r"|v?[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}[-+.0-9a-z]{0,24}",
    re.IGNORECASE | re.DOTALL,
)


def entropy(text: str) -> float:
    """Return Shannon's entropy in bits a character, 0 for an empty text."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values())


def is_random(text: str) -> bool:
    """Whether nobody made ``text`` up of words: no slug, class name, file name or sentence."""
    if _HEX.fullmatch(text):
        return True
    words = _WORD.findall(text)
    if not words:
        return False
    if sum(map(len, words)) < _WORD_LENGTH * len(words):
        return True
    pairs = [word[at : at + 2].lower() for word in words for at in range(len(word) - 1)]
    pairs = [pair for pair in pairs if pair.isalpha()]
    return sum(pair in _COMMON for pair in pairs) < _COMMON_SHARE * len(pairs)


def is_novel(text: str) -> bool:
    """Whether ``text`` has none of the well-known forms: UUID, time, digest, version, URL."""
    return not _WELL_KNOWN.fullmatch(text)
