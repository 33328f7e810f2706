"""What a browser shows of a server: redactions, news, troubles, and the keys it stores."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
import requests
from support import deployment
from support.api import Api, asking
from support.deployment import CANARY, KEY, LIVE, PROFILES, events
from support.jupyter import JupyterServer
from support.openbao import OpenBao, wait_until
from support.processes import processes_naming, stop_all
from support.sweep import files_with, texts_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOUND = "hvs.CAESIJ1kQ0mV7yWbX3rT9pLz2uNfHd8sKcE4aGxYoRtBvMqPGh4KHGh2cy5KbWlXc0ZtU2dQ"
"""Has the format of a secret, and nobody issued it."""

ABSENT = "not-there"
USE = "import jupyter_qcred as qcred; print(qcred.get(%r))"


@pytest.fixture(scope="module")
def bao(openbao: OpenBao) -> OpenBao:
    deployment.provide(openbao)
    return openbao


@pytest.fixture(scope="module")
def server(bao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    absent = {"vendor": "ionq", "source": "kv2:qcred/absent", "deliver": "use"}
    made = deployment.server(bao, tmp_path_factory.mktemp("panel"), PROFILES | {ABSENT: absent})
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def api(server: JupyterServer) -> Iterator[Api]:
    """The API; at the end every kernel is gone and no answer held a value."""
    with asking(server) as client:
        yield client
    assert [text for text in client.answers if FOUND in text] == []


def notebook(*sources: str, output: str = "", **metadata: str) -> Any:
    """Return a notebook whose last cell has two outputs, the second with ``output``."""
    cells = [
        nbformat.v4.new_code_cell(source, id=f"cell-{number}")
        for number, source in enumerate(sources, 1)
    ]
    cells[-1].outputs = [
        nbformat.v4.new_output("stream", text="clean\n"),
        nbformat.v4.new_output("execute_result", {"text/plain": output}, execution_count=1),
    ]
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


# -- redactions -----------------------------------------------------------------------------------


def test_a_redaction_is_told_with_its_place_and_without_its_value(
    api: Api, server: JupyterServer
) -> None:
    """Cell, its id, the part, the output's number, whose value or what format, and how often."""
    kernel = server.open_notebook("work.ipynb")
    assert kernel.execute(USE % KEY).ok
    saved = notebook("1 + 1", f"a = '{CANARY}'\nb = '{CANARY}'", output=FOUND, title=CANARY)
    server.save("work.ipynb", saved)
    told = api.get("redactions", path="work.ipynb")
    found = [
        {name: one[name] for name in ("cell", "cell_id", "part", "output", "rule", "count")}
        for one in told["redactions"]
    ]
    detector = found[1]["rule"]
    second = {"cell": 2, "cell_id": "cell-2"}
    assert found == [
        {**second, "part": "source", "output": None, "rule": KEY, "count": 2},
        {**second, "part": "output", "output": 2, "rule": detector, "count": 1},
        {"cell": None, "cell_id": "", "part": "notebook", "output": None, "rule": KEY, "count": 1},
    ]
    titles = [one["title"] for one in told["redactions"]]
    assert (titles[0], titles[2]) == ("", "")
    assert "Vault" in titles[1]
    assert [len(one["fingerprints"]) for one in told["redactions"]] == [0, 1, 0]
    assert told["complete"]
    assert told["last_save"] == {"sources": [second], "outputs_cleared": False}


def test_what_lies_on_the_disk_counts_whoever_redacted_it(api: Api, server: JupyterServer) -> None:
    """After a reload the placeholders are all that is left; when they go, nothing is told."""
    server.save("old.ipynb", notebook("x = '[redacted:ionq]'", "y"))
    (one,) = api.get("redactions", path="old.ipynb")["redactions"]
    assert (one["cell_id"], one["rule"], one["fingerprints"]) == ("cell-1", "ionq", [])
    server.save("old.ipynb", notebook(f"x = '{FOUND}'", "y"))
    assert api.get("redactions", path="old.ipynb")["last_save"] is not None
    server.save("old.ipynb", notebook("x", "y"))
    told = api.get("redactions", path="old.ipynb")
    assert (told["redactions"], told["last_save"]) == ([], None)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ('key = "[redacted:ionq]" # [redacted:ionq]', [("text", "ionq", 2)]),
        ("nothing", []),
        ("", []),
    ],
)
def test_text_files_have_redactions_too(
    api: Api, server: JupyterServer, text: str, rules: list[tuple[str, str, int]]
) -> None:
    """Without cells, there is only how many."""
    (server.root / "script.py").write_text(text)
    told = api.get("redactions", path="/script.py")["redactions"]
    assert [(one["part"], one["rule"], one["count"]) for one in told] == rules


@pytest.mark.parametrize("text", ["{", "[]", '{"cells": 1}', '{"cells": [1, null, {"id": 5}]}'])
def test_a_broken_notebook_is_answered_for(api: Api, server: JupyterServer, text: str) -> None:
    """Whatever is in the file, the answer keeps to the document."""
    (server.root / "broken.ipynb").write_text(text)
    assert api.get("redactions", path="broken.ipynb")["redactions"] == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nowhere.ipynb", 404),
        ("../secret.ipynb", 404),
        ("..", 404),
        ("", 400),
        ("/", 404),
        (" ", 404),
        ("a\0b", 404),
        ("x" * 5000, 400),
        ("folder", 404),
        ("bytes.bin", 400),
    ],
)
def test_what_is_no_file_of_this_server_is_refused(
    api: Api, server: JupyterServer, path: str, status: int
) -> None:
    """Nothing outside the root, nothing that is no text, and no place of the machine is named."""
    (server.root / "folder").mkdir(exist_ok=True)
    (server.root / "bytes.bin").write_bytes(b"\xff\xfe\x00")
    error = api.refused("GET", "redactions", status, params={"path": path})
    assert str(server.root) not in json.dumps(error)


AUTHORIZER = """
from jupyter_server.auth.authorizer import Authorizer

class Rules(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return resource != "contents"
"""


def test_who_may_not_read_files_learns_nothing_of_them(bao: OpenBao, tmp_path: Path) -> None:
    """The resource `contents` is asked for as well: not even whether a file exists is told."""
    (tmp_path / "rules.py").write_text(AUTHORIZER)
    server = deployment.server(
        bao,
        tmp_path / "home",
        args=("--ServerApp.authorizer_class=rules.Rules",),
        env={"PYTHONPATH": str(tmp_path)},
    )
    (server.root / "work.ipynb").write_text(nbformat.writes(notebook("x")))
    try:
        api = Api(server.start())
        for path in ("work.ipynb", "nowhere.ipynb"):
            assert (
                api.refused("GET", "redactions", 403, params={"path": path})["code"] == "forbidden"
            )
        assert api.get("status")["redacts_saves"]
    finally:
        server.close()


# -- "this isn't a secret" ------------------------------------------------------------------------


def test_what_is_no_secret_can_be_kept(api: Api, server: JupyterServer) -> None:
    """By the fingerprint of what was just redacted, with a reason; the next save leaves it."""
    server.save("example.ipynb", notebook(f"x = '{FOUND}'"))
    assert FOUND not in (server.root / "example.ipynb").read_text()
    (one,) = api.get("redactions", path="example.ipynb")["redactions"]
    body = {"fingerprint": one["fingerprints"][0], "reason": "from the manual", "until": None}
    told = api.post("allowed", body)
    assert (told["reason"], told["until"]) == ("from the manual", None)
    assert told["who"] == api.get("status")["user"]
    list_ = server.home / "data" / "qcred" / "allowed.json"
    (entry,) = json.loads(list_.read_text())
    assert (entry["fingerprint"], entry["reason"]) == (body["fingerprint"], "from the manual")
    assert list_.stat().st_mode & 0o77 == 0
    server.save("example.ipynb", notebook(f"x = '{FOUND}'"))
    assert FOUND in (server.root / "example.ipynb").read_text()
    (event,) = events(server.home, "allowed", path="example.ipynb")
    assert (event["reason"], event["who"]) == ("from the manual", told["who"])
    assert api.get("redactions", path="example.ipynb")["redactions"] == []
    list_.unlink()
    server.save("example.ipynb", notebook(f"x = '{FOUND}'"))
    assert FOUND not in (server.root / "example.ipynb").read_text()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"fingerprint": "A" * 16, "reason": "why not"}, 404),
        ({"fingerprint": "A" * 16}, 400),
        ({"fingerprint": "a" * 16, "reason": "x"}, 400),
        ({"fingerprint": FOUND, "reason": "x"}, 400),
        ({"fingerprint": "A" * 16, "reason": " "}, 400),
        ({"fingerprint": "A" * 16, "reason": "x" * 501}, 400),
        ({"fingerprint": "A" * 16, "reason": 5}, 400),
        ({"fingerprint": "A" * 16, "reason": "\ud800"}, 400),
        ({"fingerprint": "A" * 16, "reason": "x", "until": "tomorrow"}, 400),
        ({"fingerprint": "A" * 16, "reason": "x", "until": "2027-02-31"}, 400),
        ({"fingerprint": "A" * 16, "reason": "x", "who": "me"}, 400),
        ([], 400),
    ],
)
def test_only_what_was_redacted_can_be_allowed(api: Api, body: Any, status: int) -> None:
    """And only in the form that the document says; nothing is written."""
    api.refused("POST", "allowed", status, json=body)


def test_a_damaged_list_is_not_overwritten(api: Api, server: JupyterServer) -> None:
    """What the user wrote by hand stays, and the answer names the file."""
    server.save("example.ipynb", notebook(f"x = '{FOUND}'"))
    (one,) = api.get("redactions", path="example.ipynb")["redactions"]
    file = server.home / "data" / "qcred" / "allowed.json"
    file.write_text("[{half")
    body = {"fingerprint": one["fingerprints"][0], "reason": "x"}
    error = api.refused("POST", "allowed", 409, json=body)
    assert error["code"] == "config"
    assert file.read_text() == "[{half"
    file.unlink()


# -- news -----------------------------------------------------------------------------------------


def test_a_browser_hears_of_a_kernel_s_life_by_one_request_after_the_other(
    api: Api, server: JupyterServer
) -> None:
    """Delivered, renewed, redacted, revoked: each wakes the one who waits, with the new state."""
    news = api.get("changes")
    assert not news["resumed"]

    def until(condition: Any) -> Any:
        nonlocal news
        deadline = time.monotonic() + 60
        seen = []
        while time.monotonic() < deadline:
            news = api.get("changes", since=news["id"], wait="20")
            assert news["resumed"]
            seen += news["redactions"]
            status = news["status"]
            held = [
                one
                for kernel in (status or {"kernels": ()})["kernels"]
                if kernel["kernel"] == kernel_id
                for one in kernel["credentials"]
            ]
            if condition(held, seen):
                return held
        raise AssertionError("it was not told")

    kernel = server.open_notebook("news.ipynb")
    kernel_id = kernel.id
    held = until(lambda held, _: {one["state"] for one in held} == {"live"} and len(held) == 2)
    (lease,) = [one for one in held if one["credential"] == LIVE]
    api.post(f"leases/{lease['lease_id']}/renew")
    until(lambda held, _: any(one["renewals"] == 1 for one in held))
    server.save("news.ipynb", notebook(f"x = '{FOUND}'"))
    until(lambda _, seen: seen == ["news.ipynb"])
    api.post("revoke", {"kernel": kernel.id})
    until(lambda held, _: held == [])


def test_while_nothing_happens_one_request_is_held(api: Api, server: JupyterServer) -> None:
    """A kernel with live credentials is no news: the answer comes when its wait is over."""
    server.open_notebook("idle.ipynb").execute(USE % KEY)
    news = api.get("changes")
    held = 0.0
    for _ in range(20):  # the kernel's start is news, and so is a heartbeat now and then
        began, before = time.monotonic(), news["id"]
        news = api.get("changes", since=before, wait="3")
        if news["id"] == before:
            held = time.monotonic() - began
            break
    assert held > 2.9
    assert (news["status"], news["redactions"]) == (None, [])


def test_an_id_of_another_server_gets_everything(api: Api) -> None:
    """As after a restart: the answer comes at once, and says that it starts anew."""
    for since in ("4711-feedbeef.1.0", "x", "a.b.c", "9" * 100):
        news = api.get("changes", since=since, wait="50")
        assert not news["resumed"]
        assert news["status"]["server"]


@pytest.mark.parametrize(
    "query", [{"wait": "51"}, {"wait": "-1"}, {"wait": "nan"}, {"wait": "x"}, {"since": "x" * 129}]
)
def test_a_wait_has_bounds(api: Api, query: dict[str, str]) -> None:
    """Nobody holds a request for longer than a proxy lets it be."""
    assert api.refused("GET", "changes", 400, params=query)["code"] == "bad_request"


def test_a_stopping_server_waits_for_no_browser(bao: OpenBao, tmp_path: Path) -> None:
    """Those who wait are sent away, and the server ends as fast as without them."""
    server = deployment.server(bao, tmp_path / "home").start()
    api = Api(server)
    since = api.get("changes")["id"]
    answers: list[Any] = []

    def wait() -> None:
        try:
            answers.append(
                requests.get(
                    f"{server.url}qcred/api/changes",
                    params={"since": since, "wait": "50"},
                    headers={"Authorization": server.authorization},
                    timeout=60,
                )
            )
        except requests.ConnectionError as error:
            answers.append(error)

    waiting = [threading.Thread(target=wait) for _ in range(3)]
    for one in waiting:
        one.start()
    established = lambda: len(_connections(server)) >= 3  # noqa: E731 - one expression
    try:
        wait_until("they wait", established, 60)
        # Sooner than any of their waits is over.
        assert server.terminate(40) == 0
        for one in waiting:
            one.join(30)
        assert len(answers) == 3
        for answer in answers:
            if isinstance(answer, requests.Response):
                assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
    finally:
        server.close()


def _connections(server: JupyterServer) -> list[Any]:
    import psutil

    return [
        one for one in psutil.Process(server.pid).net_connections() if one.status == "ESTABLISHED"
    ]


# -- what is missing ------------------------------------------------------------------------------


def test_a_credential_that_is_not_there_is_a_notice_of_its_kernel(
    api: Api, server: JupyterServer
) -> None:
    """The reason and the next step are those that the notebook was told, until it is there."""
    kernel = server.open_notebook("missing.ipynb")
    assert "NotStoredError" in kernel.execute(USE % ABSENT).text
    (shown,) = [one for one in api.get("status")["kernels"] if one["kernel"] == kernel.id]
    assert {one["credential"]: one["vendor"] for one in shown["available"]} == {
        KEY: KEY, LIVE: LIVE, ABSENT: "ionq",
    }  # fmt: skip
    (notice,) = shown["notices"]
    assert (notice["credential"], notice["code"]) == (ABSENT, "not_stored")
    assert (notice["held"], notice["ends_in"]) == (False, None)
    assert notice["next_step"]
    assert "UnknownCredentialError" in kernel.execute(USE % "nobody-knows").text
    (shown,) = [one for one in api.get("status")["kernels"] if one["kernel"] == kernel.id]
    assert [one["credential"] for one in shown["notices"]] == [ABSENT]


def test_a_revoked_credential_is_a_notice_until_it_is_issued_again(
    api: Api, server: JupyterServer
) -> None:
    """Who took it is told, and the next use ends it."""
    kernel = server.open_notebook("revoked.ipynb")
    assert kernel.execute(USE % KEY).ok
    api.post("revoke", {"credential": KEY})
    (notice,) = notices(api, kernel.id)
    assert (notice["credential"], notice["code"]) == (KEY, "lease_expired")
    assert "revoked by the user" in notice["reason"]
    assert kernel.execute(USE % KEY).ok
    assert notices(api, kernel.id) == []


def test_a_renewal_that_fails_is_a_notice_with_what_is_left(
    fresh_openbao: OpenBao, tmp_path: Path
) -> None:
    """While the issuer is away, the credential is still held; when it is back, all is well."""
    deployment.provide(fresh_openbao)
    source = PROFILES[LIVE]["source"]
    short = {"vendor": LIVE, "source": {**source, "parameters": {"ttl": "40s"}}}
    server = deployment.server(fresh_openbao, tmp_path / "home", {LIVE: short}).start()
    api = Api(server)
    try:
        kernel = server.open_notebook("work.ipynb")
        assert kernel.execute(USE % LIVE).ok
        fresh_openbao.stop()
        notice = wait_until(
            "it is told",
            lambda: [one for one in notices(api, kernel.id) if one["held"]],
            90,
        )[0]
        assert notice["code"] == "issuer_unreachable"
        assert 0 <= notice["ends_in"] <= 40
        fresh_openbao.start()
        wait_until("all is well", lambda: not notices(api, kernel.id), 90)
    finally:
        server.close()


def notices(api: Api, kernel_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        notice
        for kernel in api.get("status")["kernels"]
        if kernel["kernel"] == kernel_id
        for notice in kernel["notices"]
    ]
    return found


# -- storing a key --------------------------------------------------------------------------------


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[JupyterServer]:
    """A home without any setting of ours: keys lie in the embedded OpenBao."""
    server = JupyterServer(tmp_path / "home", args=("--debug",))
    yield server
    server.close()
    stop_all(processes_naming(tmp_path))


def test_a_pasted_key_is_stored_and_never_seen_again(laptop: JupyterServer) -> None:
    """One request stores it: kernels use it, saves redact it, and no file or answer has it."""
    api = Api(laptop.start())
    assert api.get("status")["stores_keys"]
    told = api.put("credentials/ionq", {"value": CANARY})
    assert (told["stored"], told["fields"]) == ("ionq", ["value"])
    assert "a browser stored a key as ionq" in laptop.log()
    # It is looked for from then on, also while no kernel has it yet.
    laptop.save("pasted.ipynb", notebook(f"key = '{CANARY}'"))
    assert "[redacted:ionq]" in (laptop.root / "pasted.ipynb").read_text()
    kernel = laptop.open_notebook("use.ipynb")
    assert "value hidden" in kernel.execute(USE % "ionq").text
    assert api.put("credentials/ionq", {"value": "x" * 40}, status=409)["code"] == "already_stored"
    digest = "import hashlib; hashlib.sha256(qcred.get('ionq').reveal().encode()).hexdigest()"
    assert hashlib.sha256(CANARY.encode()).hexdigest() in kernel.execute(digest).text
    api.put("credentials/ionq", {"value": CANARY[::-1], "replace": True})
    parts = {"access_key": "AKIA0000CANARY000000", "secret_key": CANARY.swapcase()}
    assert api.put("credentials/amazon-braket", {"fields": parts})["fields"] == [*parts]
    recorded = events(laptop.home, "stored", by="browser")
    assert [(one["credential"], one["change"]) for one in recorded] == [
        ("ionq", "added"),
        ("ionq", "replaced"),
        ("amazon-braket", "added"),
    ]
    assert all(one["who"] == one["user"] != "" for one in recorded)
    assert all(one["server"] for one in recorded)
    for value in (CANARY, CANARY[::-1], parts["secret_key"]):
        assert texts_with(value, [*api.answers, *laptop.answers, laptop.log()]) == []
        assert files_with(value, laptop.home) == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("UPPER", {"value": CANARY}),
        ("a" * 65, {"value": CANARY}),
        ("a%0A", {"value": CANARY}),
        ("ionq", {}),
        ("ionq", {"value": CANARY, "fields": {"value": CANARY}}),
        ("ionq", {"value": ""}),
        ("ionq", {"value": f" {CANARY}"}),
        ("ionq", {"value": f"{CANARY}\nmore"}),
        ("ionq", {"value": f"{CANARY}\x1b[D"}),
        ("ionq", {"value": f"{CANARY}\ud800"}),
        ("ionq", {"value": CANARY * 2000}),
        ("ionq", {"value": [CANARY]}),
        ("ionq", {"fields": {}}),
        ("ionq", {"fields": {"a b": CANARY}}),
        ("ionq", {"fields": {str(number): CANARY for number in range(17)}}),
        ("ionq", {"value": CANARY, "replace": 1}),
        ("ionq", {"value": CANARY, "more": 1}),
    ],
)
def test_a_body_that_cannot_be_meant_stores_nothing(
    api: Api, server: JupyterServer, name: str, body: Any
) -> None:
    """400 with the reason, and no word of the value."""
    error = api.refused("PUT", f"credentials/{name}", 400, json=body)
    assert error["code"] == "bad_request"
    assert texts_with(CANARY, [server.log()]) == []


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded", "json"])
def test_only_json_is_read(api: Api, kind: str) -> None:
    """Other types are what a page of another site can send: they are refused before that."""
    body = json.dumps({"value": CANARY}).encode()
    for verb, path in (("PUT", "credentials/ionq"), ("POST", "allowed"), ("POST", "revoke")):
        answer = api.refused(verb, path, 415, data=body, headers={"Content-Type": kind})
        assert answer["code"] == "bad_request"


def test_where_a_vault_is_configured_keys_belong_there(api: Api) -> None:
    """The answer says so; nothing is stored anywhere else."""
    assert not api.get("status")["stores_keys"]
    error = api.put("credentials/ionq", {"value": CANARY}, status=409)
    assert error["code"] == "config"
    assert "bao kv put" in error["next_step"]


def test_an_operator_can_keep_browsers_from_storing_keys(tmp_path: Path) -> None:
    """`QcredApp.store_keys = False`: 403, and how it is done instead; no OpenBao is started."""
    server = JupyterServer(tmp_path / "home", args=("--QcredApp.store_keys=False",))
    try:
        api = Api(server.start())
        assert not api.get("status")["stores_keys"]
        error = api.put("credentials/ionq", {"value": CANARY}, status=403)
        assert error["code"] == "not_entitled"
        assert "jupyter qcred put" in error["next_step"]
        assert not os.path.exists(server.home / "data" / "qcred" / "openbao")
    finally:
        server.close()
        stop_all(processes_naming(tmp_path))
