"""Cells that were clean are not looked at again, until something else is looked for."""

from __future__ import annotations

import threading
from typing import Any

import nbformat
import pytest

from jupyter_qcred.server.cells import Cells


class Look:
    """Redacts the word ``secret``, and notes what it was shown."""

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def __call__(self, part: dict[str, Any]) -> tuple[Any, dict[str, int]]:
        self.shown.append([cell["source"] for cell in part["cells"]])
        self.shown[-1] += [key for key in part if key != "cells"]
        dirty = [cell for cell in part["cells"] if "secret" in cell["source"]]
        if not dirty and "secret" not in part.get("title", ""):
            return part, {}
        cells = [
            {**cell, "source": "[redacted]"} if cell in dirty else cell for cell in part["cells"]
        ]
        changed = {**part, "cells": cells}
        if "title" in part:
            changed["title"] = part["title"].replace("secret", "[redacted]")
        return changed, {"x": len(dirty) or 1}


@pytest.fixture
def look() -> Look:
    return Look()


def notebook(*sources: str, **more: Any) -> dict[str, Any]:
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return {"nbformat": 4, "cells": cells, **more}


def test_only_what_changed_is_looked_at(look: Look) -> None:
    """A notebook that is saved again costs what its new cells cost."""
    cells = Cells()
    first = notebook("a", "b", "c", title="t")
    assert cells.redact(first, 1, look) == (first, {})
    assert cells.redact(notebook("a", "b", "c", title="t"), 1, look)[1] == {}
    assert cells.redact(notebook("a", "B", "c", title="t"), 1, look)[1] == {}
    assert cells.redact(notebook("c", "d", "B", title="other"), 1, look)[1] == {}
    assert look.shown == [["a", "b", "c", "nbformat", "title"], ["B"], ["d", "nbformat", "title"]]


def test_a_clean_notebook_is_the_very_same(look: Look) -> None:
    """The first time, and when all of it is remembered."""
    cells = Cells()
    for _ in range(2):
        content = notebook("a", "b")
        assert cells.redact(content, 1, look)[0] is content


def test_whatever_else_is_looked_for_everything_is_looked_at_again(look: Look) -> None:
    """A value that is armed later may stand in a cell that was clean before."""
    cells = Cells()
    for version in (1, 1, 2, 2, 1):
        cells.redact(notebook("a"), version, look)
    assert look.shown == [["a", "nbformat"]] * 3


def test_a_cell_with_a_value_is_looked_at_each_time(look: Look) -> None:
    """And only it: its neighbours are remembered; the order of keys and cells stays."""
    cells = Cells()
    for _ in range(2):
        content = notebook("a", "secret", "c", title="t")
        redacted, findings = cells.redact(content, 1, look)
        assert [cell["source"] for cell in redacted["cells"]] == ["a", "[redacted]", "c"]
        assert list(redacted) == ["nbformat", "cells", "title"]
        assert redacted["cells"][0] is content["cells"][0]
        assert findings == {"x": 1}
        assert content["cells"][1]["source"] == "secret", "the caller's notebook is left alone"
    assert look.shown[1] == ["secret", "nbformat", "title"]


def test_what_stands_beside_the_cells_is_redacted_too(look: Look) -> None:
    """Metadata may hold a value while all cells are clean and remembered."""
    cells = Cells()
    cells.redact(notebook("a", title="t"), 1, look)
    redacted, _ = cells.redact(notebook("a", title="a secret"), 1, look)
    assert redacted == notebook("a", title="a [redacted]")


def test_content_that_python_cannot_number_is_looked_at_each_time(look: Look) -> None:
    """Classes of nbformat are no plain dicts; their class is kept."""
    cells = Cells()
    for _ in range(2):
        content = nbformat.from_dict(notebook("a", "secret"))
        redacted, _ = cells.redact(content, 1, look)
        assert type(redacted) is type(content)
    assert look.shown == [["a", "secret", "nbformat"]] * 2


def test_threads_do_not_mix_versions(look: Look) -> None:
    """What was clean under one version is never taken for clean under another."""
    cells = Cells()
    missed: list[int] = []

    def save(version: int) -> None:
        for number in range(300):
            seen: list[Any] = []

            def dirty(part: dict[str, Any], seen: list[Any] = seen) -> tuple[Any, dict[str, int]]:
                seen.extend(part["cells"])
                return part, {}

            source = f"{version if version % 2 else 'all'} {number}"
            cells.redact(notebook(source), (version, number), dirty)
            if not seen:
                missed.append(number)

    threads = [threading.Thread(target=save, args=(version,)) for version in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert missed == []
