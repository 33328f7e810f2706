"""Exports through the server (nbconvert): files may be older than the values we know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets.config.loader import LazyConfigValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from traitlets.config import Config


def redact_exports(config: Config, check: Callable[[Any], Any], text: Callable[[str], str]) -> None:
    """Let every exporter that is made with ``config`` redact notebooks it works on.

    Args:
        config: the server's; nothing else in it is changed.
        check: returns the notebook to export; whatever it raises fails the export.
        text: returns a text to export, for what was taken out of the notebook before.
    """

    def redact(notebook: Any, resources: Any) -> tuple[Any, Any]:
        files = resources.get("outputs")
        if files:
            resources["outputs"] = {name: _checked(data, text) for name, data in files.items()}
        return check(notebook), resources

    for name in {"Exporter", *(name for name in config if name.endswith("Exporter"))}:
        section = config[name]
        if name != "Exporter" and "preprocessors" not in section:
            continue
        listed = section.get("preprocessors", [])
        if isinstance(listed, LazyConfigValue):  # as ``c.Exporter.preprocessors.append(…)`` makes
            listed.prepend([redact])
        else:
            section["preprocessors"] = [redact, *listed]


def _checked(data: Any, text: Callable[[str], str]) -> Any:
    """A file that goes along with the export: SVG is text, other pictures are not."""
    if not isinstance(data, bytes):
        return data
    try:
        return text(data.decode()).encode()
    except UnicodeDecodeError:
        return data
