"""Notebooks: the cell and the output are named, and no corner is passed over."""

from __future__ import annotations

import base64
import json
import random

import pytest


def code(number=1, **more):
    """A code cell."""
    cell = {"cell_type": "code", "id": f"c{number}", "metadata": {}, "execution_count": 1}
    return {**cell, "source": "x = 1", "outputs": [], **more}


def output(**data):
    """A display."""
    return {"output_type": "display_data", "data": data, "metadata": {}}


@pytest.fixture
def write(place):
    """Write a notebook of cells."""

    def write_(*cells, name="n.ipynb", **more):
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}
        (place / name).write_text(json.dumps({**notebook, **more}, indent=1))

    return write_


@pytest.fixture
def one(found):
    """Scan, and return the only finding without rule and fingerprint."""

    def one_():
        (hit,) = found()
        assert hit.pop("path") == "n.ipynb"
        assert hit.pop("rule")
        assert len(hit.pop("fingerprint")) == 16
        return hit

    return one_


def test_a_source_names_cell_and_line(write, one, key, login):
    """Counted from 1; a source may be a text or a list of lines."""
    write(code(), code(source=["y = 2\n", login(key)]))
    assert one() == {"cell": 2, "cell_line": 2, "place": "source"}
    write({"cell_type": "markdown", "metadata": {}, "source": login(key)})
    assert one() == {"cell": 1, "cell_line": 1, "place": "source"}


def test_outputs_name_their_number_and_what_they_are(write, one, key, login):
    """A stream, a MIME type, a traceback with colours in the middle of the key."""
    stream = {"output_type": "stream", "name": "stdout", "text": ["fine\n", login(key)]}
    write(code(outputs=[output(**{"text/plain": "1"}), stream]))
    assert one() == {"cell": 1, "output": 2, "cell_line": 2, "place": "stdout"}
    write(code(outputs=[output(**{"text/html": f"<p>{login(key)}</p>"})]))
    assert one() == {"cell": 1, "output": 1, "cell_line": 1, "place": "text/html"}
    coloured = login(key).replace(key, f"\x1b[31m{key[:20]}\x1b[0m{key[20:]}")
    error = {"output_type": "error", "ename": "E", "evalue": "e", "traceback": ["a", coloured]}
    write(code(outputs=[error]))
    assert one() == {"cell": 1, "output": 1, "cell_line": 2, "place": "traceback"}


def test_json_of_any_depth_is_looked_at_key_by_key(write, one, key, place):
    """A key's name is what tells that its value is a secret; so it is in metadata."""
    widget = {"state": {"m": {"children": [{"ibm_token": key}]}}}
    write(code(outputs=[output(**{"application/vnd.jupyter.widget-state+json": widget})]))
    kind = "application/vnd.jupyter.widget-state+json"
    assert one() == {"cell": 1, "output": 1, "place": kind}
    write(code(metadata={"papermill": {"ibm_token": key}}))
    assert one() == {"cell": 1, "place": "metadata"}
    write(code(), metadata={"papermill": {"parameters": {"ibm_token": key}}})
    lines = (place / "n.ipynb").read_text().splitlines()
    (number,) = (number for number, line in enumerate(lines, 1) if key in line)
    assert one() == {"line": number, "place": "metadata"}


def test_attachments_and_pictures_with_text(write, one, key, login):
    """Pictures are skipped; what only calls itself a picture is not."""
    cell = {"cell_type": "markdown", "metadata": {}, "source": "![](a)"}
    write({**cell, "attachments": {"a": {"text/plain": login(key)}}})
    assert one() == {"cell": 1, "cell_line": 1, "place": "attachment text/plain"}
    write({**cell, "attachments": {"a": {"image/png": login(key)}}})
    assert one()["place"] == "attachment image/png"
    write(code(outputs=[output(**{"image/svg+xml": f"<svg><text>{login(key)}</text></svg>"})]))
    assert one()["place"] == "image/svg+xml"


def test_a_key_that_was_sent_in_two_pieces_is_found_in_the_first(write, one, key, login):
    """A kernel may flush in the middle of it."""
    text = login(key)
    half = text.index(key) + 20
    parts = [text[:half], text[half:]]
    write(
        code(outputs=[{"output_type": "stream", "name": "stdout", "text": part} for part in parts])
    )
    assert one() == {"cell": 1, "output": 1, "cell_line": 1, "place": "stdout"}


def test_old_notebooks_are_looked_at_too(place, one, key, login):
    """nbformat 3: cells in worksheets, the source called input."""
    cells = [{"cell_type": "code", "language": "python", "input": login(key), "outputs": []}]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
    (place / "n.ipynb").write_text(json.dumps(old))
    assert one() == {"cell": 1, "cell_line": 1, "place": "source"}


@pytest.mark.parametrize(
    "text",
    [
        '{"cells": [{"source": "%s"',
        '["%s"]',
        '{"cells": {"a": "%s"}}',
        "[" * 50_000 + '"%s"',
        "%s",
        '{"cells": null, "x": "%s"}',
    ],
)
def test_what_is_no_notebook_is_looked_at_as_text(place, found, key, login, text):
    """Cut off, too deep, or something else: it has a line, and no cell."""
    secret = login(key).strip().replace('"', "'")
    (place / "n.ipynb").write_text(f"\n{text.replace('%s', secret)}")
    (hit,) = found()
    assert hit["line"] == 2
    assert "cell" not in hit


@pytest.mark.parametrize(
    "cells",
    [
        [None, 1, "text", [], {}],
        [{"outputs": [None, 1, "x", {"output_type": "stream", "text": 5, "name": {}}]}],
        [{"source": 5, "outputs": {"a": 1}, "attachments": [1], "metadata": "x"}],
        [{"outputs": [{"data": [1, {"text/plain": 5}], "traceback": "x"}]}],
        [{"attachments": {"a": None}, "outputs": [{"data": {"text/plain": {"a": [None]}}}]}],
    ],
)
def test_strange_cells_do_not_stop_a_scan(write, one, key, login, cells):
    """Whatever a cell is made of, the one after it is looked at."""
    write(*cells, code(source=login(key)))
    assert one() == {"cell": len(cells) + 1, "cell_line": 1, "place": "source"}


def test_lone_surrogates_and_numbers_that_are_none(place, found, key, login):
    """JSON as Python writes it may hold both."""
    cell = json.dumps(code(source="\ud800" + login(key), metadata={"x": float("nan")}))
    (place / "n.ipynb").write_text(f'{{"cells": [{cell}], "metadata": {{}}}}')
    (hit,) = found()
    assert (hit["cell"], hit["place"]) == (1, "source")


def test_what_only_looks_random_is_left_alone(write, found):
    """Pictures, counts, hashes and ids of a clean notebook are no finding."""
    rng = random.Random(7)
    picture = "iVBORw0KGgo" + base64.b64encode(rng.randbytes(30_000)).decode()
    counts = {f"{n:05b}": rng.randint(1, 900) for n in range(32)}
    hashes = "\n".join(rng.randbytes(20).hex() for _ in range(50))
    write(
        *[
            code(
                number,
                outputs=[
                    output(**{"image/png": picture, "text/plain": str(counts)}),
                    {"output_type": "stream", "name": "stdout", "text": hashes},
                ],
            )
            for number in range(20)
        ]
    )
    assert found() == []
