"""Names for secrets that only the holder of a key can compute."""

from __future__ import annotations

import re

import pytest

from jupyter_qcred.detect import Fingerprints

KEY = b"k" * 32


def test_a_fingerprint_is_short_printable_and_keyed() -> None:
    """The same secret has the same one under one key, another under another."""
    one = Fingerprints(KEY)
    assert re.fullmatch(r"[A-Z2-7]{16}", one.of("a secret"))
    assert len(one.of("")) == Fingerprints.LENGTH
    assert one.of("a secret") == Fingerprints(KEY).of("a secret")
    assert one.of("a secret") != Fingerprints(b"l" * 32).of("a secret")
    assert one.of("a secret") != one.of("a secreT")


def test_white_space_round_a_secret_does_not_count() -> None:
    """A file ends with a line feed, the secret in it does not."""
    assert Fingerprints(KEY).of(" abc\n") == Fingerprints(KEY).of("abc")


def test_fingerprints_are_compared() -> None:
    """Equal ones are the same; anything else, of any characters, is not."""
    fingerprint = Fingerprints(KEY).of("a")
    assert Fingerprints.same(fingerprint, Fingerprints(KEY).of("a"))
    assert not Fingerprints.same(fingerprint, fingerprint.lower())
    assert not Fingerprints.same(fingerprint, "é\ud800")


def test_a_secret_of_any_characters_has_one() -> None:
    """Lone surrogates come from files read with surrogateescape."""
    assert len(Fingerprints(KEY).of("\ud800\0é")) == Fingerprints.LENGTH


def test_a_short_key_is_refused_and_no_key_is_shown() -> None:
    """A guessable key would let anybody confirm a guess at a secret."""
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Fingerprints(b"short")
    assert "kkkk" not in repr(Fingerprints(KEY))
