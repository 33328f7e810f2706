"""The history of documents edited together, in memory instead of in a database on the disk.

jupyter-collaboration keeps every change of every document in ``.jupyter_ystore.db``, a value that
somebody pasted and removed again included, and no change can be taken out of such a history. In
memory it serves the same purposes while the server runs; when the server starts, a document is read
from its file, which was redacted.

Imported by jupyter-collaboration itself, by name: nothing here is loaded where it is not installed.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pycrdt import merge_updates  # type: ignore[import-not-found] # no dependency of ours
from pycrdt.store import BaseYStore, YDocNotFound  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_MOST_UPDATES: Final = 2_000
_MOST_DOCUMENTS: Final = 200


class MemoryYStore(BaseYStore):  # type: ignore[misc]
    """Keeps updates for as long as the process lives.

    Args:
        path: the document.
        metadata_callback: see ``BaseYStore``.
        log: not used.
        config: not used; jupyter-collaboration passes it.
    """

    histories: ClassVar[OrderedDict[str, list[tuple[bytes, bytes, float]]]] = OrderedDict()

    def __init__(
        self, path: str, metadata_callback: Any = None, log: Any = None, config: Any = None
    ) -> None:
        self.path = path
        self.metadata_callback = metadata_callback
        self.log = log
        self.config = config

    async def read(self) -> AsyncIterator[tuple[bytes, bytes, float]]:
        """Yield each update with its metadata and time.

        Raises:
            YDocNotFound: there is none.
        """
        history = self.histories.get(self.path)
        if not history:
            raise YDocNotFound
        for entry in list(history):
            yield entry

    async def write(self, data: bytes) -> None:
        """Keep an update. A long history is squashed: its older half becomes one update."""
        metadata = await self.get_metadata()
        history = self.histories.setdefault(self.path, [])
        self.histories.move_to_end(self.path)
        history.append((data, metadata, time.time()))
        if len(history) > _MOST_UPDATES:
            half = _MOST_UPDATES // 2
            older = merge_updates(*(update for update, _, _ in history[:half]))
            history[:half] = [(older, *history[half - 1][1:])]
        while len(self.histories) > _MOST_DOCUMENTS:
            self.histories.popitem(last=False)
