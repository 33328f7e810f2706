"""A redactor takes out what is armed and leaves everything else byte for byte as it was."""

from __future__ import annotations

import array
import base64
import hashlib
import json
import random
import threading
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_qcred.redact import Redactor
from jupyter_qcred.redact.notebook import redact_notebook_text

IBM = "Qk3vT9zLw0_xR7mNp2sYb8cHd5fGj1aE4uWiOq6tZlKV"
AZURE = 'p@ss/w+rd="é\\7Fy2'
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def redactor() -> Redactor:
    redactor = Redactor()
    assert redactor.arm("ibm-quantum", [IBM]) == []
    assert redactor.arm("azure-quantum", [AZURE]) == []
    return redactor


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_become_what_is_written_beside_them(path: Path, redactor: Redactor) -> None:
    """Each golden notebook, read as JSON and as text, gives its ``.expected`` file."""
    expected = path.with_name(f"{path.name}.expected").read_text("utf-8")
    notebook = json.loads(path.read_text("utf-8"))
    redacted = redactor.tree(notebook)
    assert json.dumps(redacted.value, ensure_ascii=False, indent=1) + "\n" == expected
    assert redact_notebook_text(redactor, path.read_text("utf-8")).text == expected
    assert (redacted.value is notebook) == (path.stem == "innocent")


def test_a_text_shows_whose_value_was_there_and_how_often(redactor: Redactor) -> None:
    """Findings count placeholders by credential."""
    redaction = redactor.text(f"{IBM} {AZURE} {IBM}")
    assert (
        redaction.text == "[redacted:ibm-quantum] [redacted:azure-quantum] [redacted:ibm-quantum]"
    )
    assert redaction.findings == {"ibm-quantum": 2, "azure-quantum": 1}


def test_a_clean_text_comes_back_as_the_same_object(redactor: Redactor) -> None:
    """Clean input is not copied, nor changed in any byte."""
    text = f"commit {hashlib.sha1(b'x').hexdigest()} {uuid.uuid4()} {IBM[:22]} … {IBM[:22]}"
    assert redactor.text(text).text is text
    data = text.encode()
    assert redactor.data(data).data is data
    assert Redactor().text(IBM).text == IBM


def test_values_are_refused_that_would_match_innocent_text() -> None:
    """Short values, our own words and values with NUL are refused, and the caller learns which."""
    redactor = Redactor()
    values = [
        "1234567",
        "  abc    ",
        IBM,
        "ibm-quantum",
        "[redacted:x] and more",
        "nul\0inside",
        "",
    ]
    assert redactor.arm("ibm-quantum", values) == [0, 1, 3, 4, 5, 6]
    assert redactor.text("1234567 ibm-quantum abc").text == "1234567 ibm-quantum abc"
    assert redactor.generation == 1


def test_arming_a_value_twice_changes_nothing(redactor: Redactor) -> None:
    """Arming is idempotent: the generation tells whether the set of values changed."""
    generation = redactor.generation
    assert redactor.arm("ibm-quantum", [IBM, f"  {IBM}\n"]) == []
    assert redactor.generation == generation
    redactor.arm("ibm-quantum", ["another-value-after-renewal"])
    assert redactor.generation == generation + 1


def test_old_values_stay_armed_until_very_many_came_after_them() -> None:
    """A renewed credential's old value is still redacted; memory is bounded all the same."""
    redactor = Redactor(max_values=3)
    values = [f"value-number-{number:04}" for number in range(5)]
    for value in values:
        redactor.arm("x", [value])
    assert [bool(redactor.text(value).findings) for value in values] == [False] * 2 + [True] * 3


def test_the_longest_variant_that_starts_first_wins() -> None:
    """One value inside another gives one placeholder; what reaches beyond it is redacted too."""
    redactor = Redactor()
    redactor.arm("inner", ["secret-inner"])
    redactor.arm("outer", ["my-secret-inner-value"])
    redactor.arm("after", ["value-that-follows"])
    assert redactor.text("my-secret-inner-value").text == "[redacted:outer]"
    assert redactor.text("a secret-inner z").text == "a [redacted:inner] z"
    both = redactor.text("my-secret-inner-value-that-follows")
    assert both.text == "[redacted:outer][redacted:after]"


def test_a_placeholder_is_never_redacted_itself() -> None:
    """Even a value that is part of another credential's placeholder leaves placeholders whole."""
    redactor = Redactor()
    redactor.arm("lab", ["quantum-lab", IBM])
    redactor.arm("quantum-lab", [AZURE])
    once = redactor.text(f"{AZURE} quantum-lab").text
    assert once == "[redacted:quantum-lab] [redacted:lab]"
    assert redactor.text(once).text == once


def test_names_of_credentials_cannot_break_out_of_a_placeholder() -> None:
    """A name with quotes or brackets gives a placeholder that is safe inside JSON and HTML."""
    redactor = Redactor()
    redactor.arm('a"b]\\<c>\n', [IBM])
    assert redactor.text(IBM).text == "[redacted:a_b___c__]"


@given(
    values=st.lists(st.text("abcXYZ123-_é", min_size=8, max_size=20), min_size=1, max_size=4),
    pieces=st.lists(
        st.one_of(st.text("abcXYZ123-_é [redacted:c0]", max_size=9), st.integers(0, 3))
    ),
)
def test_redacting_twice_gives_what_redacting_once_gives(
    values: list[str], pieces: list[str | int]
) -> None:
    """Redaction is idempotent, also beside things that look like placeholders."""
    redactor = Redactor()
    for number, value in enumerate(values):
        redactor.arm(f"c{number}", [value])
    text = "".join(
        piece if isinstance(piece, str) else values[piece % len(values)] for piece in pieces
    )
    once = redactor.text(text).text
    assert redactor.text(once).text == once
    again = redactor.tree([once, {once: once}])
    assert not again.findings


@given(st.text(st.characters()))
def test_no_text_breaks_the_redactor(text: str) -> None:
    """Any str, lone surrogates included, is returned as it is or redacted."""
    redactor = Redactor()
    redactor.arm("ibm-quantum", [IBM])
    assert redactor.text(text).text is text
    redacted = redactor.text(f"{text}{IBM}{text}").text
    assert redacted == f"{text}[redacted:ibm-quantum]{text}"
    assert redactor.tree({text: [text, IBM]}).value == {text: [text, "[redacted:ibm-quantum]"]}


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_buffers_keep_their_length(kind: type, redactor: Redactor) -> None:
    """The placeholder in a buffer is padded or cut to the length of what it replaces."""
    data = b"\x80\x00" + IBM.encode() + b"\xff" + AZURE.encode()
    redaction = redactor.data(kind(data))
    assert redaction.findings == {"ibm-quantum": 1, "azure-quantum": 1}
    assert bytes(redaction.data) == (
        b"\x80\x00"
        + b"[redacted:ibm-quantum]".ljust(len(IBM), b"*")
        + b"\xff"
        + b"[redacted:azure-quantum]"[: len(AZURE.encode())]
    )


def test_buffers_of_any_shape_are_searched(redactor: Redactor) -> None:
    """Views of numbers, empty ones and ones with gaps are looked at like plain bytes."""
    numbers = array.array("I", (IBM + " " * 4).encode())
    assert redactor.data(memoryview(numbers)).findings == {"ibm-quantum": 1}
    spread = memoryview("".join(f"{character}." for character in IBM).encode())[::2]
    assert redactor.data(spread).findings == {"ibm-quantum": 1}
    empty = memoryview(b"")
    assert redactor.data(empty).data is empty


def test_the_representation_shows_no_value(redactor: Redactor) -> None:
    """A redactor can be printed and logged."""
    assert repr(redactor) == "<Redactor of 2 values>"


def test_values_can_be_armed_while_others_search() -> None:
    """What is armed is found from the next call on, whichever thread armed it."""
    redactor = Redactor()
    values = [f"value-{number:03}-of-a-busy-kernel" for number in range(60)]
    failures: list[str] = []

    def search() -> None:
        for _ in range(200):
            known = redactor.generation
            text = redactor.text(" ".join(values)).text
            failures.extend(value for value in values[:known] if value in text)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for value in values:
        redactor.arm("x", [value])
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert redactor.generation == len(values)


def test_limits_that_make_no_sense_are_refused() -> None:
    """A fragment longer than a value could never be held back."""
    with pytest.raises(ValueError, match="min_length"):
        Redactor(min_length=3, min_hold=4)
    with pytest.raises(ValueError, match="min_fragment"):
        Redactor(min_fragment=15)


def test_a_notebook_text_with_any_escape_is_redacted(redactor: Redactor) -> None:
    """A writer of JSON may escape every character: the notebook is read, not only searched."""
    escaped = "".join(f"\\u{ord(character):04x}" for character in IBM)
    text = f'{{"cells": [{{"source": "{escaped}"}}], "k": "{IBM}"}}'
    redaction = redact_notebook_text(redactor, text)
    assert json.loads(redaction.text) == {
        "cells": [{"source": "[redacted:ibm-quantum]"}],
        "k": "[redacted:ibm-quantum]",
    }
    assert redaction.findings == {"ibm-quantum": 2}


@pytest.mark.parametrize("text", ["", "not JSON", "[" * 100_000, '{"open": '])
def test_a_notebook_text_that_is_no_json_is_searched_as_text(text: str, redactor: Redactor) -> None:
    """What can't be read is still redacted."""
    assert redact_notebook_text(redactor, text).text == text
    assert redact_notebook_text(redactor, text + IBM).text == f"{text}[redacted:ibm-quantum]"


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("shift", range(3))
def test_a_value_in_the_text_of_an_image_is_found(
    redactor: Redactor, shift: int, wrapped: bool
) -> None:
    """Plotting libraries write metadata into PNG files; notebooks hold them as base64."""
    rng = random.Random(shift)
    begin = b"\x89PNG\r\n\x1a\n" + rng.randbytes(4000 + shift)
    clean = begin + rng.randbytes(4000)
    dirty = f"{begin.hex()}{b'tEXtComment'.hex()}00{IBM.encode().hex()}{rng.randbytes(4000).hex()}"
    encode = base64.encodebytes if wrapped else base64.b64encode
    image = encode(bytes.fromhex(dirty)).decode()
    redacted = redactor.tree({"image/png": image, "text/plain": "<Figure>"})
    assert redacted.findings == {"ibm-quantum": 1}
    assert "[redacted:ibm-quantum]" in redacted.value["image/png"]  # type: ignore[index]
    other = {"image/png": encode(clean).decode()}
    assert redactor.tree(other).value is other


def test_the_oldest_values_are_forgotten_and_nothing_of_the_others_is() -> None:
    """A form that two values share stays as long as one of them is armed."""
    redactor = Redactor(max_values=2)
    key = "Qk3vT9zLw0xR7mNp2sYb8cHd5fGj1aE4uWiOq6tZlKV"
    redactor.arm("a", [key])
    redactor.arm("b", [key.lower()])
    assert redactor.text(f"is {key}").text == "is [redacted:a]"
    redactor.arm("c", ["d7b6f3f05d0d4c559d6b0f4a9a1d2c3e"])
    assert redactor.text(f"is {key.upper()}").text == "is [redacted:a]"
    redactor.arm("d", ["0123ABCDxyzt4567EFGHuvwx"])
    text = f"is {key}"
    assert redactor.text(text).text is text
    assert redactor.text("d7b6f3f05d0d4c559d6b0f4a9a1d2c3e").text == "[redacted:c]"
    assert redactor.text("0123ABCDxyzt4567EFGHuvwx").text == "[redacted:d]"


def test_values_come_and_go_while_others_search() -> None:
    """A search in another thread sees a set of values or the next one, and never fails."""
    redactor = Redactor(max_values=20)
    always = "alwaysTHERE0123456789abcdefABCDEF"
    stop = threading.Event()
    seen: list[str] = []
    failures: list[BaseException] = []

    def search() -> None:
        try:
            while not stop.is_set():
                seen.append(redactor.text(f"{'x' * 500} {always} {'y' * 500}").text)
        except BaseException as error:
            failures.append(error)

    redactor.arm("always", [always])
    thread = threading.Thread(target=search)
    thread.start()
    for number in range(300):
        redactor.arm("x", [f"{number:06d}abcdefGHIJKLmnopQRST{number:06x}"])
        redactor.arm("short", [f"short{number:05d}"])
        if number % 8 == 0:
            # Armed again after it was forgotten.
            redactor.arm("always", [always])
    stop.set()
    thread.join()
    assert not failures
    assert "[redacted:always]" in seen[0]
    assert {len(redactor.text(f"short{n:05d}").findings) for n in (298, 299)} == {1}
