"""Many detectors at once: one pass for their anchors, then only what stands near those."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Final, Self

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.redact.placeholder import OPENING

from .anchors import Anchors, fastest_library
from .detector import Detector
from .finding import Finding, settled
from .offsets import batches, characters, texts_at
from .probe import Probe
from .views import to_bytes, views

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .anchors import Hit


class Detectors:
    """A set of detectors. It never changes, and any thread may use it.

    Args:
        detectors: in any order; no two with one id.
        automata: use the fast searcher where there is one. The findings are the same without.

    Attributes:
        all: the detectors, in order of their ids.
    """

    def __init__(self, detectors: Iterable[Detector], *, automata: bool = True) -> None:
        self.all: Final = tuple(sorted(detectors, key=lambda detector: detector.id))
        self._automata = automata
        words = sorted({word for detector in self.all for word in detector.anchors})
        self._words = words
        self._anchors = Anchors(words, fastest_library() if automata else None)
        probes = [Probe(detector) for detector in self.all]
        self._probes: dict[int, list[Probe]] = {
            number: [probe for probe in probes if word in probe.detector.anchors]
            for number, word in enumerate(words)
        }
        self._rank = {detector.id: detector.priority for detector in self.all}
        if len(self._rank) < len(self.all):
            raise ConfigError("two detectors have the same id")

    def __repr__(self) -> str:
        return f"<Detectors: {len(self.all)}>"

    @classmethod
    def builtin(cls) -> Detectors:
        """Return all detectors that are shipped; read once.

        Raises:
            ConfigError: a file of theirs is broken.
        """
        return _builtin()

    def only(self, ids: Iterable[str]) -> Self:
        """Return a set with these detectors alone.

        Raises:
            ConfigError: there is no such detector.
        """
        wanted = self._known(ids)
        return self._with(detector for detector in self.all if detector.id in wanted)

    def without(self, ids: Iterable[str]) -> Self:
        """Return a set without these detectors.

        Raises:
            ConfigError: there is no such detector: a misspelt one would stay on unnoticed.
        """
        unwanted = self._known(ids)
        return self._with(detector for detector in self.all if detector.id not in unwanted)

    def find(self, text: str) -> list[Finding]:
        """Return the secrets in ``text``, in order, none overlapping another.

        Where detectors find overlapping spans, the whole becomes one finding, named by the most
        specific of them. What stands in a placeholder already is nothing to find.
        """
        found: set[Finding] = set()
        for view in views(text):
            hits = self._hits(view.glance)
            if hits:
                searched = view.text
                if searched is not view.glance:
                    hits = self._hits(searched)
                found.update(
                    Finding(*view.back(start, end), rule)
                    for start, end, rule in self._near(searched, hits)
                )
        return settled(found, self._rank)

    def find_each(self, texts: Sequence[str]) -> dict[int, list[Finding]]:
        """Return the findings in each of many texts, by position; clean ones are not mentioned.

        The same as ``find`` for each, but many short texts cost little more than one long one.
        """
        findings: dict[int, list[Finding]] = {}
        for first, last in batches(texts):
            for position in sorted(set(self._suspects(texts[first:last]))):
                found = self.find(texts[first + position])
                if found:
                    findings[first + position] = found
        return findings

    def _suspects(self, texts: Sequence[str]) -> Iterable[int]:
        """Yield positions of texts in which something may be: all others are clean."""
        # Written out, since it is asked of every text: nothing else has another view than itself.
        odd = [n for n, it in enumerate(texts) if "\x1b" in it or "\\" in it or OPENING in it]
        if odd:
            of = [texts[number] for number in odd]
            for view in views("\0".join(of)):
                places = (view.back(at, at + 1)[0] for at, _ in self._places(view.glance))
                yield from (odd[number] for number in texts_at(of, places))
            texts = list(texts)
            for number in odd:
                texts[number] = ""
        joined = "\0".join(texts)
        places = (at for at, hit in self._places(joined) if self._may_begin(joined, at, hit))
        yield from texts_at(texts, places)

    def _may_begin(self, text: str, start: int, hit: Hit) -> bool:
        return any(probe.may_begin(text, start) for probe in self._probes[hit.word])

    def _hits(self, text: str) -> list[Hit]:
        return self._anchors.find(to_bytes(text).lower())

    def _places(self, text: str) -> Iterable[tuple[int, Hit]]:
        hits = self._hits(text)
        return zip(characters(text, hits), hits, strict=True)

    def _near(self, text: str, hits: Sequence[Hit]) -> Iterable[Finding]:
        places: dict[Probe, list[tuple[int, int]]] = {}
        for start, hit in zip(characters(text, hits), hits, strict=True):
            place = (start, start + len(self._words[hit.word]))
            for probe in self._probes[hit.word]:
                places.setdefault(probe, []).append(place)
        for probe, anchors in places.items():
            for start, end in probe.spans(text, anchors):
                yield Finding(start, end, probe.detector.id)

    def _known(self, ids: Iterable[str]) -> set[str]:
        wanted = set(ids)
        unknown = sorted(wanted - self._rank.keys())
        if unknown:
            raise ConfigError(
                f"there is no detector {unknown[0][:64]!r}",
                next_step=f"Use some of: {', '.join(self._rank)}",
            )
        return wanted

    def _with(self, detectors: Iterable[Detector]) -> Self:
        return type(self)(detectors, automata=self._automata)


@functools.cache
def _builtin() -> Detectors:
    files = resources.files(__package__).joinpath("detectors").iterdir()
    texts = [file.read_text("utf-8") for file in files if file.name.endswith(".toml")]
    return Detectors(Detector.parse(tomllib.loads(text)) for text in texts)
