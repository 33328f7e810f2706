"""What a person sees when a setting is wrong: kernels start, and the message names the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.deployment import KEY
from support.openbao import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

    MakeServer = Callable[..., JupyterServer]

GET = f"import jupyter_qcred as qcred; print(qcred.get('{KEY}'))"


def test_a_wrong_profiles_file_is_told_at_the_start_and_to_who_asks(
    make_server: MakeServer, openbao: OpenBao
) -> None:
    """With file, line and column; the kernel itself starts as ever."""
    server = make_server(profiles={}, start=False, profiles_file="profiles.yaml")
    file = server.config_dir / "profiles.yaml"
    file.write_text(f"profiles:\n  {KEY}:\n    source: kv2:qcred/x\n    colour: red\n")
    server.start()
    wait_until("the log tells", lambda: f"{file}, line 4, column 5" in server.log())
    kernel = server.open_notebook("work.ipynb")
    refused = kernel.execute(GET).text
    assert "ConfigError" in refused
    assert "profiles.yaml, line 4, column 5: unknown key; accepted: vendor" in refused


def test_profiles_come_from_the_file(make_server: MakeServer, openbao: OpenBao) -> None:
    """A YAML file beside the other settings, found by its name."""
    server = make_server(profiles={}, start=False, profiles_file="profiles.yaml")
    text = f"profiles:\n  {KEY}:\n    source: kv2:qcred/{KEY}\n    labels: {{project: q7}}\n"
    (server.config_dir / "profiles.yaml").write_text(text)
    server.start()
    kernel = server.open_notebook("work.ipynb")
    assert "value hidden" in kernel.execute(GET).text
    assert kernel.execute(f"print(qcred.get('{KEY}').labels['project'])").text == "q7\n"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"address": "ftp://somewhere"}, "the setting address is wrong"),
        ({"auth_method": "userpass"}, "auth_method=userpass needs username"),
        ({"ca_file": "/nowhere/ca.pem"}, "there is no file /nowhere/ca.pem"),
    ],
)
def test_a_wrong_issuer_setting_is_told_to_who_asks(
    make_server: MakeServer, openbao: OpenBao, settings: dict[str, str], words: str
) -> None:
    """The kernel starts, and get() repeats what the operator has to correct."""
    arguments = tuple(f"--VaultIssuer.{name}={value}" for name, value in settings.items())
    server = make_server(args=arguments)
    kernel = server.open_notebook("work.ipynb")
    refused = kernel.execute(GET).text
    assert "ConfigError" in refused
    assert words in refused


def test_a_kernel_s_memory_is_hidden_unless_turned_off(
    make_server: MakeServer, openbao: OpenBao
) -> None:
    """PR_GET_DUMPABLE is 0 in the kernel, and 1 again in what it runs."""
    ask = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    run = f"subprocess.run([sys.executable, '-c', {ask!r}], capture_output=True, text=True)"
    child = f"import sys, subprocess; print({run}.stdout)"
    kernel = make_server().open_notebook("work.ipynb")
    assert kernel.execute(ask).text == "0\n"
    assert kernel.execute(child).text.strip() == "1"
    shown = make_server(hide_memory=False).open_notebook("work.ipynb")
    assert shown.execute(ask).text == "1\n"


def test_the_server_s_secrets_stay_out_of_kernels(
    make_server: MakeServer, openbao: OpenBao
) -> None:
    """The usual names, the one that the login reads, and our own switch."""
    names = ("VAULT_TOKEN", "BAO_TOKEN", "MY_JWT", "JUPYTER_DEFAULT_PROVISIONER_NAME")
    env = dict.fromkeys(names, "qcred-provisioner")
    server = make_server(args=("--VaultIssuer.jwt_env=MY_JWT",), env=env)
    kernel = server.open_notebook("work.ipynb")
    left = kernel.execute(f"import os; print([n for n in {names!r} if n in os.environ])")
    assert left.text == "[]\n"
