"""What happens on the stage, one line each, while a person plays with it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.cli.demonstration.cloud import counts_in_words
from jupyter_qcred.cli.demonstration.trail import Trail, event_name
from jupyter_qcred.cli.demonstration.tutorial import LIVE
from jupyter_qcred.core.duration import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_qcred.cli.demonstration.stage import Stage

_LOOK: Final = 0.3
"""Seconds between two looks at the audit."""

_AFTER: Final = 10.0
"""Seconds after a revocation in which the cloud is asked whether it refuses."""

_PLACES: Final = {
    "stream": "printed text",
    "execute_result": "a result",
    "display_data": "a display",
    "error": "a traceback",
    "execute_input": "a cell's text",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One line: when, what, and the words about it."""

    when: datetime
    what: str
    words: str

    def __str__(self) -> str:
        return f"  {self.when:%H:%M:%S}  {self.what:9}  {self.words}"


class Story:
    """Tells it, from the audit and the cloud."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._trail = Trail(stage.place.audit_file)
        self._jobs_told = 0
        self._ask_until = 0.0

    def tell(self) -> Iterator[str]:
        """Yield a line for each thing that happens, until the server ends."""
        while not self._stage.server.ended():
            time.sleep(_LOOK)
            yield from self._news()

    def end(self) -> Iterator[str]:
        """Yield what happened since; the server has ended."""
        yield from self._news()

    def _news(self) -> list[str]:
        events = self._trail.new()
        if any(event_name(each) == "revoked" and each["credential"] == LIVE for each in events):
            self._ask_until = time.monotonic() + _AFTER
        news = [said for event in events if (said := told(event)) is not None]
        for job in self._stage.cloud.jobs[self._jobs_told :]:
            self._jobs_told = job.id
            words = f"the cloud ran job {job.id}: {counts_in_words(job)}"
            news.append(Said(job.when, "used", words))
        if time.monotonic() < self._ask_until:
            news += self._refusals()
        return [str(each) for each in sorted(news, key=lambda said: said.when)]

    def _refusals(self) -> Iterator[Said]:
        """Present again what was revoked, as somebody would who had found it."""
        presented = self._stage.cloud.presented
        for accessor, credential in list(presented.items()):
            if self._stage.cloud.present(credential) == HTTPStatus.UNAUTHORIZED:
                presented.pop(accessor, None)
                words = f"{LIVE}, presented again: the cloud answers 401"
                yield Said(datetime.now().astimezone(), "refused", words)


def told(event: dict[str, Any]) -> Said | None:
    """Return the line of an audit event; None for one about no credential."""
    name, credential = event_name(event), event["credential"]
    if not credential or name not in _WORDS:
        return None
    when = datetime.fromisoformat(event["__timestamp__"]).astimezone()
    return Said(when, *_WORDS[name](event, credential))


def _issued(event: dict[str, Any], credential: str) -> tuple[str, str]:
    life = "a static key" if event["ttl"] is None else f"for {format_duration(event['ttl'])}"
    return "issued", f"{credential}, {life}, to kernel {event['kernel'][:8]}"


def _delivered(_event: dict[str, Any], credential: str) -> tuple[str, str]:
    return "delivered", f"{credential}, to the kernel's memory"


def _renewed(event: dict[str, Any], credential: str) -> tuple[str, str]:
    return "renewed", f"{credential}, {'a new value' if event['replaced'] else 'more time'}"


def _redacted(event: dict[str, Any], credential: str) -> tuple[str, str]:
    if event["where"] == "save":
        return "redacted", f"{credential}, in {event['path']}, as it was saved"
    where = _PLACES.get(event["where"], f"a message ({event['where']})")
    return "redacted", f"{credential}, in {where}, before it left the kernel"


def _revoked(event: dict[str, Any], credential: str) -> tuple[str, str]:
    if event["outcome"] == "confirmed":
        return "revoked", f"{credential}, confirmed by OpenBao"
    if event["outcome"] == "unsupported":
        return "forgotten", f"{credential}: only its vendor could revoke a static key"
    return "revoked", f"{credential}: {event['outcome']}"


def _denied(event: dict[str, Any], credential: str) -> tuple[str, str]:
    return "denied", f"{credential}: {event['reason']}"


_WORDS: Final = {
    "issued": _issued,
    "delivered": _delivered,
    "renewed": _renewed,
    "redacted": _redacted,
    "revoked": _revoked,
    "denied": _denied,
}
