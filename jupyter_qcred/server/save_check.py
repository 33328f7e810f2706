"""Decide what may be written of a contents model: itself, a redacted copy, or nothing."""

from __future__ import annotations

import base64
import binascii
import json
import traceback
from typing import TYPE_CHECKING, Any, Final

from tornado.web import HTTPError

from jupyter_qcred.core.errors import RedactionError
from jupyter_qcred.redact.notebook import redact_notebook, redact_notebook_text

from .cells import Cells
from .escape import asked_for, without_outputs
from .receipt import with_metadata
from .save_policy import KNOWN_ONLY
from .unknown import merged
from .upload import LAST, BinaryFileError, LostUploadError, Upload, Uploads

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from jupyter_qcred.redact import Redactor

    from .save_policy import SavePolicy
    from .unknown import Unknown

    Model = dict[str, Any]
    Checked = tuple[Model, Mapping[str, int]]

_CLEAN: Final[dict[str, int]] = {}
_FAILED: Final = str(
    RedactionError("Not saved: looking for credentials in it failed, so nothing was written")
)
_ESCAPE: Final = (
    ' To save this notebook now, but without any outputs, set {"qcred": {"save_without_outputs": '
    "true}} in its metadata (Property Inspector, Advanced Tools) and save again."
)
_BINARY: Final = (
    "Not saved: this file is not text, and holds a live value of {}. "
    "Remove the value from the file, then save it again."
)
_LOST: Final = "Not saved: the beginning of this upload is unknown. Upload the file again."
_UNREADABLE: Final = "Not saved: the content is not in the format it says. Upload the file again."


class SaveCheck:
    """Makes a model that holds no values of one that may. Blocks; safe in several threads."""

    def __init__(self, redactor: Redactor, policy: SavePolicy = KNOWN_ONLY) -> None:
        self._redactor = redactor
        self._policy = policy
        self._uploads = Uploads(redactor)
        self._cells = Cells()

    def has_nothing_to_do(self) -> bool:
        """Whether every model would be saved as it is."""
        policy = self._policy
        return not (self._redactor.generation or policy.unknown or policy.metadata)

    def fingerprints(self, path: str) -> Callable[[object], Mapping[str, tuple[str, ...]]]:
        """Return what tells the fingerprints of what detectors find in a JSON value."""
        unknown = self._policy.unknown
        if unknown is None:
            return lambda _: {}
        rules = unknown.rules(path.strip("/"))
        return lambda part: unknown.fingerprints(part, rules)

    def or_refuse(self, model: Model, path: str, log: logging.Logger) -> Checked:
        """Return the model to save, the very same when it is clean, and the findings.

        Raises:
            HTTPError: it must not be saved; ``reason`` is what the user reads.
        """
        path = path.strip("/")
        try:
            return self._check(model, path)
        except HTTPError:
            raise
        except BinaryFileError as error:
            self._uploads.give_up(path)
            raise _refusal(400, _BINARY.format(", ".join(error.credentials))) from None
        except LostUploadError:
            raise _refusal(400, _LOST) from None
        except Exception as error:  # noqa: BLE001 - whatever it was, the file was not checked
            self._uploads.give_up(path)
            frame = traceback.extract_tb(error.__traceback__)[-1]
            log.error(  # noqa: TRY400 - the message and the cause may both quote the file
                "jupyter_qcred: save refused: %s in %s, line %s",
                type(error).__name__,
                frame.name,
                frame.lineno,
            )
            return self._without_outputs(model, log)

    def _without_outputs(self, model: Model, log: logging.Logger) -> Checked:
        """The user's way out, if it was asked for; see ``escape``."""
        content, values = model.get("content"), self._policy.values
        if not isinstance(content, dict) or "cells" not in content or values is None:
            raise _refusal(503, _FAILED) from None
        if not asked_for(content):
            raise _refusal(503, _FAILED + _ESCAPE) from None
        try:
            bare, findings = without_outputs(content, values())
        except Exception as error:  # noqa: BLE001 - it was not checked by this, either
            log.error("jupyter_qcred: save refused: %s", type(error).__name__)  # noqa: TRY400
            raise _refusal(503, _FAILED) from None
        return {**model, "content": bare}, findings

    def _check(self, model: Model, path: str) -> Checked:
        content = model.get("content")
        if model.get("chunk") is not None:
            return self._chunk(model, path, model["chunk"])
        if model.get("type") == "file" and isinstance(content, str):
            if model.get("format") == "base64":
                return self._bytes(model, Upload(self._redactor), last=True)
            return self._text(model, content, path)
        return self._tree(model, content, path)

    def _tree(self, model: Model, content: object, path: str) -> Checked:
        if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
            tree = self._redactor.tree(content)
            return _with(model, tree.value, tree.findings)
        unknown = self._policy.unknown
        rules = unknown.rules(path) if unknown is not None else None
        version = (self._redactor.generation, rules and rules.version)

        def look(part: dict[str, Any]) -> tuple[Any, Mapping[str, int]]:
            known = redact_notebook(self._redactor, part)
            if unknown is None or rules is None:
                return known.value, known.findings
            more = unknown.notebook(known.value, rules)
            return more.value, merged(known.findings, more.findings)

        value, findings = self._cells.redact(content, version, look)
        if self._policy.metadata:
            value = with_metadata(value)
        return ({**model, "content": value} if value is not content else model), findings

    def _text(self, model: Model, content: str, path: str) -> Checked:
        unknown = self._policy.unknown
        if not path.endswith(".ipynb"):
            redaction = self._redactor.text(content)
            if unknown is None or not self._policy.text_files:
                return _with(model, redaction.text, redaction.findings)
            more = unknown.text(redaction.text, path)
            return _with(model, more.text, merged(redaction.findings, more.findings))
        redaction = redact_notebook_text(self._redactor, content)
        text, findings = redaction.text, redaction.findings
        if unknown is not None:
            text, more_findings = _unknown_in(unknown, text, path)
            findings = merged(findings, more_findings)
        return _with(model, text, findings)

    def _chunk(self, model: Model, path: str, number: int) -> Checked:
        armed = bool(self._redactor.generation)
        if not armed and number != 1:
            return model, _CLEAN
        # The first chunk opens the upload in any case: a value may be armed before the last.
        upload = self._uploads.of(path, number)
        return self._bytes(model, upload, last=number == LAST) if armed else (model, _CLEAN)

    def _bytes(self, model: Model, upload: Upload, *, last: bool) -> Checked:
        encoded = model.get("format") == "base64"
        try:
            content = model["content"].encode("ascii" if encoded else "utf-8")
            # As the file managers decode it: line breaks and other strange characters are skipped.
            data = base64.decodebytes(content) if encoded else content
        except (KeyError, AttributeError, UnicodeEncodeError, binascii.Error):
            raise _refusal(400, _UNREADABLE) from None
        emit, findings = upload.feed(data, last=last)
        if emit == data:
            return model, findings
        text = base64.b64encode(emit).decode() if encoded else emit.decode()
        return {**model, "content": text}, findings


def _unknown_in(unknown: Unknown, text: str, path: str) -> tuple[str, Mapping[str, int]]:
    """Redact the text of a notebook file; it is written anew only where something was found."""
    try:
        found = unknown.notebook(json.loads(text), unknown.rules(path))
        if not found.findings:
            return text, found.findings
        return json.dumps(found.value, ensure_ascii=False, indent=1) + "\n", found.findings
    except (ValueError, RecursionError):
        return unknown.text(text, path)


def _refusal(status: int, words: str) -> HTTPError:
    # Some clients show the message, some the reason.
    return HTTPError(status, words, reason=words)


def _with(model: Model, content: object, findings: Mapping[str, int]) -> Checked:
    return ({**model, "content": content} if findings else model), findings
