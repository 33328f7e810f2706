"""With NumPy or without, the same is found."""

from __future__ import annotations

import random

import pytest

from jupyter_qcred.deliver import vector
from jupyter_qcred.deliver.armed import ArmedRedactor
from jupyter_qcred.redact import Redactor

VALUES = [
    "Qk3vT9zLw0_xR7mNp2sYb8cHd5fGj1aE4uWiOq6tZlKV",
    "AKIAWPSRX2ZCP67NYALP",
    "d7b6f3f0-5d0d-4c55-9d6b-0f4a9a1d2c3e",
]


def armed(redactor: Redactor) -> Redactor:
    for number, value in enumerate(VALUES):
        redactor.arm(f"c{number}", [value])
    return redactor


def some_text(seed: int, size: int) -> str:
    rng = random.Random(seed)
    parts = []
    while sum(map(len, parts)) < size:
        value = rng.choice(VALUES)
        start = rng.randrange(len(value))
        parts += [
            rng.choice(
                [value, value.upper(), " ".join(value), value[start:], value.encode().hex()]
            ),
            "".join(rng.choices("abcdef0123456789 \n_-", k=rng.randrange(3000))),
        ]
    return "".join(parts)


@pytest.mark.parametrize("seed", range(6))
def test_a_table_of_hashes_finds_what_a_set_finds(seed: int) -> None:
    """In texts of every size: whole values, parts of them and disguises."""
    server, kernel = armed(ArmedRedactor(8, 24)), armed(Redactor(8, 24))
    for size in (10, 5_000, 300_000):
        text = some_text(seed, size)
        assert server.text(text) == kernel.text(text)
        texts = text.split("\n")
        assert server.tree(texts).value == kernel.tree(texts).value


def test_the_table_is_used_where_numpy_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """And where it is not, nothing is missed."""
    text = some_text(7, 100_000)
    with_table = armed(ArmedRedactor(8, 24))
    assert with_table.matcher.grid._table._hashes is not None
    monkeypatch.setattr(vector, "_numpy", lambda: None)
    without = armed(ArmedRedactor(8, 24))
    assert without.matcher.grid._table._hashes is None
    assert with_table.text(text) == without.text(text)


def test_the_table_grows_with_what_is_armed() -> None:
    """Hundreds of values: each is found, also one of the first and one of the last."""
    rng = random.Random(3)
    values = [
        "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0123456789", k=32)) for _ in range(400)
    ]
    redactor = ArmedRedactor(8, 24)
    for number, value in enumerate(values):
        redactor.arm(f"c{number}", [value])
    text = "\n".join("-" * 4000 + value for value in values)
    assert redactor.text(text).text == "\n".join(
        "-" * 4000 + f"[redacted:c{number}]" for number in range(400)
    )


def test_what_is_forgotten_leaves_the_arrays_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest of many values is in innocent text what it was before; the others are found."""
    monkeypatch.setattr("jupyter_qcred.deliver.armed._MOST", 100)
    rng = random.Random(4)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0123456789"
    values = ["".join(rng.choices(letters, k=32)) for _ in range(250)]
    redactor = ArmedRedactor(8, 24)
    for number, value in enumerate(values):
        redactor.arm(f"c{number}", [value])
    for number in (0, 60, 149):
        text = "-" * 4000 + values[number]
        assert redactor.text(text).text is text
    for number in (150, 200, 249):
        found = redactor.text("-" * 4000 + values[number].encode().hex()).text
        assert found == "-" * 4000 + f"[redacted:c{number}]"
    redactor.arm("again", [values[0]])
    assert redactor.text(values[0]).text == "[redacted:again]"
