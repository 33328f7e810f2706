"""Read the keys out of a vendor's file, and write the file without them."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.builtin import VENDORS

from .vendor_files import Format

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from .vendor_files import VendorFile

WHOLE: Final = "value"
"""What the key of a file is called that holds nothing else."""

_LIMIT: Final = 4 * 1024 * 1024
_MIN: Final = 8
"""Characters of the shortest text that is taken for a key."""

_EXAMPLE: Final = re.compile(r"(?i)(your|my)[ _-]|^<.*>$|^\$|^\[redacted:|^x+$|^\.+$|^\*+$")


class UnreadableError(Exception):
    """The file is not what its name says; the message never quotes it."""


@dataclass(frozen=True, slots=True)
class Account:
    """The keys of one section of a file.

    Attributes:
        section: its name; empty where the file has none.
        secrets: by the name of their field in the file.
        settings: what else a kernel may need, no secrets.
    """

    section: str
    secrets: Mapping[str, Secret]
    settings: Mapping[str, str]


def accounts(known: VendorFile, path: Path) -> list[Account]:
    """Return the accounts with keys in a file, in its order.

    Raises:
        UnreadableError: the file can't be read or parsed.
    """
    if known.format is Format.LINE:
        return _single(_read(path))
    found: list[Account] = []
    vendor = VENDORS.get(known.credential)
    public = vendor.public if vendor else frozenset()
    for section, fields in _sections(_parsed(known.format, _read(path)), ()):
        secrets = {
            name: Secret(value)
            for name, value in fields.items()
            if name in known.keys and _is_key(value)
        }
        if any(len(secret.reveal()) >= _MIN for secret in secrets.values()):
            settings = {name: value for name, value in fields.items() if name in public and value}
            found.append(Account(section, secrets, settings))
    return found


def without_keys(known: VendorFile, path: Path) -> bytes | None:
    """Return what is left of a file without its keys; None: nothing that is worth keeping.

    Raises:
        UnreadableError: the keys can't be taken out alone.
    """
    found = accounts(known, path)
    if known.format is Format.LINE:
        return None
    text = _read(path)
    names = {name for account in found for name in account.secrets}
    left = _without(_parsed(known.format, text), names)
    stored = {value for account in found for value in account.settings.values()}
    if all(value in stored for value in _strings(left)):
        return None
    if known.format is Format.JSON:
        made = json.dumps(left, indent=4, ensure_ascii=False) + "\n"
    else:
        made = _without_lines(text, names)
        if _without(_parsed(known.format, made), names) != left:
            raise UnreadableError("its keys can't be taken out alone")
    values = [secret.reveal() for account in found for secret in account.secrets.values()]
    if any(value in made for value in values):
        raise UnreadableError("a key stands in it a second time")
    return made.encode("utf-8")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            raise UnreadableError("it is too long for such a file")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise UnreadableError(error.strerror or "it can't be read") from None
    except UnicodeDecodeError:
        raise UnreadableError("it is not UTF-8 text") from None


def _parsed(form: Format, text: str) -> Any:
    try:
        if form is Format.JSON:
            return json.loads(text)
        if form is Format.TOML:
            return tomllib.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableError(f"it is not {form.upper()}") from None
    if form is Format.ENV:
        return dict(_env(text))
    # No section is special: what stands in [DEFAULT] belongs to it alone.
    parser = configparser.ConfigParser(interpolation=None, strict=False, default_section="\0")
    setattr(parser, "optionxform", str)  # noqa: B010 - as its manual says; types refuse it
    try:
        parser.read_string(text)
    except configparser.Error:
        raise UnreadableError("it is not an INI file") from None
    return {section: dict(parser[section]) for section in parser.sections()}


def _env(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if match := re.match(r"\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*?)\s*$", line):
            yield match[1], match[2].strip("'\"")


def _sections(value: Any, above: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Every table of a file with its texts, by the names above it."""
    if isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from _sections(item, (*above, str(number)))
    if not isinstance(value, dict):
        return
    texts = {name: item for name, item in value.items() if isinstance(item, str)}
    if texts:
        yield ".".join(above), texts
    for name, item in value.items():
        yield from _sections(item, (*above, str(name)))


def _single(text: str) -> list[Account]:
    value = text.strip()
    if len(value) < _MIN or not _is_key(value):
        return []
    return [Account("", {WHOLE: Secret(value)}, {})]


def _is_key(value: str) -> bool:
    one_line = "\n" not in value or value.lstrip().startswith("-----BEGIN ")
    return bool(value) and one_line and not _EXAMPLE.search(value)


def _without(value: Any, names: set[str]) -> Any:
    """The value without these keys, and without the tables that are empty then."""
    if isinstance(value, list):
        return [_without(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _without(item, names) for name, item in value.items() if name not in names}
    return {name: item for name, item in kept.items() if item != {}}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _without_lines(text: str, names: set[str]) -> str:
    either = "|".join(map(re.escape, sorted(names)))
    line = re.compile(rf"\s*(?:export\s+)?[\"']?(?:{either})[\"']?\s*[=:]")
    return "".join(one for one in text.splitlines(keepends=True) if not line.match(one))
