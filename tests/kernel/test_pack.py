"""A long text is written as jupyter_client writes it, byte for byte."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_client.session import json_packer

from jupyter_qcred.kernel import pack
from jupyter_qcred.kernel.pack import LONG, pack_long

EVERYTHING = "".join(map(chr, range(0x3000))) + '\udc80\udcff🜁\\"\n\x1b[0m'


@pytest.mark.parametrize(
    "text", ["a" * LONG, "line\n" * LONG, EVERYTHING * (LONG // len(EVERYTHING) + 1)]
)
def test_a_long_text_is_the_same_bytes(text: str) -> None:
    """In any place of a message, beside short ones, whatever its characters."""
    for content in (
        {"data": {"text/plain": text, "text/html": "<b>"}, "metadata": {}, "transient": {}},
        {"name": "stdout", "text": text},
        {"traceback": ["short", text, text], "ename": "E"},
    ):
        assert pack_long(content, json_packer) == json_packer(content)


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4), st.integers(1, 9))
def test_pieces_do_not_show(texts: list[str], size: int) -> None:
    """Wherever a text is cut, the bytes are those of the whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pack, "LONG", 3)
        patch.setattr(pack, "_PIECE", size)
        packed = pack_long({"a": texts, "b": {"c": "x" * 5}}, json_packer)
    assert packed == json_packer({"a": texts, "b": {"c": "x" * 5}})


@pytest.mark.parametrize(
    "content",
    [
        {"text": "short"},
        {"text": "\ud800" * LONG},
        {"text": "a" * LONG, "b": "\ue000qcred: a long text stands here\ue001"},
    ],
)
def test_everything_else_is_left_to_the_packer(content: dict) -> None:
    """Short texts, what UTF-8 can't write, and a text that looks like our mark."""
    assert pack_long(content, json_packer) is None


def test_what_the_packer_refuses_is_refused_as_before() -> None:
    """Beside a long text, too, what is no JSON is cleaned, with the packer's own warning."""
    content = {"text": "a" * LONG, "n": math.nan}
    with pytest.warns(UserWarning, match="Message serialization failed"):
        packed = pack_long(content, json_packer)
    with pytest.warns(UserWarning, match="Message serialization failed"):
        assert packed == json_packer(content)
