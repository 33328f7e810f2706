"""What a person pasted or typed as a credential's value, and what cannot be meant."""

from __future__ import annotations

from typing import Final

from jupyter_qcred.core.secret import Secret

LONGEST: Final = 64 * 1024
"""Characters; a long PEM chain has a few thousand."""


class BadValueError(Exception):
    """The value is not acceptable; the message never holds it."""


def secret_of(text: str, field: str) -> Secret:
    """Return a value as it is to be stored; line ends behind it are dropped.

    Args:
        text: the value.
        field: what it is called, for messages.

    Raises:
        BadValueError: empty, too long, with invisible characters, or several lines that are neither
            PEM nor JSON.
    """
    text = text.rstrip("\r\n")
    if len(text) > LONGEST:
        raise BadValueError(f"{_called(field)} is longer than {LONGEST} characters.")
    if "\n" not in text:
        return one_line(text, field)
    if not text.lstrip().startswith(("-----BEGIN ", "{")):
        raise BadValueError(
            f"{_called(field)} has several lines and is neither PEM nor JSON: is it the right file?"
        )
    return Secret(text)


def one_line(text: str, field: str) -> Secret:
    """Return a value of one line.

    Raises:
        BadValueError: empty, begins or ends with a space, or has invisible characters.
    """
    if not text.strip():
        raise BadValueError(f"{_called(field)} is empty.")
    if text != text.strip():
        raise BadValueError(f"{_called(field)} begins or ends with a space.")
    if not text.isprintable():
        raise BadValueError(
            f"{_called(field)} has invisible characters: a cursor key, or a failed paste?"
        )
    return Secret(text)


def _called(field: str) -> str:
    return "The value" if field == "value" else f"The value of {field}"
