"""Values in compressed data are found where its base64 says what it is."""

from __future__ import annotations

import base64
import gzip
import zlib

import pytest

from jupyter_qcred.redact import Redactor

VALUE = "Qk3vT9zLw0_xR7mNp2sYb8cHd5fGj1aE4uWiOq6tZlKV"
STATE = f'{{"backend": "sim", "token": "{VALUE}", "shots": [1, 2, 3]}}' * 3


@pytest.fixture
def redactor() -> Redactor:
    redactor = Redactor()
    redactor.arm("x", [VALUE])
    return redactor


@pytest.mark.parametrize(
    "compress", [gzip.compress, zlib.compress, lambda data: zlib.compress(data, 9)]
)
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_compressed_data_with_a_value_is_taken_out_whole(compress, encode, redactor) -> None:
    """Nobody could say what a changed archive would be good for."""
    state = encode(compress(STATE.encode())).decode().rstrip("=")
    assert redactor.text(f"state={state}&x=1").text == "state=[redacted:x]&x=1"
    assert redactor.tree(["a", f"<{state}>"]).value == ["a", "<[redacted:x]>"]


def test_other_compressed_data_stays(redactor: Redactor) -> None:
    """Also what only begins like it."""
    for data in (b"nothing in here " * 9, b""):
        text = base64.b64encode(gzip.compress(data)).decode()
        assert redactor.text(text).text is text
    for text in ("H4sI" + "A" * 400, "eJw" + "z" * 401, "eJxT" * 5000):
        assert redactor.text(text).text is text


def test_a_bomb_is_not_unpacked(redactor: Redactor) -> None:
    """What grows a thousandfold is looked at for its first megabyte only, however often."""
    bomb = base64.b64encode(zlib.compress(b"\0" * 4_000_000 + VALUE.encode())).decode()
    text = " ".join([bomb] * 20)
    assert redactor.text(text).text is text
