"""The tutorial without a browser: run it through the server's own API, and look at each promise.

Every line is judged from outside of the kernel: by the audit's events, by the cloud, by what came
over the websocket, by the bytes on the disk. No value is ever printed.
"""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.cli.demonstration.cloud import counts_in_words
from jupyter_qcred.cli.demonstration.frontend import FrontEnd
from jupyter_qcred.cli.demonstration.report import Line
from jupyter_qcred.cli.demonstration.trail import Trail
from jupyter_qcred.cli.demonstration.tutorial import LIVE, MADE_UP_KEY, NOTEBOOK, STATIC, tutorial
from jupyter_qcred.core.duration import format_duration
from jupyter_qcred.redact.placeholder import placeholder

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_qcred.cli.demonstration.frontend import Kernel
    from jupyter_qcred.cli.demonstration.stage import Stage
    from jupyter_qcred.core.secret import Secret

_SOON: Final = 5.0
"""Seconds in which what happens beside us must have happened."""

_SAVES: Final = "see that c.QcredApp.redact_contents is not off for the whole machine"
_LOG: Final = "add --keep, and read server.log in the directory that is named"


class Check:
    """One run.

    Args:
        stage: what runs.
        on_step: called with what happens next, in words.
    """

    def __init__(self, stage: Stage, on_step: Callable[[str], object]) -> None:
        self._stage = stage
        self._on_step = on_step
        self._frontend = FrontEnd(stage.server.url, stage.place.token)
        self._trail = Trail(stage.place.audit_file)
        self._notebook: Any = json.loads(tutorial())
        self._stop = ""  # why the tutorial did not run to its end
        self._blamed = ""  # on each line but the first that the stop made fail
        self._run_seconds = 0.0

    async def run(self) -> tuple[Line, ...]:
        """Run the tutorial; return what was seen.

        Raises:
            QcredError: the server or the kernel did not do what any of them does.
        """
        self._on_step("starting the kernel")
        asked = datetime.now().astimezone()
        kernel = await self._frontend.start_kernel(NOTEBOOK)
        self._on_step("running the tutorial")
        await self._run_cells(kernel)
        lines = [await self._issued(asked), await self._delivered(), self._used()]
        lines += [self._redacted_live(kernel), await self._redacted_on_disk()]
        self._on_step("shutting the kernel down")
        return (*lines, await self._refused(kernel))

    async def _run_cells(self, kernel: Kernel) -> None:
        """Run them as "Run All Cells" does: up to the first error."""
        begun = time.monotonic()
        for number, cell in enumerate(self._code_cells(), 1):
            ran = await kernel.run("".join(cell["source"]))
            cell.update(outputs=ran.outputs, execution_count=number)
            if ran.error:
                self._stop = f"code cell {number} raised {self._without_value(ran.error)}"
                break
        self._run_seconds = time.monotonic() - begun

    def _code_cells(self) -> list[dict[str, Any]]:
        return [cell for cell in self._notebook["cells"] if cell["cell_type"] == "code"]

    @property
    def _credential(self) -> Secret | None:
        """What the notebook presented to the cloud."""
        return next(iter(self._stage.cloud.presented.values()), None)

    def _without_value(self, text: str) -> str:
        """Nobody has judged yet whether what comes from the kernel is redacted."""
        value = "" if self._credential is None else self._credential.reveal()
        return text.replace(value, placeholder(LIVE)) if value else text

    def _missing(self, name: str, problem: str, next_step: str = _LOG) -> Line:
        """Return a line for something missing: by ``problem``, unless the tutorial had stopped."""
        if self._stop:
            problem, self._blamed = self._blamed or self._stop, "the tutorial did not come that far"
        return Line(name, ok=False, detail=problem, next_step=next_step)

    # -- the lines -----------------------------------------------------------------------------

    async def _issued(self, asked: datetime) -> Line:
        event = await self._event("issued")
        if event is None:
            return self._missing(
                "issued",
                "no such event in the audit",
                "see whether `jupyter server extension list` has jupyter_qcred enabled; "
                f"if so, {_LOG}",
            )
        life = "" if event["ttl"] is None else f" for {format_duration(event['ttl'])}"
        seconds = (_when(event) - asked).total_seconds()
        return Line("issued", ok=True, detail=f"{LIVE}{life}", seconds=seconds)

    async def _delivered(self) -> Line:
        event, issued = await self._event("delivered"), self._trail.find("issued", LIVE)
        if event is None or issued is None:
            return self._missing("delivered", "the kernel acknowledged nothing")
        seconds = (_when(event) - _when(issued)).total_seconds()
        return Line("delivered", ok=True, detail="to the kernel's memory", seconds=seconds)

    def _used(self) -> Line:
        jobs = self._stage.cloud.jobs
        # A Bell pair: both qubits agree, each way about half of the time.
        if not jobs or set(jobs[0].counts) != {"00", "11"}:
            return self._missing("used", "the cloud ran no Bell circuit")
        detail = f"the cloud measured {counts_in_words(jobs[0])}"
        return Line("used", ok=True, detail=detail, seconds=self._run_seconds)

    def _redacted_live(self, kernel: Kernel) -> Line:
        name, credential = "redacted, live", self._credential
        outputs = json.dumps([cell["outputs"] for cell in self._code_cells()])
        if credential is None:
            return self._missing(name, "the notebook presented no credential")
        if any(credential.reveal().encode() in message for message in kernel.received):
            return Line(name, ok=False, detail="the value left the kernel", next_step=_LOG)
        if placeholder(LIVE) not in outputs:
            return self._missing(name, "the tutorial printed nothing to redact")
        return Line(name, ok=True, detail=f"the output reads {placeholder(LIVE)}")

    async def _redacted_on_disk(self) -> Line:
        name, place, begun = "redacted, on disk", self._stage.place, time.monotonic()
        body = {"type": "notebook", "format": "json", "content": self._notebook}
        await self._frontend.request("PUT", f"api/contents/{NOTEBOOK}", body)
        seconds = time.monotonic() - begun
        saved = place.notebook.read_text(encoding="utf-8")
        if MADE_UP_KEY in saved:
            problem = f"the pasted key is in {NOTEBOOK}"
            return Line(name, ok=False, detail=problem, next_step=f"{_SAVES}; or {_LOG}")
        credential = self._credential
        leaks = [] if credential is None else place.files_with(credential.reveal())
        if leaks:
            problem = f"the value is in {', '.join(path.name for path in leaks)}"
            return Line(name, ok=False, detail=problem, next_step=_LOG)
        if not all(placeholder(each) in saved for each in (LIVE, STATIC)):
            return self._missing(name, f"{NOTEBOOK} lacks a placeholder")
        detail = f"{NOTEBOOK} has {placeholder(LIVE)} and {placeholder(STATIC)}"
        return Line(name, ok=True, detail=detail, seconds=seconds)

    async def _refused(self, kernel: Kernel) -> Line:
        name, credential = "refused after shutdown", self._credential
        before = None if credential is None else self._stage.cloud.present(credential)
        begun = time.monotonic()
        await kernel.shut_down()
        if credential is None:
            return self._missing(name, "the notebook presented no credential")
        if before != HTTPStatus.OK:
            return self._missing(name, f"the cloud answered {before} while the kernel was alive")
        if not await _until(lambda: self._dead(credential)):
            return self._missing(name, f"the cloud still accepts it {_SOON:g} s later")
        detail = "the cloud answers 401 to the same credential"
        return Line(name, ok=True, detail=detail, seconds=time.monotonic() - begun)

    def _dead(self, credential: Secret) -> bool:
        return self._stage.cloud.present(credential) == HTTPStatus.UNAUTHORIZED

    async def _event(self, name: str) -> dict[str, Any] | None:
        await _until(lambda: self._trail.find(name, LIVE) is not None, 0.5 if self._stop else _SOON)
        return self._trail.find(name, LIVE)


def _when(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["__timestamp__"])


async def _until(true: Callable[[], bool], seconds: float = _SOON) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(0.02)
    return True
