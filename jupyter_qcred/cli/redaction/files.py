"""Redact files by the code that redacts what a server saves."""

from __future__ import annotations

import base64
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError

from jupyter_qcred.cli.whole_file import write_whole

from .notebook import notebook_of, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jupyter_qcred.server.save_check import SaveCheck

    Model = dict[str, Any]


class RefusedError(Exception):
    """A file was left as it is; the message says why, and holds nothing of the file."""


class FileRedactor:
    """Takes values out of files.

    Args:
        check: decides what may be written of a file, as at a save.
        output: where results go; None: into the place of the originals.
    """

    def __init__(self, check: SaveCheck, output: Path | None) -> None:
        self._check = check
        self._output = output
        self._log = logging.getLogger("jupyter_qcred")

    def redact(self, file: Path) -> Mapping[str, int]:
        """Redact one file; return the findings by credential, none if it is clean.

        Raises:
            RefusedError: it can't be read, redacted or written.
        """
        try:
            data = file.read_bytes()
            redacted, findings = self._redacted(file, data)
            self._write(file, data, redacted)
        except HTTPError as error:
            raise RefusedError(str(error.reason).replace("Not saved", "Not redacted")) from None
        except OSError as error:
            raise RefusedError(error.strerror or type(error).__name__) from None
        return findings

    def _redacted(self, file: Path, data: bytes) -> tuple[bytes, Mapping[str, int]]:
        """What a save would write, and the findings in it."""
        notebook = notebook_of(data) if file.suffix == ".ipynb" else None
        if notebook is not None:
            model = {"type": "notebook", "format": "json", "content": notebook}
            checked, findings = self._check.or_refuse(model, file.name, self._log)
            if checked is model:
                return data, findings
            # What Jupyter can't write as a notebook, it opened as text.
            with suppress(Exception):
                return written(checked["content"]), findings
        model = _text(data)
        checked, findings = self._check.or_refuse(model, file.name, self._log)
        return data if checked is model else _bytes(checked), findings

    def _write(self, file: Path, data: bytes, redacted: bytes) -> None:
        mode = file.stat().st_mode
        if self._output is not None:
            self._output.mkdir(parents=True, exist_ok=True)
            write_whole(self._output / file.name, redacted, mode)
        elif redacted != data:
            # Where it is a link, the file behind it is the one that changes.
            write_whole(file.resolve(), redacted, mode)


def _text(data: bytes) -> Model:
    """The contents model that a front-end would put for a file that is no notebook."""
    try:
        return {"type": "file", "format": "text", "content": data.decode()}
    except UnicodeDecodeError:
        return {"type": "file", "format": "base64", "content": base64.b64encode(data).decode()}


def _bytes(model: Model) -> bytes:
    content: str = model["content"]
    return base64.b64decode(content) if model["format"] == "base64" else content.encode()
