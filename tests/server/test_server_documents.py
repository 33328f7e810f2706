"""Beside jupyter_server_documents, which brings a connection class of its own."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from support import deployment
from support.browser import Browser, text_of
from support.deployment import CANARY, KEY
from support.foreign import foreign_kernel
from support.openbao import wait_until
from support.packages import Environment
from support.sweep import files_with, texts_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

MASK = f"[redacted:{KEY}]"
THEIRS = "jupyter_server_documents.websocket_connection.KernelWebsocketConnection"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("documents"), "jupyter_server_documents==0.3.3")


# It is linked after us, as extensions are in the order of their names; what is configured is there
# before either.
@pytest.fixture(
    scope="module",
    params=[(), (f"--ServerApp.kernel_websocket_connection_class={THEIRS}",)],
    ids=["after", "before"],
)
def server(
    request: pytest.FixtureRequest,
    environment: Environment,
    openbao: OpenBao,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[JupyterServer]:
    deployment.provide(openbao)
    made = deployment.server(
        openbao,
        tmp_path_factory.mktemp("live"),
        args=("--OutputProcessor.use_outputs_service=True", *request.param),
    )
    try:
        yield environment.of(made).start()
    finally:
        made.close()


def test_browsers_see_no_value_through_their_connection(server: JupyterServer) -> None:
    """Their class hands no message to the method that Jupyter Server documents for it."""
    own = server.open_notebook("own.ipynb", connect=False)
    ours = Browser(server, own.id)
    ours.ready()
    ours.execute("import jupyter_qcred as qcred")
    assert text_of(ours.execute(f"print(qcred.get('{KEY}').reveal())")) == f"{MASK}\n"
    browser = Browser(server, foreign_kernel(server))
    browser.ready()
    browser.execute(f"import sys; value = '{CANARY}'")
    split = "w = sys.stdout; w.write(value[:9]); w.flush(); w.write(value[9:] + '.'); w.flush()"
    assert text_of(browser.execute(split)) == f"{MASK}."
    assert MASK in json.dumps(browser.execute("value"))
    assert texts_with(CANARY, [*browser.seen, *ours.seen]) == []
    browser.close()
    ours.close()


def execute(server: JupyterServer, environment: Environment, kernel: str, path: str) -> Any:
    """Let the server run a notebook's first cell, as their front-end does."""
    file_id = server.api("POST", f"api/fileid/index?path={path}")["id"]
    cell = json.loads((server.root / path).read_text())["cells"][0]
    source = "".join(cell["source"])
    code = "import sys; from jupyter_server_documents.rooms import ynotebook_room as y; "
    digest = subprocess.run(
        [environment.python, "-c", f"{code}print(y._source_hash(sys.argv[1]))", source],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    body = {
        "document_id": f"json:notebook:{file_id}",
        "cells": [{"cell_id": cell["id"], "source_hash": digest}],
    }
    return server.api("POST", f"api/kernels/{kernel}/execute", body)


@pytest.mark.parametrize("kernel", ["python3", "foreign"])
def test_their_documents_are_saved_without_the_value(
    server: JupyterServer, environment: Environment, kernel: str
) -> None:
    """What the server itself runs is written to the notebook, redacted, and nowhere else."""
    server.open_notebook("own.ipynb", connect=False)
    if kernel == "foreign":
        foreign_kernel(server)
    path = f"{kernel}.ipynb"
    split = f"print('{CANARY[:30]}' + '{CANARY[30:]}')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(split)])
    (server.root / path).write_text(nbformat.writes(notebook))
    opened = server.open_notebook(path, kernel=kernel, connect=False)
    execute(server, environment, opened.id, path)
    wait_until(
        "the document is saved with its output",
        lambda: MASK in (server.root / path).read_text(),
        30,
    )
    # Their directory for outputs is below the one for what is of the moment.
    assert files_with(CANARY, server.root, server.runtime_dir) == []
    assert texts_with(CANARY, server.answers) == []
