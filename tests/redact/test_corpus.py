"""Nothing of the corpus gets through, on save or live, and clean notebooks are left alone."""

from __future__ import annotations

import copy
import json
import logging
import os
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
import zmq
from corpus.cases import DISGUISES, VALUES, everything, pairs
from corpus.clean import NUMBER, as_text, clean_notebook
from corpus.judge import remains
from corpus.values import values
from jupyter_client.session import Session

from jupyter_qcred.kernel.session import RedactingSession
from jupyter_qcred.redact import Redactor
from jupyter_qcred.server.save_check import SaveCheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corpus.cases import Case
    from corpus.places import Message

    Notebook = dict[str, Any]

LOG = logging.getLogger(__name__)
OUTPUT_TYPES = {"stream", "display_data", "execute_result", "error"}

FULL = bool(os.environ.get("QCRED_CORPUS_FULL"))
"""The full product instead of the pairs: some minutes."""


def cases() -> dict[str, list[Case]]:
    """The cases to try by disguise."""
    found: dict[str, list[Case]] = {disguise.name: [] for disguise in DISGUISES}
    for case in everything() if FULL else pairs():
        found[case.disguise.name].append(case)
    return found


CASES = cases()


def arm(redactor: Redactor) -> Redactor:
    """Arm the values of all vendors, and as many of earlier leases."""
    for seed in (2, 1):
        for value in values(seed).values():
            assert redactor.arm(value.vendor, [value.text]) == []
    return redactor


class Saver:
    """Saves as the contents manager does, up to the file."""

    def __init__(self) -> None:
        self.check = SaveCheck(arm(Redactor()))

    def save(self, content: object, kind: str = "notebook", form: str = "json") -> dict[str, Any]:
        model = {"type": kind, "format": form, "content": content}
        saved, _ = self.check.or_refuse(model, "a.ipynb", LOG)
        return model if saved is model else saved

    def notebook(self, content: object) -> Any:
        return self.save(content)["content"]


class Kernel:
    """Sends as a kernel does, through a real socket."""

    def __init__(self) -> None:
        self._context = zmq.Context()
        self._out = self._context.socket(zmq.PAIR)
        self._into = self._context.socket(zmq.PAIR)
        self._out.bind(f"inproc://{id(self)}")
        self._into.connect(f"inproc://{id(self)}")
        # Nothing is let out by the clock, which would be another thread's turn.
        patient = type("PatientSession", (RedactingSession,), {"hold_delay": 60.0})
        self._session = patient(key=b"key", redactor=arm(Redactor()))
        self._reader = Session(key=b"key")
        self._number = 0

    def run(self, messages: list[Message]) -> list[dict[str, Any]]:
        """Send what a cell gives, and that the kernel is idle; return what arrived before."""
        self._number += 1
        parent = {"msg_id": f"cell-{self._number}", "msg_type": "execute_request"}
        for kind, content, metadata in [*messages, ("status", {"execution_state": "idle"}, {})]:
            self._session.send(self._out, kind, content, parent=parent, metadata=metadata)
        arrived = []
        while self._into.poll(0):
            arrived.append(self._reader.recv(self._into, mode=0)[1])
        assert arrived.pop()["content"] == {"execution_state": "idle"}
        return arrived

    def close(self) -> None:
        self._context.destroy(linger=0)


@pytest.fixture(scope="module")
def saver() -> Saver:
    return Saver()


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    yield kernel
    kernel.close()


def failures(leaks: list[str]) -> str:
    return f"{len(leaks)} leak: {'; '.join(leaks[:20])}"


@pytest.mark.parametrize("disguise", CASES)
def test_nothing_is_left_of_a_value_after_save(disguise: str, saver: Saver) -> None:
    """In every place; what is saved is a valid notebook, and saving it again changes nothing."""
    leaks = []
    for case in CASES[disguise]:
        if case.place.notebook is None:
            continue
        notebook = case.notebook()
        saved = saver.notebook(notebook)
        nbformat.validate(saved)
        assert notebook == case.notebook(), "the caller's notebook is left alone"
        assert saver.notebook(saved) is saved, case.name
        left = remains(case.value, case.disguise, saved)
        if left and not case.feasible:
            leaks.append(case.name)
    assert not leaks, failures(leaks)


@pytest.mark.parametrize("disguise", CASES)
def test_nothing_is_left_of_a_value_in_what_a_kernel_sends(disguise: str, kernel: Kernel) -> None:
    """In every message; outputs make a valid notebook, and sending them again changes nothing."""
    leaks = []
    for case in CASES[disguise]:
        if case.place.messages is None:
            continue
        arrived = kernel.run(case.messages())
        left = remains(case.value, case.disguise, [seen["content"] for seen in arrived])
        left = left or remains(case.value, case.disguise, [seen["metadata"] for seen in arrived])
        if left and not case.feasible:
            leaks.append(case.name)
        nbformat.validate(recorded(arrived))
        again = kernel.run([(one["msg_type"], one["content"], one["metadata"]) for one in arrived])
        assert printed(again) == printed(arrived), case.name
    assert not leaks, failures(leaks)


def recorded(messages: list[dict[str, Any]]) -> Any:
    """The notebook that a front-end makes of messages."""
    outputs = [
        nbformat.v4.output_from_msg(one) for one in messages if one["msg_type"] in OUTPUT_TYPES
    ]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("a", outputs=outputs)])


def printed(messages: list[dict[str, Any]]) -> tuple[dict[str, str], list[Any]]:
    """The text of each stream, however it was cut, and everything else in order."""
    streams = {"stdout": "", "stderr": ""}
    others = []
    for one in messages:
        if one["msg_type"] == "stream":
            streams[one["content"]["name"]] += one["content"]["text"]
        else:
            others.append(one["content"])
    return streams, others


@pytest.mark.parametrize("vendor", VALUES)
def test_a_notebook_sent_as_text_keeps_no_value(vendor: str, saver: Saver) -> None:
    """The text of a file is redacted like the notebook it holds, however JSON is written."""
    mine = [case for own in CASES.values() for case in own if case.value.vendor == vendor]
    leaks = []
    for case in mine[:: 1 if FULL else 7]:
        if case.place.notebook is None or case.feasible:
            continue
        for writing in ({"indent": 1, "ensure_ascii": False}, {"separators": (",", ":")}):
            text = json.dumps(case.notebook(), **writing)
            saved = saver.save(text, "file", "text")["content"]
            if remains(case.value, case.disguise, nbformat.reads(saved, as_version=4)):
                leaks.append(case.name)
            nbformat.validate(json.loads(saved))
    assert not leaks, failures(leaks)


@pytest.mark.parametrize("part", range(8))
def test_clean_notebooks_are_saved_as_they_are(part: int, saver: Saver) -> None:
    """The very same object, as a notebook and as the text of a file, while values are armed."""
    for number in range(part, NUMBER, 8):
        notebook = clean_notebook(number)
        before = copy.deepcopy(notebook)
        assert saver.notebook(notebook) is notebook, number
        assert notebook == before
        text = as_text(notebook)
        assert saver.save(text, "file", "text")["content"] is text, number


def packable(output: Notebook) -> bool:
    """Whether a kernel could send it: lone surrogates are refused by every session."""
    try:
        json.dumps(output, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("part", range(4))
def test_clean_outputs_are_sent_as_they_are(part: int, kernel: Kernel) -> None:
    """Every message arrives with its content; a stream may be cut elsewhere, and is the same."""
    for number in range(part, NUMBER, 4):
        for cell in clean_notebook(number)["cells"]:
            outputs = [copy.deepcopy(one) for one in cell.get("outputs", []) if packable(one)]
            messages = [(output.pop("output_type"), output, {}) for output in outputs]
            expected = [{"msg_type": kind, "content": content} for kind, content, _ in messages]
            assert printed(kernel.run(messages)) == printed(expected), number
