"""A long-lived key at the issuer, a bearer in the kernel: IBM Cloud IAM, on loopback."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from support import deployment
from support.deployment import events
from support.loopback import Scripted
from support.openbao import wait_until
from support.sweep import disguises, files_with, processes_with, texts_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.jupyter import JupyterServer, Kernel
    from support.openbao import OpenBao

    MakeServer = Callable[..., JupyterServer]

NAME = "ibm-quantum"
KEY = "ApiKeyOfTheTest-Zm9vYmFy_0123456789abcdefXYZ"


class Iam:
    """Gives a bearer for the one API key it knows, each for a few seconds.

    Attributes:
        life: seconds that its bearers live.
        bearers: all that it gave, oldest first.
        away: it fails.
    """

    def __init__(self, life: int) -> None:
        self.life = life
        self.bearers: list[str] = []
        self.away = False
        self._server = Scripted(self._answer)
        self.url = f"{self._server.address}/identity/token"

    def _answer(self, _method: str, path: str, body: bytes) -> tuple[int, Any]:
        if self.away:
            return 503, b""
        if path != "/identity/token" or parse_qs(body.decode()).get("apikey") != [KEY]:
            return 400, {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key …"}
        self.bearers.append(f"bearer-{len(self.bearers)}-{secrets.token_urlsafe(32)}")
        return 200, {
            "access_token": self.bearers[-1], "refresh_token": "not_supported",
            "token_type": "Bearer", "expires_in": self.life,
        }  # fmt: skip

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def iam() -> Iterator[Iam]:
    made = Iam(life=6)
    yield made
    made.close()


def served(make_server: MakeServer, openbao: OpenBao, iam: Iam) -> JupyterServer:
    """A server whose profile hands the stored key in at the vendor."""
    deployment.provide(openbao)
    openbao.put(NAME, api_key=KEY, instance="crn:v1:bluemix:one")
    source = {
        "kind": "exchange", "exchange": "ibm-iam", "from": f"kv2:qcred/{NAME}",
        "options": {"url": iam.url},
    }  # fmt: skip
    return make_server(openbao, profiles={NAME: {"source": source}}, hide_memory=False)


def holds(pid: int, value: str) -> bool:
    """Whether a process has a value in its memory, in some disguise."""
    needles = disguises(value)
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            place, rights, *_ = line.split()
            start, end = (int(part, 16) for part in place.split("-"))
            if not rights.startswith("rw") or "[v" in line:
                continue
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            if any(needle in data for needle in needles):
                return True
    return False


def test_the_kernel_holds_the_bearer_only_and_always_a_live_one(
    make_server: MakeServer, fresh_openbao: OpenBao, iam: Iam, tmp_path: Path
) -> None:
    """One handle, several bearers; the API key is in no memory, file, log, event or process."""
    server = served(make_server, fresh_openbao, iam)
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{NAME}')")
    assert current(kernel) == len(iam.bearers) - 1
    shown = kernel.execute("print(cred, cred.public, cred.fields)").text
    assert "crn:v1:bluemix:one" in shown
    assert "'token'" in shown
    wait_until("it was issued anew three times", lambda: len(iam.bearers) >= 4, 40)
    wait_until("the kernel has it", lambda: current(kernel) >= 3)
    assert 0 < float(kernel.execute("cred.expires_in").text) <= 6
    renewals = events(server.home, "renewed", credential=NAME)
    assert renewals
    assert all(event["replaced"] for event in renewals)

    pid = kernel.pid()
    assert holds(pid, iam.bearers[current(kernel)])  # it can be found where it is
    assert not holds(pid, KEY)
    redacted = kernel.execute("print(cred.reveal())").text
    assert redacted == f"[redacted:{NAME}]\n"

    kernel.delete()
    wait_until("its end is on record", lambda: events(server.home, "revoked", credential=NAME))
    # The last, and perhaps the one before it: nobody can end a bearer of IBM's.
    for ended in events(server.home, "revoked", credential=NAME):
        assert ended["outcome"] == "unsupported"
        assert 0 < ended["ttl"] <= 6
    assert server.terminate() == 0

    received = [text for one in server.kernels for text in one.received]
    for value in (KEY, *iam.bearers):
        assert files_with(value, server.home) == []
        assert texts_with(value, [*server.answers, *received, server.log()]) == []
        assert processes_with(value) == []


def current(kernel: Kernel) -> int:
    """The number of the bearer that the kernel's handle serves."""
    return int(kernel.execute("print(cred.reveal().split('-')[1])").text)


def test_a_vendor_that_is_away_is_told_and_comes_back_by_itself(
    make_server: MakeServer, fresh_openbao: OpenBao, iam: Iam
) -> None:
    """The value ends, the handle says why, and serves a new one as soon as there is one."""
    server = served(make_server, fresh_openbao, iam)
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{NAME}')")
    iam.away = True
    wait_until("it has ended", lambda: "ended" in kernel.execute("cred").text, 30)
    refused = kernel.execute("cred.reveal()").text
    assert "IBM Cloud IAM" in refused or "the source of ibm-quantum" in refused
    iam.away = False
    wait_until("it is back", lambda: "left" in kernel.execute("cred").text, 40)
    assert current(kernel) == len(iam.bearers) - 1
    assert KEY not in server.log()


def test_a_static_key_is_said_to_live_on(make_server: MakeServer, openbao: OpenBao) -> None:
    """One warning to the administrator, a label on the lease, and no word of revocation."""
    deployment.provide(openbao)
    server = make_server(openbao)
    means = "ending the lease does not invalidate it"
    told = f"Profile {NAME} delivers a static key: {means}"
    wait_until("the administrator is warned", lambda: told in server.log())
    for notebook in ("one.ipynb", "two.ipynb"):
        kernel = server.open_notebook(notebook)
        kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{NAME}')")
        assert f"static key: {means}" in kernel.execute("print(qcred.status())").text
        assert means in kernel.execute("print(cred.labels)").text
    assert server.log().count(told) == 1
    assert kernel.execute(f"qcred.revoke('{NAME}')").text == "'unsupported'"
    (ended,) = events(server.home, "revoked", credential=NAME)
    assert (ended["outcome"], ended["ttl"]) == ("unsupported", None)
    assert ended["labels"]["static-key"] == means
