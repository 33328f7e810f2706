"""What is wrong in a server that runs: seen through its API, and mended as printed."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import deployment
from support.jupyter import TOKEN

import jupyter_qcred

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .conftest import Person


@pytest.fixture
def serving(person: Person) -> Iterator[Person]:
    """A person whose server's token is said nowhere."""
    yield person
    assert TOKEN not in "".join(person.said)


def again(person: Person, *args: str) -> Callable[[], object]:
    """Start the server again, as soon as the one that was stopped is gone."""

    def start() -> None:
        if person.server.process is not None:
            person.server.process.terminate()
            person.server.process.wait(60)
        person.server.args = args
        person.server.start()

    return start


def files(person: Person) -> list[Path]:
    """What lies among the notebooks, checkpoints as well."""
    return [path for path in person.server.root.rglob("*") if path.is_file()]


def test_all_is_well(serving: Person) -> None:
    """A made-up value is saved, seen to be redacted, and leaves no file; the audit has it."""
    serving.server.start()
    found = serving.doctor("extension", "provisioner", "encryption", "saves", "replaced")
    assert {check["verdict"] for check in found.values()} == {"fine"}
    assert "loaded by 1 running server" in found["extension"]["words"]
    assert files(serving) == []
    (event,) = deployment.events(serving.home, "redacted")
    assert event["credential"] == "qcred-canary"


def test_a_server_that_lets_nobody_in(serving: Person) -> None:
    """As behind a password or a Hub: it is said, and nothing is wrong with it."""
    serving.server.start()
    (file,) = serving.server.runtime_dir.glob("jpserver-*.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"token": "another"}))
    found = serving.doctor("extension", "saves")
    assert "1 did not let us in" in found["extension"]["words"]
    assert [check["verdict"] for check in found.values()] == ["fine", "absent"]


def test_a_server_that_runs_without_it(serving: Person) -> None:
    """It was started before the extension was enabled."""
    serving.shell("jupyter server extension disable --sys-prefix jupyter_qcred")
    serving.server.start()
    serving.shell("jupyter server extension enable --sys-prefix jupyter_qcred")
    serving.mend("extension.not-loaded", again=again(serving))


def test_a_server_of_another_version(serving: Person) -> None:
    """The package was upgraded below it."""
    copy = serving.home / "old" / "jupyter_qcred"
    shutil.copytree(Path(jupyter_qcred.__file__).parent, copy)
    (copy / "core" / "version.py").write_text('__version__ = "0.0.9"\n')
    serving.server.env["PYTHONPATH"] = str(copy.parent)
    serving.server.start()
    del serving.server.env["PYTHONPATH"]
    serving.mend("extension.other-version", again=again(serving))


def test_a_server_that_does_not_answer(serving: Person) -> None:
    """It hangs: nothing but a kill ends it."""
    serving.server.start()
    assert serving.server.process is not None
    serving.server.process.send_signal(signal.SIGSTOP)
    serving.mend("extension.server-silent", again=serving.server.process.wait)


def test_a_server_that_was_started_with_options(serving: Person) -> None:
    """No file says so: it is started again without."""
    serving.server.args = (
        "--KernelProvisionerFactory.default_provisioner_name=local-provisioner",
        "--KernelManager.transport_encryption=disabled",
        "--QcredApp.redact_contents=False",
    )
    serving.server.start()
    assert serving.problem("provisioner.other-default")
    assert serving.problem("saves.not-redacted")
    serving.mend("encryption.off", again=again(serving))
    found = serving.doctor("provisioner", "saves")
    assert {check["verdict"] for check in found.values()} == {"fine"}
    assert files(serving) == []


def test_saves_that_a_setting_leaves_alone(serving: Person) -> None:
    """The made-up value is on the disk for a moment; the line that is printed keeps it off."""
    file = serving.server.config_dir / "jupyter_qcred_config.py"
    file.write_text("c.QcredApp.redact_contents = False\n")
    serving.server.start()
    serving.mend("saves.not-redacted", Restart=again(serving))
    assert files(serving) == []


MEDDLER = """\
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class Manager(AsyncLargeFileManager):
    pass


class Connection(ZMQChannelsWebsocketConnection):
    pass


def _jupyter_server_extension_points():
    return [{"module": "meddler"}]


def _load_jupyter_server_extension(app):
    app.web_app.settings["contents_manager"] = Manager(parent=app)
    app.web_app.settings["kernel_websocket_connection_class"] = Connection
"""


def test_an_extension_that_puts_its_own_in_our_place(serving: Person) -> None:
    """It is named by its class, and disabled; each problem has the same fix."""
    serving.little.package("meddler", MEDDLER)
    enabled = serving.little.place / "etc" / "jupyter" / "jupyter_server_config.d" / "meddler.json"
    enabled.write_text('{"ServerApp": {"jpserver_extensions": {"meddler": true}}}')
    serving.server.start()
    found = [serving.problem(one) for one in ("replaced.connection", "saves.not-redacted")]
    disable = "jupyter server extension disable --sys-prefix meddler"
    assert [one["fix"][0]["text"] for one in found if one] == [disable, disable]
    serving.mend("replaced.contents", Restart=again(serving))
    found = serving.doctor("replaced", "saves")
    assert {check["verdict"] for check in found.values()} == {"fine"}
    assert files(serving) == []
