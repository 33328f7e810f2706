"""Kernels without a server, in other environments, behind wrappers, with users' own settings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from support import deployment
from support.deployment import CANARY, KEY, events
from support.jupyter import isolated_environment
from support.openbao import wait_until
from support.sweep import files_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

    MakeServer = Callable[..., JupyterServer]

GET = f"import jupyter_qcred as qcred; print(qcred.get('{KEY}'))"
SHOW = f"import jupyter_qcred as qcred; print('key:', qcred.get('{KEY}').reveal())"
MASK = f"key: [redacted:{KEY}]"


@pytest.fixture
def home(openbao: OpenBao, tmp_path: Path) -> Path:
    """A user's home with settings, and a notebook that shows a credential by mistake."""
    deployment.provide(openbao)
    deployment.settings(openbao, tmp_path)
    (tmp_path / "tmp").mkdir()
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(SHOW)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    (tmp_path / "in.ipynb").write_text(nbformat.writes(notebook))
    return tmp_path


def run(home: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=isolated_environment(home), cwd=home, check=check, timeout=120,
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip


def shown(notebook: Path) -> str:
    cells = nbformat.read(notebook, as_version=4).cells
    return "".join(out.get("text", "") for cell in cells for out in cell.get("outputs", []))


def assert_all_revoked(home: Path, openbao: OpenBao) -> None:
    issued = events(home, "issued", what="session token")
    assert issued
    assert not {event["accessor"] for event in issued} & openbao.accessors()
    assert files_with(CANARY, home) == []


# -- without a server -----------------------------------------------------------------------------

SCRIPT = """
import jupyter_qcred, nbformat
from nbclient import NotebookClient
jupyter_qcred.enable()
notebook = nbformat.read("in.ipynb", as_version=4)
NotebookClient(notebook).execute()
nbformat.write(notebook, "out.ipynb")
"""


@pytest.mark.parametrize(
    "command",
    [
        ("jupyter", "qcred", "run", "--", "jupyter", "execute", "in.ipynb", "--output=out"),
        ("jupyter", "qcred", "run", "--", "papermill", "in.ipynb", "out.ipynb"),
        (sys.executable, "-c", SCRIPT),
    ],
    ids=["jupyter execute", "papermill", "nbclient"],
)
def test_headless_runs_have_credentials(
    home: Path, openbao: OpenBao, command: tuple[str, ...]
) -> None:
    """One word before the command: issued, delivered, redacted, and revoked when it is done."""
    run(home, *command)
    assert MASK in shown(home / "out.ipynb")
    assert_all_revoked(home, openbao)


def test_plain_jupyter_client_has_credentials(home: Path, openbao: OpenBao) -> None:
    """A script that drives a kernel by itself gets them too."""
    run(
        home,
        sys.executable,
        "-c",
        "import jupyter_qcred; jupyter_qcred.enable()\n"
        "from jupyter_client.manager import start_new_kernel\n"
        "manager, client = start_new_kernel()\n"
        f"client.execute_interactive({SHOW!r}, timeout=60, output_hook=lambda m:\n"
        "    open('out', 'a').write(m['content'].get('text', '')))\n"
        "client.stop_channels(); manager.shutdown_kernel()\n",
    )
    assert MASK in (home / "out").read_text()
    assert_all_revoked(home, openbao)


def test_run_refuses_an_environment_that_would_lose_its_kernels(
    home: Path, other_environment: Path
) -> None:
    """There our provisioner is unknown, and every kernelspec would vanish."""
    python = str(other_environment / "bin" / "python")
    refused = run(home, "jupyter", "qcred", "run", "--", python, "-V", check=False)
    assert refused.returncode == 1
    assert "would lose all its kernels" in refused.stderr


@pytest.mark.parametrize(("command", "code"), [((), 2), (("--", "no-such-command"), 127)])
def test_run_says_what_it_needs(home: Path, command: tuple[str, ...], code: int) -> None:
    """No command, or one that isn't there."""
    refused = run(home, "jupyter", "qcred", "run", *command, check=False)
    assert refused.returncode == code
    assert refused.stderr.startswith("jupyter qcred run: ")


# -- other environments, and wrappers -------------------------------------------------------------


@pytest.fixture(scope="session")
def other_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that holds ipykernel and nothing of ours."""
    directory = tmp_path_factory.mktemp("other") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
    pip = [str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "ipykernel"], check=True, capture_output=True)
    return directory


def kernelspec(server: JupyterServer, name: str, *argv: str, **more: Any) -> str:
    """Install a kernelspec with a command of the user's own."""
    directory = server.home / "data" / "kernels" / name
    directory.mkdir(parents=True)
    spec = {"argv": [*argv], "display_name": name, "language": "python",
            "metadata": {"supported_encryption": ["curve"]}} | more  # fmt: skip
    (directory / "kernel.json").write_text(json.dumps(spec))
    return name


LAUNCH = ("-m", "ipykernel_launcher", "-f", "{connection_file}")


def test_a_kernel_environment_without_our_package(
    make_server: MakeServer, openbao: OpenBao, other_environment: Path
) -> None:
    """Our half travels with the kernel's start; nothing is installed there."""
    server = make_server()
    name = kernelspec(server, "other", str(other_environment / "bin" / "python"), *LAUNCH)
    kernel = server.open_notebook("work.ipynb", kernel=name)
    where = kernel.execute("import sys; print(sys.prefix)").text.strip()
    assert Path(where) == other_environment
    assert kernel.execute(SHOW).text.strip() == MASK
    assert "held" in kernel.execute("%qcred list").text
    missing = kernel.execute("import importlib.metadata as m; m.distribution('jupyter_qcred')")
    assert "PackageNotFoundError" in missing.text
    reloaded = kernel.execute(f"import importlib; importlib.reload(qcred); {SHOW}")
    assert reloaded.text.strip() == MASK
    loaded = kernel.execute(
        "print([m for m in sys.modules if m.split('.')[0] in ('hvac', 'yaml', 'requests')])"
    )
    assert loaded.text == "[]\n"


def wrapper(directory: Path, call: str) -> tuple[str, ...]:
    """Return a kernel's command behind a program that runs it as its child."""
    program = directory / "wrapper.py"
    program.write_text(f"import subprocess, sys\nsys.exit(subprocess.call({call}))\n")
    return (sys.executable, str(program), sys.executable, *LAUNCH)


@pytest.mark.parametrize(
    "argv",
    [
        (sys.executable, "-I", *LAUNCH),
        (sys.executable, "-E", "-s", *LAUNCH),
        (sys.executable, "-Xfrozen_modules=off", *LAUNCH),
        (sys.executable, "-m", "ipykernel", "-f", "{connection_file}"),
        ("/usr/bin/env", "A_VARIABLE=1", sys.executable, *LAUNCH),
        (),
    ],
    ids=["-I", "-E -s", "-X", "-m ipykernel", "env", "a parent that waits, as uv run"],
)
def test_commands_that_carry_our_half(
    make_server: MakeServer, openbao: OpenBao, tmp_path: Path, argv: tuple[str, ...]
) -> None:
    """Isolated interpreters and wrappers that keep descriptors."""
    server = make_server()
    argv = argv or wrapper(tmp_path, "sys.argv[1:], close_fds=False")
    kernel = server.open_notebook("work.ipynb", kernel=kernelspec(server, "special", *argv))
    assert kernel.execute(SHOW).text.strip() == MASK
    accessor = events(server.home, "issued", what="session token")[-1]["accessor"]
    kernel.delete()
    wait_until("the token is dead", lambda: openbao.lookup_accessor(accessor) is None)


SHELL = f"exec {sys.executable} -m ipykernel_launcher -f {{connection_file}}"


@pytest.mark.parametrize(
    ("argv", "cause"),
    [((), "drops descriptors"), (("/bin/sh", "-c", SHELL), "does not start ipykernel by")],
    ids=["closes descriptors", "a shell"],
)
def test_wrappers_that_drop_the_channel_leave_a_plain_kernel(
    make_server: MakeServer, openbao: OpenBao, tmp_path: Path, argv: tuple[str, ...], cause: str
) -> None:
    """The kernel starts as ever; get() names the cause; nothing is issued."""
    server = make_server()
    argv = argv or wrapper(tmp_path, "sys.argv[1:]")
    before = openbao.accessors()
    kernel = server.open_notebook("work.ipynb", kernel=kernelspec(server, "wrapped", *argv))
    assert kernel.execute("print(6 * 7)").text == "42\n"
    refused = kernel.execute(GET)
    assert "NotOnPlatformError" in refused.text
    assert cause in refused.text
    assert openbao.accessors() == before


def test_a_kernel_of_another_language_starts_untouched(
    make_server: MakeServer, openbao: OpenBao
) -> None:
    """Its command and its wire are its own; what it may read in its environment tells why."""
    server = make_server()
    script = server.home / "kernel.py"
    script.write_text(
        "import os, sys\nfrom ipykernel.kernelapp import launch_new_instance\n"
        "launch_new_instance(sys.argv[1:])\n"
    )
    argv = (sys.executable, str(script), "-f", "{connection_file}")
    name = kernelspec(server, "xeus", *argv, language="other")
    kernel = server.open_notebook("work.ipynb", kernel=name)
    arguments = kernel.execute("import sys; print(sys.orig_argv[1])").text
    assert arguments.strip() == str(script)
    told = kernel.execute("import os; print(os.environ['JUPYTER_QCRED_UNAVAILABLE'])")
    assert "does not start ipykernel" in told.text


# -- users' own settings --------------------------------------------------------------------------


def test_users_own_packer_extensions_and_startup_lines_are_kept(
    make_server: MakeServer, openbao: OpenBao
) -> None:
    """What a profile sets for IPKernelApp and Session applies to ours as well."""
    server = make_server()
    profile = server.home / ".ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "startup" / "00.py").write_text("from_startup = 'startup'")
    (profile / "ipython_kernel_config.py").write_text(
        "c.Session.packer = 'json'\n"
        "c.Session.username = 'somebody'\n"
        "c.IPKernelApp.extensions = ['autoreload']\n"
        "c.IPKernelApp.exec_lines = ['from_line = 1 + 1']\n"
        "c.InteractiveShell.xmode = 'Minimal'\n"
    )
    kernel = server.open_notebook("work.ipynb")
    told = kernel.execute(
        "app = get_ipython().kernel.parent\n"
        "print(from_startup, from_line, app.session.packer, app.session.username,\n"
        "      any('autoreload' in name for name in get_ipython().extension_manager.loaded),\n"
        "      get_ipython().InteractiveTB.mode)"
    )
    assert told.text == "startup 2 json somebody True Minimal\n"
    assert kernel.execute(SHOW).text.strip() == MASK


def test_the_working_directory_is_importable_as_ever(
    make_server: MakeServer, openbao: OpenBao
) -> None:
    """A module beside the notebook is found, and our package's folder is not on the path."""
    server = make_server()
    (server.root / "beside.py").write_text("answer = 42")
    kernel = server.open_notebook("work.ipynb")
    assert kernel.execute("import beside; print(beside.answer)").text == "42\n"
    path = json.loads(kernel.execute("import json, sys; print(json.dumps(sys.path))").text)
    plain = subprocess.run(
        [sys.executable, "-c", "import json, sys; print(json.dumps(sys.path))"],
        capture_output=True, text=True, check=True, env=server.env,
    )  # fmt: skip
    assert set(path) - set(json.loads(plain.stdout)) <= {str(server.home / ".ipython"), ""}


def test_the_notebook_s_metadata_narrows_what_its_kernel_gets(
    make_server: MakeServer, openbao: OpenBao
) -> None:
    """``qcred.requires`` takes away; the error says where to add a name."""
    server = make_server()
    kernel = server.open_notebook(
        "narrow.ipynb", metadata={"qcred": {"requires": [deployment.LIVE]}}
    )
    listed = kernel.execute("import jupyter_qcred as qcred; print(qcred.list())").text
    assert deployment.LIVE in listed
    assert KEY not in listed
    refused = kernel.execute(GET)
    assert "metadata.qcred.requires" in refused.text
    assert events(server.home, "denied", credential=KEY, reason="unknown_credential")


def test_asking_again_renewing_and_giving_back(make_server: MakeServer, openbao: OpenBao) -> None:
    """The helper's other verbs, each answered by the server."""
    server = make_server()
    kernel = server.open_notebook("work.ipynb")
    live = deployment.LIVE
    kernel.execute("import jupyter_qcred as qcred")
    first = kernel.execute(f"cred = qcred.get('{live}'); old = cred.lease_id; print(len(old))")
    assert first.text == "16\n"
    renewed = kernel.execute(f"qcred.renew('{live}'); print(cred.lease_id != old)")
    assert renewed.text == "True\n"
    assert events(server.home, "renewed", credential=live, replaced=True)
    assert kernel.execute(f"print(qcred.revoke('{KEY}') if qcred.get('{KEY}') else '')").text == (
        "unsupported\n"
    )
    gone = kernel.execute(f"print(qcred.status()); qcred.revoke('{KEY}')")
    assert "LeaseExpiredError" in gone.text
