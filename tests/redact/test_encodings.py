"""Every disguise of a value is foreseen, and short values do not match innocent text."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_qcred.redact import Redactor
from jupyter_qcred.redact.encodings import shown as forms_shown
from jupyter_qcred.redact.pattern import forms

MARK = "[redacted:x]"
PERCENT = re.compile("%..")

# Brackets are left out: next to a placeholder they could make a value of what is none.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0[]"), max_size=12)
VALUES = (
    st.text(st.characters(codec="utf-8", exclude_characters="\0[]"), min_size=16, max_size=60)
    .map(str.strip)
    .filter(lambda value: len(value) >= 16)
)
KEYS = st.from_regex(r"\A[A-Za-z0-9_/+=.~-]{16,60}\Z")

DISGUISES = {
    "plain": lambda v, a, b: f"{a}{v}{b}",
    "json": lambda v, a, b: json.dumps({f"a{a}": v, "b": b}),
    "json, not only ASCII": lambda v, a, b: json.dumps([a, v, b], ensure_ascii=False),
    "json with escaped slashes": lambda v, a, b: json.dumps([v]).replace("/", "\\/"),
    "json twice": lambda v, a, b: json.dumps(json.dumps({"a": a + v})),
    "json twice, not only ASCII": lambda v, a, b: json.dumps(
        json.dumps([v, b], ensure_ascii=False), ensure_ascii=False
    ),
    "repr": lambda v, a, b: f"{a}{v!r}{b}",
    "bytes repr": lambda v, a, b: f"{a}{v.encode()!r}",
    "url": lambda v, a, b: f"https://x.example/?a={quote(v, safe='')}&b={b}",
    "url path": lambda v, a, b: f"https://x.example/{quote(v)}",
    "url lower case": lambda v, a, b: (
        "?a=" + PERCENT.sub(lambda m: m[0].lower(), quote(v, safe=""))
    ),
    "form": lambda v, a, b: f"k={quote_plus(v)}",
    "html": lambda v, a, b: f"<td title='{html.escape(v)}'>{html.escape(v, quote=False)}</td>",
    "hex": lambda v, a, b: f"0x{v.encode().hex()}",
    "HEX": lambda v, a, b: f"{a}{v.encode().hex().upper()}",
    "base64": lambda v, a, b: base64.b64encode((a + v + b).encode()).decode(),
    "base64 url-safe": lambda v, a, b: base64.urlsafe_b64encode((a + v + b).encode()).decode(),
    "base64 unpadded": lambda v, a, b: base64.b64encode((a + v).encode()).decode().rstrip("="),
    "basic authentication": lambda v, a, b: "Basic " + base64.b64encode(f"u:{v}".encode()).decode(),
}


@pytest.mark.parametrize("name", DISGUISES)
@given(value=VALUES, before=TEXTS, after=TEXTS)
def test_no_disguise_hides_a_value(name: str, value: str, before: str, after: str) -> None:
    """Whatever the value and whatever stands round it, the disguised value is found."""
    redactor = Redactor()
    assert redactor.arm("x", [value]) == []
    shown = DISGUISES[name](value, before, after)
    redaction = redactor.text(shown)
    assert redaction.findings["x"] >= 1
    assert MARK in redaction.text
    assert not any(form.decode() in redaction.text for form in forms_shown(value))


@given(value=KEYS, before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_what_is_left_of_a_base64_text_does_not_hold_the_value(
    value: str, before: bytes, after: bytes
) -> None:
    """At all three alignments, what remains round the placeholder decodes to the neighbours."""
    redactor = Redactor()
    redactor.arm("x", [value])
    text = redactor.text(base64.b64encode(before + value.encode() + after).decode()).text
    left, _, right = text.partition(MARK)
    assert len(left) <= (len(before) * 8 + 5) // 6
    assert len(right.rstrip("=")) <= (len(after) * 8 + 5) // 6 + 1


def test_a_base64_text_that_ends_with_the_value_leaves_no_padding_behind() -> None:
    """Where nothing follows the value, its last character and the padding go as well."""
    redactor = Redactor()
    redactor.arm("x", ["a-value-of-17-chr"])
    for user in ("", "u", "us", "use"):
        encoded = base64.b64encode(f"{user}a-value-of-17-chr".encode()).decode()
        assert redactor.text(f"{encoded}.").text.endswith(f"{MARK}.")


def test_short_values_have_no_forms_that_innocent_text_may_hold() -> None:
    """Below sixteen characters only plain, JSON and URL forms are searched for, literally."""
    assert forms("short-key", "x", 24) == ([], [b"short-key"])
    patterns, literals = forms('a"b/c+d12', "x", 24)
    assert patterns == []
    assert set(literals) == {
        b'a"b/c+d12',
        b'a\\"b/c+d12',
        b'a\\"b\\/c+d12',
        b'a\\\\\\"b/c+d12',
        b"a%22b%2Fc%2Bd12",
        b"a%22b%2fc%2bd12",
        b"a%22b/c%2Bd12",
        b"a%22b/c%2bd12",
    }


def test_words_are_looked_for_as_they_are_written() -> None:
    """A value without digits is no pattern: the same words stand in prose, spaced otherwise."""
    redactor = Redactor()
    redactor.arm("x", ["ibm-quantum-platform-key"])
    prose = "The IBM Quantum platform key is kept elsewhere"
    assert redactor.text(prose).text is prose
    assert redactor.text("is ibm-quantum-platform-key.").text == f"is {MARK}."


def test_a_key_of_ordinary_characters_needs_no_literal() -> None:
    """Searching stays cheap: one pass for all forms of all such keys."""
    _, literals = forms("Qk3vT9zLw0_xR7mNp2sYb8cHd5fGj1aE4uWiOq6tZlKV", "x", 24)
    assert literals == []


def test_the_lines_of_a_private_key_are_found_one_by_one() -> None:
    """Tools indent and cut a PEM text; its long lines are enough to recognise it."""
    body = base64.b64encode(bytes(range(256))).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    pem = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----"])
    redactor = Redactor()
    redactor.arm("x", [pem + "\n"])
    assert redactor.text(f"key:\n{pem}\n").text == f"key:\n{MARK}\n"
    indented = redactor.text("\n".join(f"    {line}" for line in pem.splitlines())).text
    assert not any(line in indented for line in lines if len(line) == 64)
    one = redactor.text(f"line 3: {lines[2]}").text
    assert one == f"line 3: {MARK}"


def test_a_value_that_looks_like_a_tag_is_not_kept_as_one() -> None:
    """Tags between a value's characters stay; those are none which the value itself has."""
    value = "<00000000000000>"
    redactor = Redactor()
    redactor.arm("x", [value])
    assert redactor.text(f"is {value}.").text == f"is {MARK}."
    tagged = "a <12345670<b>89abcdef</b>0ghijkl> z"
    redactor.arm("x", ["<1234567089abcdef0ghijkl>"])
    assert redactor.text(tagged).text == f"a {MARK}<b></b> z"


def test_a_lone_surrogate_in_a_value_breaks_nothing() -> None:
    """A value read with surrogateescape is armed and found like any other."""
    value = "secret-\udcff-value-of-a-file"
    redactor = Redactor()
    assert redactor.arm("x", [value]) == []
    assert redactor.text(f"<{value}>").text == f"<{MARK}>"


def test_the_two_ends_of_a_long_value_are_found_where_a_tool_cuts_it():
    """IPython's %whos shows 25 characters of each end of a text of 50 or more."""
    value = "qbr_0123456789abcdefghijKLMNOPQRSTUVWXYZ-0123456789abcdef"
    redactor = Redactor()
    redactor.arm("qbraid", [value])
    cut = f"key   str   {value[:25]}<...>{value[-25:]}"
    assert redactor.text(cut).text == "key   str   [redacted:qbraid]<...>[redacted:qbraid]"
    assert redactor.text(value).text == "[redacted:qbraid]"


def test_the_common_beginning_of_tokens_is_no_part_of_a_value():
    """Each JWT begins alike: another one is none of ours."""
    token = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLXRlc3Q"
    redactor = Redactor()
    redactor.arm("azure-quantum", [token])
    other = token[:37] + "eyJzdWIiOiJib2IifQ.b3RoZXItc2lnbmF0dXJl"
    assert redactor.text(other).text == other
    shown_by_whos = redactor.text(f"{token[:25]}<...>{token[-25:]}").text
    assert shown_by_whos == f"{token[:25]}<...>[redacted:azure-quantum]"
