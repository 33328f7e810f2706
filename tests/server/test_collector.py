"""While a notebook is saved, the garbage collector looks rarely, and afterwards as before."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError

from jupyter_qcred.redact import Redactor
from jupyter_qcred.server.contents import redacting_contents_manager

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODEL: dict[str, Any] = {"type": "file", "format": "text", "content": "harmless"}


@pytest.fixture(autouse=True)
def usual_thresholds() -> Iterator[tuple[int, int, int]]:
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)


class Manager(AsyncLargeFileManager):
    """Tells what the collector's threshold was while it saved."""

    seen: list[int]

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        self.seen.append(gc.get_threshold()[0])
        await asyncio.sleep(0)  # lets another save begin
        if path == "refused.txt":
            raise HTTPError(403)
        saved: dict[str, Any] = await super().save(model, path)
        return saved


def manager(directory: Path) -> Any:
    redactor = Redactor()
    redactor.arm("x", ["a-value-of-some-length-0123456789"])
    made = redacting_contents_manager(Manager, redactor, lambda _: None)(root_dir=str(directory))
    made.seen = []  # type: ignore[attr-defined]
    return made


def test_the_collector_looks_rarely_during_saves_and_as_before_when_the_last_is_done(
    tmp_path: Path, usual_thresholds: tuple[int, int, int]
) -> None:
    """Two saves at once raise the threshold once, a failed one lowers it as well."""
    saver = manager(tmp_path)

    async def both() -> list[Any]:
        saves = (saver.save(dict(MODEL), name) for name in ("a.txt", "refused.txt"))
        return await asyncio.gather(*saves, return_exceptions=True)

    saved, refused = asyncio.run(both())
    assert saved["path"] == "a.txt"
    assert isinstance(refused, HTTPError)
    assert all(seen > usual_thresholds[0] for seen in saver.seen)
    assert len(saver.seen) == 2
    assert gc.get_threshold() == usual_thresholds


@pytest.mark.parametrize("chosen", [0, 50_000_000])
def test_a_threshold_that_somebody_chose_is_left_alone(tmp_path: Path, chosen: int) -> None:
    """Neither a collector that is off nor one that is rarer than ours is changed."""
    gc.set_threshold(chosen, 5, 5)
    saver = manager(tmp_path)
    asyncio.run(saver.save(dict(MODEL), "a.txt"))
    assert saver.seen == [chosen]
    assert gc.get_threshold() == (chosen, 5, 5)
