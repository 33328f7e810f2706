"""What a save redacted is told with its place, and there is a way out when redaction fails."""

from __future__ import annotations

import copy
import json
import logging
from contextlib import suppress
from typing import Any

import nbformat
import pytest
from tornado.web import HTTPError

from jupyter_qcred.deliver.armed import ArmedRedactor
from jupyter_qcred.redact.matcher import Matcher
from jupyter_qcred.server.escape import without_outputs
from jupyter_qcred.server.receipt import Receipts, receipt, with_metadata
from jupyter_qcred.server.save_check import SaveCheck
from jupyter_qcred.server.save_policy import SavePolicy

LOG = logging.getLogger("test")
VALUE = "Qk3vT9zLw0_xR7mNp2sYb8cHd5fGj1aE4uWiOq6tZlKV"
MARK = "[redacted:ibm-quantum]"


class Breakable(Matcher):
    """Raises when told to."""

    broken = False

    def find(self, data: bytes) -> list:
        if Breakable.broken:
            raise RuntimeError(data)
        return super().find(data)

    def find_in(self, texts: Any) -> dict:
        if Breakable.broken:
            raise RuntimeError(texts)
        return super().find_in(texts)


class BreakableRedactor(ArmedRedactor):
    matcher_type = Breakable


def notebook(value: str, **ours: Any) -> dict[str, Any]:
    outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="clean\n"),
        nbformat.v4.new_output("execute_result", {"text/plain": value, "text/html": value}),
    ]
    cells = [
        nbformat.v4.new_markdown_cell(f"see {value}", id="a"),
        nbformat.v4.new_code_cell("clean", outputs=outputs, id="b", metadata={"k": value}),
        nbformat.v4.new_code_cell(f"key = '{value}'", id="c"),
    ]
    made = nbformat.v4.new_notebook(cells=cells, metadata={"title": value})
    if ours:
        made.metadata["qcred"] = ours
    return json.loads(json.dumps(made))


@pytest.fixture
def redactor() -> Any:
    Breakable.broken = False
    made = BreakableRedactor(8, 24)
    made.arm("ibm-quantum", [VALUE])
    yield made
    Breakable.broken = False


def save(redactor: Any, content: Any, **policy: Any) -> tuple[Any, Any]:
    check = SaveCheck(redactor, SavePolicy(values=lambda: redactor.plain, **policy))
    model = {"type": "notebook", "format": "json", "content": content}
    checked, findings = check.or_refuse(model, "a.ipynb", LOG)
    return checked["content"], findings


def test_a_receipt_names_every_place(redactor: Any) -> None:
    """Cell and output as a person counts them; sources that differ from the screen apart."""
    before = notebook(VALUE)
    after, findings = save(redactor, before)
    told = receipt("/a.ipynb", findings, before, after)
    assert [(spot.place, spot.count) for spot in told.spots] == [
        ("cell 1 source", 1),
        ("cell 2 output 2", 2),
        ("cell 2 metadata", 1),
        ("cell 3 source", 1),
        ("notebook metadata", 1),
    ]
    assert {spot.rule for spot in told.spots} == {"ibm-quantum"}
    assert told.sources == (3,)
    assert told.path == "a.ipynb"
    assert "cell 3" in str(told)
    assert VALUE not in repr(told)


def test_a_second_slip_is_counted_without_the_first(redactor: Any) -> None:
    """Placeholders that were there before are no news."""
    before, _ = save(redactor, notebook(VALUE))
    before = copy.deepcopy(before)
    before["cells"][0]["source"] += f" {VALUE}"
    after, findings = save(redactor, before)
    (spot,) = receipt("a", findings, before, after).spots
    assert (spot.cell, spot.count) == (1, 1)


def test_receipts_are_kept_for_a_bounded_number_of_files() -> None:
    """The last one of each, for a panel that asks."""
    kept = Receipts()
    for number in range(300):
        kept.add(receipt(f"/{number}.ipynb", {"x": number}, "", ""))
    assert kept.get("0.ipynb") is None
    last = kept.get("/299.ipynb")
    assert last is not None
    assert last.findings == {"x": 299}


def test_metadata_on_request_is_a_function_of_the_placeholders(redactor: Any) -> None:
    """Saving again changes nothing, and when the placeholders are gone, so is it."""
    saved, _ = save(redactor, notebook(VALUE, requires=["x"]), metadata=True)
    assert saved["metadata"]["qcred"] == {"requires": ["x"], "redacted": {"ibm-quantum": 6}}
    again, findings = save(redactor, saved, metadata=True)
    assert again is saved
    assert findings == {}
    clean = json.loads(json.dumps(saved).replace(MARK, "gone"))
    assert save(redactor, clean, metadata=True)[0]["metadata"]["qcred"] == {"requires": ["x"]}
    assert "qcred" not in with_metadata(notebook("clean"))["metadata"]


# -- the way out


def refused(redactor: Any, content: Any) -> HTTPError:
    with pytest.raises(HTTPError) as info:
        save(redactor, content)
    return info.value


def test_a_refusal_names_the_way_out(redactor: Any) -> None:
    """Nothing is cleared unasked: outputs are work."""
    Breakable.broken = True
    error = refused(redactor, notebook(VALUE))
    assert error.status_code == 503
    assert '{"qcred": {"save_without_outputs": true}}' in str(error.reason)
    assert VALUE not in str(error.reason)


def test_who_asks_for_it_saves_without_outputs(redactor: Any) -> None:
    """The sources are kept, searched as simply as can be, and the wish is not saved."""
    Breakable.broken = True
    content = notebook(VALUE, save_without_outputs=True)
    content["cells"][2]["source"] = [f"key = '{VALUE[:9]}", f"{VALUE[9:]}'\n", "print(key)"]
    saved, findings = save(redactor, content)
    assert VALUE not in json.dumps(saved)
    assert findings == {"ibm-quantum": 2}
    assert [cell["source"] for cell in saved["cells"]] == [
        f"see {MARK}",
        "clean",
        f"key = '{MARK}'\nprint(key)",
    ]
    assert all(not cell.get("outputs") for cell in saved["cells"])
    assert "qcred" not in saved["metadata"]
    nbformat.validate(saved)


def test_the_wish_alone_clears_nothing(redactor: Any) -> None:
    """While redaction works, outputs are saved."""
    saved, _ = save(redactor, notebook(VALUE, save_without_outputs=True))
    assert saved["cells"][1]["outputs"][0]["text"] == "clean\n"


@pytest.mark.parametrize("wish", ["true", 1, [True], {"a": True}, None, False])
def test_only_true_is_a_wish(redactor: Any, wish: Any) -> None:
    """Nothing that was not meant clears an output."""
    Breakable.broken = True
    assert refused(redactor, notebook(VALUE, save_without_outputs=wish)).status_code == 503


def test_a_value_with_quotes_and_breaks_is_found_by_the_simple_search(redactor: Any) -> None:
    """It is searched as JSON writes it, and the notebook is still one."""
    odd = 'a "quoted"\\value\nof two lines'
    redactor.arm("odd", [odd])
    content = notebook(odd)
    saved, found = without_outputs(content, redactor.plain)
    assert found == {"odd": 2}
    assert odd not in saved["cells"][0]["source"]
    nbformat.validate(saved)


@pytest.mark.parametrize("cells", [None, "text", [1], [{"source": {"a": float("nan")}}], []])
def test_what_is_no_notebook_is_refused_or_saved_empty(redactor: Any, cells: Any) -> None:
    """The way out never ends in an unchecked file."""
    Breakable.broken = True
    content = {"cells": cells, "metadata": {"qcred": {"save_without_outputs": True}, "v": VALUE}}
    saved: Any = None
    with suppress(HTTPError):
        saved, _ = save(redactor, content)
    assert VALUE not in json.dumps(saved)
    assert saved is None or cells == []
