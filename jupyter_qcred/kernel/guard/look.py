"""Look into a folder for what SDKs would find there."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Final

from . import settings, variables
from .read import LONG, STRANGE, content
from .trap import UNREAD, Trap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .read import Content

MOST: Final = 20
"""What is told of one folder; the rest would be more of the same."""

_UPWARD: Final = 64
"""Folders that are climbed."""


def look(folder: str | Path) -> tuple[Trap, ...]:
    """Return what would lead SDKs elsewhere that run in this folder, at most ``MOST``.

    Takes bounded time, whatever the files are, as long as their file systems answer. Never raises
    for what is in a folder. Values are looked at and not kept, but for the host of an address.
    """
    try:
        place = Path(folder).resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, or no path at all
        return ()
    return tuple(itertools.islice(_found(place), MOST))


def _found(folder: Path) -> Iterator[Trap]:
    yield from _dotenv(folder)
    yield from _ibm(folder / "ibm-credentials.env")
    yield from _dwave(folder / "dwave.conf")
    yield from _qiskit(folder / "qiskit-ibm.json")
    yield from _pennylane(folder / "config.toml")


def _dotenv(folder: Path) -> Iterator[Trap]:
    """The nearest ``.env`` upward, which python-dotenv takes in an interactive session.

    qiskit-ionq reads it whenever it makes a client (1.1, ``resolve_credentials``); others do once a
    notebook or an extension has loaded it.
    """
    for place in (folder, *folder.parents)[:_UPWARD]:
        path = place / ".env"
        read = content(path)
        if read is None:
            continue
        yield from _unread(path, read, "ionq", "qiskit-ionq")
        for setting in settings.of_env(read.text):
            meant = variables.meaning(setting.name)
            if meant is not None:
                reader = "qiskit-ionq" if setting.name in variables.QISKIT_IONQ else ""
                yield from _trap(path, setting, meant.vendor, meant.effect, reader)
        return


def _ibm(path: Path) -> Iterator[Trap]:
    """What the search for instances reads before the environment (ibm-cloud-sdk-core 3.28)."""
    read = content(path)
    if read is None or read == STRANGE:  # it takes ordinary files only
        return
    yield from _unread(path, read, "ibm-quantum", "qiskit-ibm-runtime")
    for setting in settings.of_env(read.text):
        match = variables.IBM.fullmatch(setting.name)
        if match is not None:
            name = "GLOBAL_SEARCH_DISABLE_SSL" if match[1] != "URL" else "GLOBAL_SEARCH_URL"
            effect = variables.ENVIRONMENT[name].effect
            yield from _trap(path, setting, "ibm-quantum", effect, "qiskit-ibm-runtime")


def _dwave(path: Path) -> Iterator[Trap]:
    """Overrides the user's own file (dwave-cloud-client 0.14, ``get_configfile_paths``)."""
    read = content(path)
    if read is None:
        return
    yield from _unread(path, read, "dwave", "dwave-cloud-client")
    for setting in settings.of_ini(read.text):
        if setting.name in variables.DWAVE:
            effect = variables.DWAVE[setting.name]
            yield from _trap(path, setting, "dwave", effect, "dwave-cloud-client")


def _qiskit(path: Path) -> Iterator[Trap]:
    """An account that a notebook may name: ``QiskitRuntimeService(filename=…)``."""
    read = content(path)
    if read is None or read.trouble:
        return  # nobody reads it unasked
    for setting in settings.of_json(read.text, variables.QISKIT_IBM):
        yield from _trap(path, setting, "ibm-quantum", variables.QISKIT_IBM[setting.name], "")


def _pennylane(path: Path) -> Iterator[Trap]:
    """Options for devices, taken before those in the user's own file (PennyLane 0.45)."""
    read = content(path)
    if read is None or read == LONG:
        return  # many programs have a file of that name
    yield from _unread(path, read, "", "PennyLane")
    for setting in settings.of_toml(read.text):
        root = setting.section.partition(".")[0]
        if root in variables.PENNYLANE and setting.name in variables.PENNYLANE_KEYS:
            vendor = variables.PENNYLANE[root]
            effect = variables.PENNYLANE_KEYS[setting.name]
            yield from _trap(path, setting, vendor, effect, "PennyLane")


def _unread(path: Path, read: Content, vendor: str, reader: str) -> Iterator[Trap]:
    if read.trouble:
        yield Trap(str(path), 0, read.trouble, vendor, UNREAD, reader, reader=reader)


def _trap(
    path: Path, setting: settings.Setting, vendor: str, effect: str, reader: str
) -> Iterator[Trap]:
    if not variables.harmless(vendor, effect, setting.name, setting.value):
        yield Trap(
            path=str(path),
            line=setting.line,
            variable=setting.name,
            vendor=vendor,
            effect=effect,
            subject=reader or variables.SUBJECTS[vendor],
            host=variables.host_of(setting.value),
            reader=reader,
            pinned=_pinned(setting.name, vendor, reader),
        )


def _pinned(name: str, vendor: str, reader: str) -> bool:
    return vendor in variables.PINNED and name not in variables.NOT_PINNED and reader != "PennyLane"
