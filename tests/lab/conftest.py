"""A browser, servers with JupyterLab, and what came to the browser looked through at the end."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from support import deployment
from support.deployment import LIVE, PROFILES
from support.leases import ONCE, ONCE_PROFILE, provide_once
from support.remains import remains

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.page import Lab
    from playwright.sync_api import Browser
    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

EXTENSION = Path(sys.prefix, "share", "jupyter", "labextensions", "jupyter-qcred", "package.json")

LABELS = {"environment": "staging", "project": "ion-traps"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser, or without the extension, these tests have nothing to look at."""
    missing = _missing()
    if missing and not os.environ.get("QCRED_LAB_TESTS"):
        skip = pytest.mark.skip(reason=missing)
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(skip)


def _missing() -> str:
    try:
        from lab.page import chromium

        chromium()
    except (ImportError, AssertionError) as error:
        return str(error)
    return "" if EXTENSION.is_file() else 'no extension is installed: pip install ".[dev]"'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from lab.page import launched

    with launched() as made:
        yield made


def profiles(**changes: Any) -> dict[str, Any]:
    """A static key, a short-lived token and a real lease; the second has labels."""
    live = PROFILES[LIVE] | {"labels": LABELS} | changes
    return PROFILES | {LIVE: live, ONCE: ONCE_PROFILE}


def notebook(
    server: JupyterServer, path: str = "work.ipynb", *sources: str, **metadata: Any
) -> None:
    """Write a notebook with these cells, and an empty one after them."""
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(sources)]
    spec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    made = nbformat.v4.new_notebook(
        cells=[*cells, nbformat.v4.new_code_cell("", id="last")],
        metadata={"kernelspec": spec, **metadata},
    )
    (server.root / path).write_text(nbformat.writes(made))


@pytest.fixture(scope="module")
def bao(openbao: OpenBao) -> OpenBao:
    provide_once(openbao)
    return openbao


@pytest.fixture(scope="module")
def server(bao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """One server for the tests of a module."""
    from lab.page import settle

    made = deployment.server(bao, tmp_path_factory.mktemp("lab"), profiles())
    settle(made)
    try:
        yield made.start()
    finally:
        made.close()
    assert remains(made.home, made.answers) == []


@pytest.fixture
def open_lab(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Open notebooks in pages of their own; at the end none was given a value or a token.

    Where a test fails, the page is left as a picture.
    """
    from lab.page import Lab

    opened: list[Lab] = []

    def make(server: JupyterServer, path: str = "work.ipynb", **how: Any) -> Lab:
        app = how.pop("app", "lab/tree")
        lab = Lab(browser, server, **how)
        opened.append(lab)
        return lab.open(path, app)

    yield make
    seen: list[str] = []
    for number, lab in enumerate(opened):
        with suppress(Exception):
            lab.page.screenshot(path=tmp_path / f"page{number}.png")
        seen += lab.close()
    for lab in opened:
        for kernel in lab.server.api("GET", "api/kernels"):
            lab.server.api("DELETE", f"api/kernels/{kernel['id']}", check=False)
    assert seen
    assert remains(tmp_path / "nothing", seen) == []
    # Jupyter's own are Jupyter's.
    assert [text for lab in opened for text in lab.complaints if "jupyter-qcred" in text] == []
