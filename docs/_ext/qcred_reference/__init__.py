"""Writes the reference pages from the code, so that they cannot say anything else.

The pages go to ``reference/generated``, which is not under version control. A page is written only
when its text has changed: a second build reads nothing anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qcred_reference import (
    api,
    commands,
    credentials,
    doctor,
    errors,
    events,
    helper,
    messages,
    metrics,
    operator,
    rules,
    settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx
    from sphinx.config import Config

PAGES: Final[dict[str, Callable[[], str]]] = {
    "helper": helper.page,
    "commands": commands.page,
    "doctor": doctor.page,
    "settings": settings.page,
    "operator": operator.page,
    "errors": errors.page,
    "events": events.page,
    "api": api.page,
    "metrics": metrics.page,
    "rules": rules.page,
    "messages": messages.page,
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("config-inited", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _write(app: Sphinx, _config: Config) -> None:
    write_pages(Path(app.srcdir) / "reference" / "generated")


def write_pages(directory: Path) -> None:
    """Write every page that has changed, and every part that a written page includes."""
    directory.mkdir(parents=True, exist_ok=True)
    files = {f"{name}.md": page for name, page in PAGES.items()}
    files |= {f"{name}.txt": part for name, part in credentials.PARTS.items()}
    for name, made in files.items():
        file, text = directory / name, made()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
