"""``qcred.requires``: a tutorial's first cell, with a server behind it and without."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jupyter_client.manager import start_new_kernel
from support.holding import holding
from support.terminal import typed

import jupyter_qcred as qcred
from jupyter_qcred.kernel import current

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "typed-key-0123456789abcdef"
PLAIN = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(qcred.__file__).parents[1])}


@pytest.fixture
def deliver() -> Iterator[object]:
    """Let this process hold credentials, for the time of a test."""
    with holding() as kernel:
        yield kernel.deliver


def plain(code: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run code in a Python that no server started, with nobody at the keyboard."""
    return subprocess.run(
        [sys.executable, "-c", f"import jupyter_qcred as qcred\n{code}"],
        env=PLAIN | more, capture_output=True, text=True, check=False, timeout=60,
        stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


# -- outside of the platform ----------------------------------------------------------------------


def test_plain_python_gets_a_simulator_and_is_told_why() -> None:
    """One line, and an object that knows."""
    done = plain('q = qcred.requires("ibm-quantum", fallback="simulator"); print(q.live, q, q.why)')
    first, second = done.stdout.splitlines()
    assert first == (
        "ibm-quantum: not live, a simulator on this machine (qiskit's StatevectorSampler). "
        "This process was not started by a Jupyter server with jupyter_qcred."
    )
    assert second.startswith("False <ibm-quantum: simulator> This process was not started by")
    assert "jupyter qcred run" in second
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("ibm-quantum", "%pip install 'qiskit>="),
        ("amazon-braket", "%pip install 'amazon-braket-sdk>="),
        ("ionq", "%pip install 'qiskit>="),
        ("dwave", "%pip install 'dwave-samplers>="),
    ],
)
def test_a_missing_simulator_is_named_with_its_line_for_pip(name: str, line: str) -> None:
    """It is looked for when it is used, not before."""
    done = plain(
        f"q = qcred.requires({name!r})\n"
        "try: q.backend()\nexcept qcred.SdkError as error: print(error)"
    )
    assert line in done.stdout.splitlines()[1]


def test_a_tutorial_s_own_simulator_takes_the_place() -> None:
    """For a vendor that we have none for, or where the author knows better."""
    done = plain('print(qcred.requires("pasqal", fallback=lambda: "my own").backend())')
    assert done.stdout.splitlines()[0].startswith("pasqal: a simulator on this machine. This proc")
    assert done.stdout.splitlines()[1] == "my own"


def test_a_vendor_without_a_simulator_is_told_apart() -> None:
    """``live`` is false, and the backend's error says what there is."""
    done = plain(
        'q = qcred.requires("pasqal")\n'
        "try: q.backend()\nexcept qcred.NoAdapterError as error: print(q.live, error)"
    )
    assert "(no simulator is known)" in done.stdout
    assert "False Nothing of ours runs circuits on pasqal" in done.stdout


def test_without_a_fallback_the_cause_is_raised() -> None:
    """And the vendor's client raises it too, where a simulator is the fallback."""
    assert "NotOnPlatformError" in plain('qcred.requires("ionq", None)').stderr
    assert "NotOnPlatformError" in plain('qcred.requires("ionq").client()').stderr
    assert "fallback is" in plain('qcred.requires("ionq", fallback="simulater")').stderr


def test_another_name_needs_the_vendor_s_where_there_is_no_server() -> None:
    """A server knows it from the profile."""
    told = plain('print(qcred.requires("my-lab", vendor="amazon-braket").vendor)').stdout
    assert "Braket's LocalSimulator" in told
    assert told.endswith("amazon-braket\n")


# -- asking ---------------------------------------------------------------------------------------

ASK = """
q = qcred.requires("ionq", fallback="ask")
again = qcred.requires("ionq", fallback="ask")
print("result", q, again.live)
try: q.client()
except qcred.SdkError as error: print(error)
import os, pathlib
pid = os.fork()
if not pid:
    try: qcred.requires("ionq", fallback=None)
    except qcred.QcredError: pass
    os._exit(0)
os.waitpid(pid, 0)
print("in the environment:", any("typed-key" in text for text in os.environ.values()))
"""


def test_a_typed_key_is_not_shown_and_asked_for_once(tmp_path: Path) -> None:
    """In a terminal: what is typed is not echoed, not in the environment, and in no file."""
    text = typed(
        f"import jupyter_qcred as qcred\n{ASK}", "simulator): ", KEY,
        env=PLAIN | {"HOME": str(tmp_path)}, cwd=tmp_path,
    )  # fmt: skip
    assert KEY not in text
    assert text.count("ionq: API key") == 1
    assert text.count("ionq: live, with what you typed.") == 2
    assert "result <ionq: live> True" in text
    assert "in the environment: False" in text
    assert list(tmp_path.rglob("*")) == []


def test_a_front_end_is_asked_for_a_password(tmp_path: Path) -> None:
    """In a kernel the request is marked, so that the front-end hides what is typed."""
    manager, client = start_new_kernel(env=PLAIN | {"HOME": str(tmp_path)})
    asked = []

    def answer(message: dict) -> None:
        asked.append(message["content"])
        client.input("")

    outputs = []
    try:
        reply = client.execute_interactive(
            'import jupyter_qcred as qcred\nq = qcred.requires("dwave", fallback="ask")\nq',
            allow_stdin=True, stdin_hook=answer, output_hook=outputs.append, timeout=60,
        )  # fmt: skip
        again = client.execute_interactive(
            'qcred.requires("ionq", fallback="ask").live',
            allow_stdin=False, output_hook=outputs.append, timeout=60,
        )  # fmt: skip
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
    assert reply["content"]["status"] == again["content"]["status"] == "ok"
    assert [content["password"] for content in asked] == [True]
    told = str(outputs)
    assert "dwave: not live" in told  # nothing was typed
    assert "ionq: not live" in told  # nobody could be asked
    assert "<dwave: simulator>" in told


def test_nobody_at_the_keyboard_gets_the_simulator() -> None:
    """As in a pipeline, rather than an error, or a key that is shown."""
    done = plain('print(qcred.requires("ionq", fallback="ask").live)')
    assert done.stdout.endswith("False\n")
    assert done.stderr == ""


# -- on the platform ------------------------------------------------------------------------------


def test_with_the_credential_it_is_live(deliver, capsys) -> None:
    """One line; the vendor is the profile's, not the name's."""
    with socket.create_server(("127.0.0.1", 0)) as vendor:
        url = f"http://127.0.0.1:{vendor.getsockname()[1]}"
        deliver("ionq", {"value": KEY}, public={"url": url}, name="my-ions")
        found = qcred.requires("my-ions")
    assert (found.live, found.vendor, found.why) == (True, "ionq", "")
    assert capsys.readouterr().out == "my-ions: live.\n"
    assert KEY not in repr(found) + str(vars(found))
    with pytest.raises(qcred.SdkError, match="qiskit-ionq"):
        found.backend()


def test_offline_it_is_a_simulator(deliver, capsys, monkeypatch) -> None:
    """The credential is here, and the vendor is not."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        deliver("dwave", {"token": KEY}, public={"endpoint": url})
        found = qcred.requires("dwave")
    assert not found.live
    assert "127.0.0.1 can't be reached from here" in capsys.readouterr().out


def test_a_credential_that_the_server_refuses_gives_the_simulator(deliver, capsys) -> None:
    """And the server's own words."""
    assert not qcred.requires("ibm-quantum").live
    assert "ibm-quantum is not known here" in capsys.readouterr().out
    assert current._state().client is not None
