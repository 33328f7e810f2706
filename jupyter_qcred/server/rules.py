"""What a server looks for besides the values it knows, put together from settings and files."""

from __future__ import annotations

import functools
import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import ConfigError, QcredError
from jupyter_qcred.detect import AllowList, Detectors, Earlier, Fingerprints

from .own_file import own_key, write_private
from .unknown import Rules

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from jupyter_qcred.detect import Allowance

    from .issued_file import IssuedFile

_MOST_ARMED: Final = 256
"""Values: of more the redactor might have forgotten the first."""

_LARGEST: Final = 1 << 20

_MOST_ALLOWED: Final = 1000
"""Entries that are added to; a longer list is somebody's program, and larger than is read."""


class RuleBook:
    """Keeps the rules of one server. Blocks; safe in several threads.

    Args:
        detect: whether formats are looked for at all.
        ignored: ids of detectors that are not used.
        allowed: the operator's allow list; see ``AllowList.parse``.
        allow_file: the user's, a JSON list of the same; it need not exist.
        key_file: the key of the fingerprints in both, made when there is none.
        issued: what was issued in earlier sessions.
        log: hears of settings that are not used because they are wrong.
    """

    def __init__(
        self,
        detect: bool,  # noqa: FBT001
        ignored: Iterable[str],
        allowed: Sequence[Mapping[str, Any]],
        allow_file: Path,
        key_file: Path,
        issued: IssuedFile,
        log: logging.Logger,
    ) -> None:
        self._detect = detect
        self._ignored = tuple(ignored)
        self._allowed = list(allowed)
        self._allow_file = allow_file
        self._key_file = key_file
        self._issued = issued
        self._log = log
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._last: Rules | None = None
        self._armed: set[str] = set()

    def __call__(self) -> Rules:
        """Return the rules of this moment.

        Raises:
            ConfigError: the key can't be read or made.
        """
        version = (self._issued.version(), self._stamp(), len(self._armed))
        with self._lock:
            if self._last is None or self._last.version != version:
                # What this server issued itself is armed, and found in all its forms.
                known = {
                    fingerprint: issued
                    for fingerprint, issued in self._issued.known().items()
                    if fingerprint not in self._armed
                }
                self._last = Rules(
                    self._detectors,
                    Earlier(self.fingerprints, known) if known else None,
                    self._allow_list(),
                    self.fingerprints,
                    min((one.length for one in known.values()), default=1),
                    version,
                )
            return self._last

    def remember(self, credential: str, values: Iterable[str]) -> None:
        """Note values that were issued; what fails is logged, and never a value."""
        try:
            values = list(values)
            self._issued.add(self.fingerprints, credential, values)
            if len(self._armed) < _MOST_ARMED:
                self._armed |= {self.fingerprints.of(value) for value in values}
        except Exception as error:  # noqa: BLE001 - nothing here may fail an issue
            self._log.warning(
                "jupyter_qcred: %s is not remembered for later sessions: %s",
                credential,
                type(error).__name__,
            )

    def allow(self, allowance: Allowance) -> None:
        """Add to the user's list; of two for one text the later counts.

        Raises:
            ConfigError: the list can't be read or written; it is as it was.
        """
        entry = {"fingerprint": allowance.fingerprint, "reason": allowance.reason,
                 "who": allowance.who}  # fmt: skip
        if allowance.until is not None:
            entry["until"] = allowance.until.isoformat()
        AllowList.parse([entry])
        with self._writing:
            try:
                entries = _read(self._allow_file)
                kept = [one for one in entries if one["fingerprint"] != allowance.fingerprint]
                if len(kept) >= _MOST_ALLOWED:
                    raise ConfigError(
                        f"{self._allow_file} has {len(kept)} entries already",
                        next_step="Remove those that are not needed any more",
                    )
                text = json.dumps([*kept, entry], indent=1, ensure_ascii=False)
                write_private(self._allow_file, f"{text}\n".encode())
            except (OSError, ValueError, RecursionError) as error:
                raise ConfigError(
                    f"{self._allow_file} can't be changed: {type(error).__name__}",
                    next_step="Correct the file: a JSON list of fingerprint, reason, who, until",
                ) from None

    def title(self, rule: str) -> str:
        """Return what a detector finds, in words; empty where there is none of that id."""
        return self._titles.get(rule, "")

    @functools.cached_property
    def _titles(self) -> dict[str, str]:
        return {detector.id: detector.title for detector in Detectors.builtin().all}

    @functools.cached_property
    def fingerprints(self) -> Fingerprints:
        """Under this user's key."""
        return Fingerprints(own_key(self._key_file))

    @functools.cached_property
    def _detectors(self) -> Detectors:
        if not self._detect:
            return Detectors([])
        try:
            return Detectors.builtin().without(self._ignored)
        except ConfigError as error:
            self._log.error("jupyter_qcred: ignored_rules is not used: %s", error)
            return Detectors.builtin()

    def _stamp(self) -> object:
        with suppress(OSError):
            stat = self._allow_file.stat()
            return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        return None

    def _allow_list(self) -> AllowList:
        entries = [*self._users_list(), *self._allowed]  # of two the later counts: the operator's
        try:
            return AllowList.parse(entries)
        except QcredError as error:
            self._log.error("jupyter_qcred: nothing is allowed: %s", error)
            return AllowList()

    def _users_list(self) -> list[Any]:
        try:
            return _read(self._allow_file)
        except (OSError, ValueError, RecursionError, QcredError) as error:
            self._log.error(
                "jupyter_qcred: %s is not used: %s", self._allow_file, type(error).__name__
            )
            return []


def _read(file: Path) -> list[Any]:
    """Read an allow list; one that does not exist is empty."""
    try:
        with file.open("rb") as opened:
            entries = json.loads(opened.read(_LARGEST))
    except FileNotFoundError:
        return []
    AllowList.parse(entries)
    return list(entries)
