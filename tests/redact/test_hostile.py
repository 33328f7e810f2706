"""Input that is huge, deep or broken is handled in bounded time and memory, and nothing is lost.

No test knows how fast a machine is: each compares the time of a large input with that of a small
one of the same kind. What is quadratic costs sixteen times as much for four times the length.
"""

from __future__ import annotations

import base64
import json
import logging
import math
import operator
import random
import time
import tracemalloc
from functools import partial
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from corpus.cases import DISGUISES, VALUES
from corpus.judge import remains, survives
from corpus.places import a_notebook, code, prose
from tornado.web import HTTPError

from jupyter_qcred.redact import Redactor, StreamWindow
from jupyter_qcred.server.save_check import SaveCheck

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = logging.getLogger(__name__)
PLAIN = DISGUISES[0]
IBM = VALUES["ibm-quantum"]
MARK = "[redacted:ibm-quantum]"

GROWTH = 4
LINEAR = 2.5
"""How much more than ``GROWTH`` times the time ``GROWTH`` times the length may take."""

MEASURABLE = 0.005
"""Seconds."""


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    redactor = Redactor()
    for value in VALUES.values():
        redactor.arm(value.vendor, [value.text])
    redactor.text("the first search may prepare something")
    return redactor


@pytest.fixture(scope="module")
def check(redactor: Redactor) -> SaveCheck:
    return SaveCheck(redactor)


def saved(check: SaveCheck, content: object, kind: str = "notebook", **more: Any) -> Any:
    model = {"type": kind, "format": "json", "content": content, **more}
    after, _ = check.or_refuse(model, "a.ipynb", LOG)
    return after["content"]


def refusal(check: SaveCheck, content: object, kind: str, **more: Any) -> HTTPError | None:
    """The refusal, which quotes nothing of the file; None where it was saved."""
    refused: HTTPError | None = None
    try:
        saved(check, content, kind, **more)
    except HTTPError as error:
        refused = error
    if refused is not None:
        assert str(refused.reason).startswith("Not saved")
        assert not survives(IBM, PLAIN, [str(refused), str(refused.reason), repr(refused.args)])
    return refused


def seconds(work: Callable[[], object], times: int = 2) -> float:
    """The shortest processor time of some runs: other work on the machine counts little."""
    taken = []
    for _ in range(times):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return min(taken)


def grows_linearly(make: Callable[[int], Any], work: Callable[[Any], object], size: int) -> None:
    """Assert that ``GROWTH`` times the size takes about ``GROWTH`` times as long.

    Sizes grow until the time can be measured: what fills a buffer of fixed size is no growth.
    """
    for _ in range(8):
        small = make(size)
        if seconds(partial(work, small)) > MEASURABLE:
            break
        size *= GROWTH
    large = make(GROWTH * size)
    for _ in range(3):
        ratio = seconds(partial(work, large)) / seconds(partial(work, small))
        if ratio <= GROWTH * LINEAR:
            return
    pytest.fail(f"{GROWTH} times the size takes {ratio:.1f} times as long")


# -- size


def images(megabytes: int) -> dict[str, Any]:
    """A notebook of images, text and arrays; each string is another."""
    cells = []
    image = base64.b64encode(random.Random(1).randbytes(750_000)).decode()
    row = " ".join(f"{number:.6f}" for number in (math.sin(n) for n in range(1000)))
    for number in range(megabytes):
        png = {"output_type": "display_data", "metadata": {}}
        png["data"] = {"image/png": f"{image[number:]}{image[:number]}"[:960_000]}
        text = {"output_type": "stream", "name": "stdout", "text": f"{number} {row * 4}\n"}
        cells.append(code(f"plot({number})", [png, text]))
    return a_notebook(*cells)


def test_a_notebook_of_200_megabytes_takes_ten_times_one_of_20(redactor: Redactor) -> None:
    """Time grows with the size and no faster, and the last character counts."""
    small, large = images(20), images(200)
    # Each save is a first one: nothing is remembered.
    first = seconds(lambda: saved(SaveCheck(redactor), small))
    assert seconds(lambda: saved(SaveCheck(redactor), large), 1) <= 10 * LINEAR * first
    large["cells"][-1]["outputs"][-1]["text"] += IBM.text
    last = saved(SaveCheck(redactor), large)["cells"][-1]["outputs"][-1]["text"]
    assert last.endswith(f"\n{MARK}")


def test_a_large_notebook_needs_memory_for_a_part_of_it(check: SaveCheck) -> None:
    """Looking for values copies pieces of a notebook, not all of it many times."""
    notebook = images(16)
    tracemalloc.start()
    try:
        assert saved(check, notebook) is notebook
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16e6 * 3


def cells(number: int) -> dict[str, Any]:
    """Many small cells."""
    return a_notebook(*(code(f"x = {at}", [dict(STREAM, text=f"{at}\n")]) for at in range(number)))


STREAM = {"output_type": "stream", "name": "stdout"}


def test_a_hundred_thousand_cells_are_all_looked_at(redactor: Redactor) -> None:
    """Time grows with their number, and the last one counts."""
    grows_linearly(cells, lambda notebook: saved(SaveCheck(redactor), notebook), 1_000)
    many = cells(100_000)
    many["cells"][-1]["source"] = f"key = '{IBM.text}'"
    redacted = saved(SaveCheck(redactor), many)
    assert redacted["cells"][-1]["source"] == f"key = '{MARK}'"
    assert all(map(operator.is_, redacted["cells"][:-1], many["cells"][:-1]))


LINES = {
    "letters": "a",
    "digits": "0123456789",
    "hex": "0123456789abcdef",
    "spaces": " ",
    "line breaks": "\n",
    "escapes": "\x1b[31m",
    "unfinished escapes": "\x1b[",
    "escaped escapes": "\\u001b[",
    "tags": "<b>",
    "unfinished tags": "<b ",
    "entities": "&#65;",
    "unfinished entities": "&#",
    "percents": "%",
    "percent escapes": "%41",
    "backslashes": "\\",
    "quotes": "'",
    "lists": "'a', ",
    "numbers": "72, ",
    "brackets": "[",
    "zero width": "\u200b",
    "wide": "量",
    "surrogates": "\ud800",
    "table": "│ ab │\n",
    "almost a value": IBM.text[:-1],
    "a beginning": IBM.text[:14],
    "letters of a value": IBM.text[0],
    "values": IBM.text,
    "values apart": f"{IBM.text} ",
    "almost hex of a value": IBM.text.encode().hex()[:-2],
    "almost base64 of a value": base64.b64encode(IBM.text.encode())[:-4].decode(),
    "openings": "[redacted:",
    "placeholders": MARK,
    "nul": "\0",
    "dashes": "-----BEGIN ",
    "tokens": "eyJ",
}


@pytest.mark.parametrize("name", LINES)
def test_no_line_is_driven_quadratic(name: str, redactor: Redactor) -> None:
    """Four times the length takes about four times as long, whatever the line is made of."""
    unit = LINES[name]
    grows_linearly(lambda size: unit * (size // len(unit)), redactor.text, 10_000)


@pytest.mark.parametrize("name", LINES)
def test_no_stream_is_driven_quadratic(name: str, redactor: Redactor) -> None:
    """The same in pieces, which a window holds back as long as they may be a value."""
    unit = LINES[name]
    piece = unit * (1024 // len(unit))

    def feed(count: int) -> None:
        window = StreamWindow(redactor)
        for _ in range(count):
            window.feed(piece)
        window.flush()

    grows_linearly(lambda count: count, feed, 24)


def test_one_line_of_50_megabytes_takes_ten_times_one_of_5(check: SaveCheck) -> None:
    """A minified script or a printed array may be a single line; its end counts."""
    row = json.dumps([{"qubit": n, "t1": math.sin(n)} for n in range(10_000)])

    def line(megabytes: int) -> str:
        return row * (megabytes * 1_000_000 // len(row) + 1)

    large = line(50)
    first = seconds(lambda: saved(check, line(5), "file", format="text"), 2)
    assert seconds(lambda: saved(check, large, "file", format="text"), 1) <= 10 * LINEAR * first
    after = saved(check, a_notebook(prose(f"{large}{IBM.text}")))
    assert after["cells"][0]["source"] == f"{large}{MARK}"


# -- depth


def deep(levels: int, leaf: object) -> Any:
    """Lists and dicts in turns."""
    for level in range(levels):
        leaf = [leaf] if level % 2 else {"k": leaf}
    return leaf


def test_json_ten_thousand_levels_deep_is_redacted(check: SaveCheck) -> None:
    """No recursion ends a save, and the deepest text counts."""
    clean = a_notebook(code("a", lab=deep(10_000, "clean")))
    assert saved(check, clean) is clean
    node = saved(check, a_notebook(code("a", lab=deep(10_000, IBM.text))))
    node = node["cells"][0]["metadata"]["lab"]
    while not isinstance(node, str):
        node = node[0] if isinstance(node, list) else node["k"]
    assert node == MARK


@pytest.mark.parametrize("hidden", [False, True])
def test_deep_json_as_text_is_redacted_or_refused(hidden: bool, check: SaveCheck) -> None:
    """A parser that gives up at some depth is no way round the search."""
    value = "".join(f"\\u{ord(each):04x}" for each in IBM.text) if hidden else IBM.text
    text = '{"cells": [], "metadata": ' + '{"k":[' * 5000 + f'"{value}"' + "]}" * 5000 + "}"
    if refusal(check, text, "file", format="text") is None:
        after = saved(check, text, "file", format="text")
        assert value not in after
        assert MARK in after
        assert after.count("[") >= 5000


def test_deep_clean_json_as_text_is_not_changed(check: SaveCheck) -> None:
    """What can't be parsed is no reason to lose it."""
    text = '{"cells": [], "metadata": ' + '{"k":[' * 5000 + '"clean"' + "]}" * 5000 + "}"
    assert saved(check, text, "file", format="text") is text


# -- broken


@pytest.mark.parametrize("broken", [b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\x80" * 50])
def test_invalid_utf8_is_saved_redacted_or_refused(broken: bytes, check: SaveCheck) -> None:
    """Clean bytes are left alone; with a value among them the user learns what to do."""
    clean = base64.b64encode(broken + b" clean " + broken).decode()
    assert saved(check, clean, "file", format="base64") is clean
    dirty = base64.b64encode(broken + IBM.text.encode() + broken).decode()
    assert refusal(check, dirty, "file", format="base64") is not None


@pytest.mark.parametrize(
    "text",
    [
        '{"cells": [',
        '{"cells": [{"source": "' + IBM.text,
        '{"cells": 1} trailing ' + IBM.text,
        '"\\ud800" ' + IBM.text,
        "\ufeff{} " + IBM.text,
        "[" * 100_000 + IBM.text,
        "\0" + IBM.text,
        "",
    ],
)
def test_text_that_is_no_json_is_redacted_as_text(text: str, check: SaveCheck) -> None:
    """A half-written notebook is not lost, nor a way past the search."""
    after = saved(check, text, "file", format="text")
    assert after == text.replace(IBM.text, MARK)


def test_a_name_twice_hides_nothing(check: SaveCheck) -> None:
    """A reader of JSON takes the last of two; a person who opens the file sees both."""
    text = f'{{"a": "{IBM.text}", "a": 1, "b": "{IBM.text[::-1]}"}}'
    after = saved(check, text, "file", format="text")
    assert not remains(IBM, PLAIN, after)
    assert not remains(IBM, PLAIN, after[::-1])
    assert json.loads(after)["a"] == 1


def test_lone_surrogates_stay_where_they_are(check: SaveCheck) -> None:
    """Names of files that are no UTF-8 come as such; a value between them is redacted."""
    source = f"\ud800{IBM.text}\udfff\ud83d"
    after = saved(check, a_notebook(code(source)))
    assert after["cells"][0]["source"] == f"\ud800{MARK}\udfff\ud83d"
    text = json.dumps(a_notebook(code(source)))
    loaded = json.loads(saved(check, text, "file", format="text"))
    assert loaded == after


def test_a_notebook_of_format_3_is_redacted(check: SaveCheck) -> None:
    """Old notebooks have worksheets, inputs and prompts; the result is still one of them."""
    old = nbformat.v3.new_notebook(
        worksheets=[
            nbformat.v3.new_worksheet(
                cells=[
                    nbformat.v3.new_code_cell(
                        input=f"key = '{IBM.text}'",
                        outputs=[
                            nbformat.v3.new_output("pyout", output_text=IBM.text, prompt_number=1),
                            nbformat.v3.new_output(
                                "pyerr", ename="E", evalue=IBM.text, traceback=[IBM.text]
                            ),
                        ],
                    )
                ]
            )
        ],
        metadata=nbformat.v3.new_metadata(name=IBM.text),
    )
    notebook = json.loads(json.dumps(old))
    after = saved(check, notebook)
    assert not remains(IBM, PLAIN, after)
    nbformat.validate(nbformat.from_dict(after), version=3)
    assert saved(check, after) is after


@pytest.mark.parametrize("dirty", [False, True])
def test_numbers_that_are_none_are_kept(dirty: bool, check: SaveCheck) -> None:
    """NaN and infinities are no JSON; Python and Jupyter write them all the same."""
    values = [math.nan, math.inf, -math.inf, 1e308, -0.0, 10**400]
    shown = IBM.text if dirty else "clean"
    notebook = a_notebook(code(shown, lab=values))
    assert repr(saved(check, notebook)["cells"][0]["metadata"]["lab"]) == repr(values)
    after = saved(check, json.dumps(notebook), "file", format="text")
    assert repr(json.loads(after)["cells"][0]["metadata"]["lab"]) == repr(values)
    assert not remains(IBM, PLAIN, after)


@pytest.mark.parametrize(
    "content", [None, [], "", 0, {}, {"cells": None}, {"cells": [[]]}, {"cells": {"a": IBM.text}}]
)
def test_content_of_any_shape_is_looked_at(content: object, check: SaveCheck) -> None:
    """A client may send anything; whether it is a notebook is for others to say."""
    after = saved(check, content)
    assert not remains(IBM, PLAIN, after)
    assert after is content or content == {"cells": {"a": IBM.text}}


def test_keys_that_become_the_same_lose_no_entry(check: SaveCheck) -> None:
    """As many entries as before, each with its own value."""
    value = IBM.text
    keys = [value, value.upper(), value.encode().hex(), f"{value} ", MARK, value[::-1]]
    before = {key: number for number, key in enumerate(keys)}
    after = saved(check, a_notebook(code("a", lab=before)))["cells"][0]["metadata"]["lab"]
    assert sorted(after.values()) == sorted(before.values())
    assert not remains(IBM, PLAIN, after)
