"""Decide what may be written of a contents model: itself, a redacted copy, or nothing."""

from __future__ import annotations

import base64
import binascii
import traceback
from typing import TYPE_CHECKING, Any, Final

from tornado.web import HTTPError

from jupyter_qcred.core.errors import RedactionError
from jupyter_qcred.redact.notebook import Notebooks, redact_notebook_text

from .upload import LAST, BinaryFileError, LostUploadError, Upload, Uploads

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from jupyter_qcred.redact import Redactor

    Model = dict[str, Any]
    Checked = tuple[Model, Mapping[str, int]]

_CLEAN: Final[dict[str, int]] = {}
_FAILED: Final = str(
    RedactionError("Not saved: looking for credentials in it failed, so nothing was written")
)
_BINARY: Final = (
    "Not saved: this file is not text, and holds a live value of {}. "
    "Remove the value from the file, then save it again."
)
_LOST: Final = "Not saved: the beginning of this upload is unknown. Upload the file again."
_UNREADABLE: Final = "Not saved: the content is not in the format it says. Upload the file again."


class SaveCheck:
    """Makes a model that holds no values of one that may. Blocks; safe in several threads."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._uploads = Uploads(redactor)
        self._notebooks = Notebooks(redactor)

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
            raise _refusal(503, _FAILED) from None

    def _check(self, model: Model, path: str) -> Checked:
        content = model.get("content")
        if model.get("chunk") is not None:
            return self._chunk(model, path, model["chunk"])
        if model.get("type") == "file" and isinstance(content, str):
            if model.get("format") == "base64":
                return self._bytes(model, Upload(self._redactor), last=True)
            return self._text(model, content, path)
        tree = self._notebooks.redact(content)
        return _with(model, tree.value, tree.findings)

    def _text(self, model: Model, content: str, path: str) -> Checked:
        if path.endswith(".ipynb"):
            redaction = redact_notebook_text(self._redactor, content)
        else:
            redaction = self._redactor.text(content)
        return _with(model, redaction.text, redaction.findings)

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


def _refusal(status: int, words: str) -> HTTPError:
    # Some clients show the message, some the reason.
    return HTTPError(status, words, reason=words)


def _with(model: Model, content: object, findings: Mapping[str, int]) -> Checked:
    return ({**model, "content": content} if findings else model), findings
