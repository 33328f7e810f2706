"""Write what the browser looks for from what the server looks for: ``jupyter_qcred.detect``.

From the root of the repository::

    python labextension/rules/patterns.py               # writes src/guard/patterns.ts
    python labextension/rules/patterns.py --examples    # prints texts and what is found in them

A test of the server's side says when the file is not current. Those of the browser's side read the
examples: both must find the same.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

ROOT: Final = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from javascript import translated  # noqa: E402 - a script beside this one

from jupyter_qcred.detect import Detectors, checks, probe, randomness, views  # noqa: E402
from jupyter_qcred.detect.examples import fill  # noqa: E402
from jupyter_qcred.detect.fragments import compile_lead, compile_regex  # noqa: E402

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping

    from jupyter_qcred.detect import Detector

TARGET: Final = ROOT / "labextension" / "src" / "guard" / "patterns.ts"

LEFT_OUT: Final[Mapping[str, str]] = {}
"""Rules that the browser does not have, by id, with the reason why not."""

_SEEDS: Final = range(3)
_FIELDS: Final = (
    *("id", "title", "vendor", "credential", "field", "priority", "anchors", "near", "context"),
    *("context_reach", "unless", "entropy", "needs", "checks", "payload", "stop"),
)

_HEAD: Final = """\
/* Written by rules/patterns.py from the rules in jupyter_qcred/detect: change them there. */
import type { IRule } from './rule';
"""


def written() -> str:
    """Return the module.

    Raises:
        UntranslatableError: a rule that is not left out has a regex that can't be translated.
    """
    rules = [_rule(one) for one in Detectors.builtin().all if one.id not in LEFT_OUT]
    return "".join(
        (
            _HEAD,
            _constant("rules: readonly IRule[]", rules),
            _constant("needs: Readonly<Record<string, string>>", _all(checks.NEEDS)),
            _constant("examples: readonly string[]", checks.EXAMPLES),
            _constant("readers: readonly string[]", checks.READERS),
            _constant("pairs: readonly string[]", sorted(randomness._COMMON)),  # noqa: SLF001
            _constant("numbers", _numbers()),
            _constant("expressions", _all(_expressions())),
        )
    )


def _constant(name: str, value: object) -> str:
    return f"\nexport const {name} = {json.dumps(value, indent=2)};\n"


def _all(expressions: Mapping[str, re.Pattern[str]]) -> dict[str, str]:
    return {name: translated(one) for name, one in expressions.items()}


def _rule(one: Detector) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _FIELDS} | {
        "regex": translated(compile_regex(one.regex, one.left, one.right)),
        "lead": translated(compile_lead(one.ahead, one.left)) if one.near else "",
    }


def _numbers() -> dict[str, float]:
    return {
        "justBefore": probe._JUST_BEFORE,  # noqa: SLF001
        "longestAhead": probe.LONGEST_AHEAD,
        "wordLength": randomness._WORD_LENGTH,  # noqa: SLF001
        "commonShare": randomness._COMMON_SHARE,  # noqa: SLF001
    }


def _expressions() -> dict[str, re.Pattern[str]]:
    return {
        "word": randomness._WORD,  # noqa: SLF001
        "hex": randomness._HEX,  # noqa: SLF001
        "wellKnown": randomness._WELL_KNOWN,  # noqa: SLF001
        "keyLine": checks._KEY_LINE,  # noqa: SLF001
        "realColour": views._REAL,  # noqa: SLF001
        "writtenColour": views._WRITTEN,  # noqa: SLF001
    }


def examples() -> Iterator[dict[str, Any]]:
    """Yield texts with what is found in them; offsets count as JavaScript counts."""
    detectors = Detectors.builtin().without(LEFT_OUT)
    for text in _texts():
        yield {
            "text": text,
            "found": [
                {"start": _units(text[:start]), "end": _units(text[:end]), "rule": rule}
                for start, end, rule in detectors.find(text)
            ],
        }


def _texts() -> Iterator[str]:
    for detector in Detectors.builtin().all:
        for template in (*detector.good, *detector.bad):
            for seed in _SEEDS:
                yield from _shapes(template, seed)


def _shapes(template: str, seed: int) -> Iterator[str]:
    """A template as its file has it, with real line ends, as JSON, and in other surroundings."""
    coloured = template.replace("\\x1b", "\x1b")
    written, text = (
        fill(one, random.Random(seed)).text  # noqa: S311 - the same each time
        for one in (coloured, coloured.replace("\\n", "\n"))
    )
    yield written
    yield text
    if seed == 0:
        yield json.dumps({"source": ["first line\n", text]}, indent=1)
        yield f"Überprüfung für 量子 \U0001f600\U0001d400{text}\U0001d7d8 [redacted:ionq]{text}"
        yield text.swapcase()
        yield "".join(reversed(text))
        middle = len(text) // 2
        yield f"{text[:middle]}[redacted:é_1]{text[middle:]} {text[:-1]}\x1b[31m{text}\x1b[0m"
    if seed == 1:
        far = "# nothing here\n" * 9
        yield f"{far}{text}\n{far}{text}".replace("\n", "\r\n")
        yield f"x = f(\"{text}\", é)\ny = '{text}'  # {text}"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def main() -> None:
    """Write the module, or print the examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", action="store_true")
    if parser.parse_args().examples:
        json.dump(list(examples()), sys.stdout)
    else:
        TARGET.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main()
