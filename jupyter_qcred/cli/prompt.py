"""Get secret values from a person or from standard input, and refuse what can't be meant."""

from __future__ import annotations

import getpass
import json
import warnings
from typing import IO, TYPE_CHECKING, Final

from jupyter_qcred.issue.embedded.pasted import BadValueError, one_line, secret_of

if TYPE_CHECKING:
    from jupyter_qcred.core.secret import Secret

LIMIT: Final = 64 * 1024
"""Longest input in bytes; a long PEM chain has a few thousand."""


def ask(credential: str, field: str, *, hidden: bool = True) -> Secret:
    """Ask a person; typing is not shown unless the field is no secret.

    Raises:
        BadValueError: empty, not one line of text, or the terminal can't hide it.
    """
    label = f"{credential} {field}: "
    try:
        if not hidden:
            return one_line(input(label), field)
        with warnings.catch_warnings():
            # Where the terminal can't hide what is typed, getpass warns and shows it.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return one_line(getpass.getpass(label), field)
    except getpass.GetPassWarning:
        raise BadValueError(
            "This terminal can't hide what you type; pipe the value in with --stdin."
        ) from None
    except EOFError:
        raise BadValueError(f"No value was given for {field}.") from None


def read(stream: IO[bytes], names: list[str]) -> dict[str, Secret]:
    """Read one value, or a JSON object with exactly these fields when there are several.

    Raises:
        BadValueError: empty, too long, no text, other fields, or several lines that are neither
            PEM nor JSON.
    """
    raw = stream.read(LIMIT + 1)
    if len(raw) > LIMIT:
        raise BadValueError(f"The input is longer than {LIMIT} bytes: no credential is.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadValueError("The input is not UTF-8 text.") from None
    if len(names) == 1:
        return {names[0]: secret_of(text, names[0])}
    return {name: secret_of(value, name) for name, value in _object(text, names).items()}


def _object(text: str, names: list[str]) -> dict[str, str]:
    wanted = ", ".join(names)
    try:
        found = json.loads(text)
    except ValueError:
        raise BadValueError(f"The input must be a JSON object with the fields {wanted}.") from None
    if not isinstance(found, dict) or set(found) != set(names):
        raise BadValueError(f"The input must be a JSON object with exactly the fields {wanted}.")
    if not all(isinstance(value, str) for value in found.values()):
        raise BadValueError("Each field of the JSON object must be a string.")
    return found
