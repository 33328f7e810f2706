"""Redact a file that is saved as bytes, at once or in chunks.

Text loses the value. A binary file that holds one is refused: nobody can say what a changed archive
or database would still be good for, and the user still has the file.
"""

from __future__ import annotations

import codecs
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from jupyter_qcred.redact import ByteWindow

if TYPE_CHECKING:
    from jupyter_qcred.redact import Redactor

LAST: Final = -1
"""The number that Jupyter's clients give the last chunk."""

_MAX_UPLOADS: Final = 64


class BinaryFileError(Exception):
    """A binary file holds a value of ``credentials``."""

    def __init__(self, credentials: list[str]) -> None:
        self.credentials = credentials
        super().__init__()


class LostUploadError(Exception):
    """A chunk came whose predecessors we never saw: a value could span the border."""


class Upload:
    """One file on its way."""

    def __init__(self, redactor: Redactor) -> None:
        self._window = ByteWindow(redactor, patient=True)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = True

    def feed(self, data: bytes, *, last: bool) -> tuple[bytes, dict[str, int]]:
        """Take the next bytes; return what may be written now, and the findings in it.

        Raises:
            BinaryFileError: there is a value, and the file is no text.
        """
        self._text = self._text and self._is_text(data)
        emit, findings = self._window.feed(data)
        total = dict(findings)
        if last:
            emit += self._window.flush()
            for credential, number in self._window.take_findings().items():
                total[credential] = total.get(credential, 0) + number
        if total and not self._text:
            raise BinaryFileError(sorted(total))
        return emit, total

    def _is_text(self, data: bytes) -> bool:
        try:
            self._decoder.decode(data)
        except UnicodeDecodeError:
            return False
        return b"\0" not in data


class Uploads:
    """Files whose chunks are on their way, by path; the oldest are given up beyond a number."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Upload] = OrderedDict()

    def of(self, path: str, chunk: int) -> Upload:
        """Return the upload to which a chunk belongs; the first one opens it, the last closes it.

        Raises:
            LostUploadError: it is not open.
        """
        with self._lock:
            if chunk == 1:
                self._open[path] = Upload(self._redactor)
                self._open.move_to_end(path)
                while len(self._open) > _MAX_UPLOADS:
                    self._open.popitem(last=False)
            upload = self._open.pop(path, None) if chunk == LAST else self._open.get(path)
        if upload is None:
            raise LostUploadError
        return upload

    def give_up(self, path: str) -> None:
        """Refuse what is still to come of an upload."""
        with self._lock:
            self._open.pop(path, None)
