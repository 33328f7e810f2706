"""A server and an image of different versions: the kernel's half is the server's.

Where the image is on another machine, its own copy serves if it speaks the server's protocol, and
says so if not: ``tests/test_remote.py``.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.deployment import KEY
from support.packages import Environment
from support.wheel import wheel_of

from jupyter_qcred.core.version import __version__
from jupyter_qcred.core.wire import PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter import JupyterServer, Kernel
    from support.openbao import OpenBao

LAUNCH = ("-m", "ipykernel_launcher", "-f", "{connection_file}")
OTHERS = {"older": ("0.0.1", PROTOCOL - 1), "newer": ("99.1", PROTOCOL + 1)}

WHICH = """
import importlib.metadata, json
import jupyter_qcred as qcred
from jupyter_qcred.core import version, wire
shown = qcred.get("ibm-quantum").reveal()
print(json.dumps([version.__version__, wire.PROTOCOL, importlib.metadata.version("jupyter_qcred")]))
print("key:", shown)
"""


@pytest.fixture(scope="module", params=OTHERS.values(), ids=OTHERS.keys())
def other(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, int, Environment]:
    """An environment in which another release is installed."""
    version, protocol = request.param
    place = tmp_path_factory.mktemp("other")
    wheel = wheel_of(place, version, protocol)
    return version, protocol, Environment(place / "venv", "--no-deps", str(wheel))


def kernelspec(server: JupyterServer, python: str) -> str:
    """Install the kernelspec of an image."""
    place = server.home / "data" / "kernels" / "image"
    place.mkdir(parents=True)
    spec: dict[str, Any] = {
        "argv": [python, *LAUNCH], "display_name": "image", "language": "python",
        "metadata": {"supported_encryption": ["curve"]},
    }  # fmt: skip
    (place / "kernel.json").write_text(json.dumps(spec))
    return "image"


def told(kernel: Kernel) -> list[Any]:
    """Return what a kernel says it runs, and that it has its credential and hides it."""
    ran = kernel.execute(WHICH)
    assert ran.ok, ran.text
    versions, key = ran.text.splitlines()
    assert key == f"key: [redacted:{KEY}]"
    return list(json.loads(versions))


def test_an_image_of_another_version_runs_the_server_s_half(
    make_server: Callable[..., JupyterServer],
    openbao: OpenBao,
    other: tuple[str, int, Environment],
) -> None:
    """What is installed in the image is not even imported."""
    version, _, image = other
    deployment.provide(openbao)
    server = make_server(openbao)
    kernel = server.open_notebook("work.ipynb", kernel=kernelspec(server, str(image.python)))
    assert told(kernel) == [__version__, PROTOCOL, version]
    kernel.delete()


def test_a_server_of_another_version_brings_its_own_half(
    make_server: Callable[..., JupyterServer],
    openbao: OpenBao,
    other: tuple[str, int, Environment],
) -> None:
    """An image with this release runs that one's half, older or newer."""
    version, protocol, environment = other
    deployment.provide(openbao)
    server = environment.of(make_server(openbao, start=False)).start()
    # The script of this environment would not do: its kernels shall be this release's.
    kernel = server.open_notebook("work.ipynb", kernel=kernelspec(server, sys.executable))
    assert told(kernel) == [version, protocol, __version__]
    assert server.api("GET", "qcred/api/status")["version"] == version
    kernel.delete()
