"""Redact files by the code that redacts what a server saves."""

from __future__ import annotations

import base64
import json
import logging
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import nbformat
import nbformat.reader
from tornado.web import HTTPError

from jupyter_qcred.server.save_check import SaveCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.redact import Redactor

    Model = dict[str, Any]


_format: Final[Any] = nbformat  # partly typed
_reader: Final[Any] = nbformat.reader


class RefusedError(Exception):
    """A file was left as it is; the message says why, and holds nothing of the file."""


class FileRedactor:
    """Takes values out of files.

    Args:
        redactor: knows the values.
        output: where results go; None: into the place of the originals.
    """

    def __init__(self, redactor: Redactor, output: Path | None) -> None:
        self._check = SaveCheck(redactor)
        self._output = output
        self._log = logging.getLogger("jupyter_qcred")

    def redact(self, file: Path) -> Mapping[str, int]:
        """Redact one file; return the findings by credential, none if it is clean.

        Raises:
            RefusedError: it can't be read, redacted or written.
        """
        try:
            data = file.read_bytes()
            model = _model(file, data)
            checked, findings = self._check.or_refuse(model, file.name, self._log)
            self._write(file, data if checked is model else _bytes(checked))
        except HTTPError as error:
            raise RefusedError(str(error.reason).replace("Not saved", "Not redacted")) from None
        except OSError as error:
            raise RefusedError(error.strerror or type(error).__name__) from None
        return findings

    def _write(self, file: Path, data: bytes) -> None:
        if self._output is not None:
            self._output.mkdir(parents=True, exist_ok=True)
            place(self._output / file.name, data, file.stat().st_mode)
        elif data != file.read_bytes():
            # Where it is a link, the file behind it is the one that changes.
            place(file.resolve(), data, file.stat().st_mode)


def place(target: Path, data: bytes, mode: int) -> None:
    """Write a file whole or not at all, with a mode that it had from its beginning."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        Path(name).chmod(stat.S_IMODE(mode))
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _model(file: Path, data: bytes) -> Model:
    """The contents model that a front-end would put for this file."""
    if file.suffix == ".ipynb":
        # What can't be read as a notebook is opened as text, and saved so.
        with suppress(Exception):
            return {"type": "notebook", "format": "json", "content": _notebook(data)}
    try:
        return {"type": "file", "format": "text", "content": data.decode()}
    except UnicodeDecodeError:
        return {"type": "file", "format": "base64", "content": base64.b64encode(data).decode()}


def _notebook(data: bytes) -> Model:
    """A notebook as a server hands it out and gets it back: its lines joined, nothing converted."""
    notebook = _reader.reads(data.decode("utf-8-sig"))
    # Written once now, so that what can't be written is text from the beginning.
    _written(notebook)
    content: Model = json.loads(json.dumps(notebook))
    return content


def _written(notebook: Any) -> str:
    major = _reader.get_version(notebook)[0]
    text: str = _format.versions[major].writes_json(_format.from_dict(notebook))
    return text if text.endswith("\n") else f"{text}\n"


def _bytes(model: Model) -> bytes:
    content = model["content"]
    if model["type"] == "file":
        return base64.b64decode(content) if model["format"] == "base64" else content.encode()
    text = _written(content)
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which only an escape can express
        return "".join(
            c if not "\ud800" <= c <= "\udfff" else f"\\u{ord(c):04x}" for c in text
        ).encode()
