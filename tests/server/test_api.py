"""The API: what is held and owed can be seen, and taken back, by those who may."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import requests
from openapi_spec_validator import validate
from support import deployment
from support.api import DOCUMENT, Api, asking, cookie_login
from support.deployment import KEY, LIVE, PROFILES, events
from support.leases import ONCE, ONCE_PROFILE, live_leases, provide_once
from support.openbao import wait_until
from support.sweep import texts_with

from jupyter_qcred.deliver.oversight import By, Selector
from jupyter_qcred.server.app import QcredApp
from jupyter_qcred.server.handlers import HANDLERS
from jupyter_qcred.server.handlers.revoke import selector_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.jupyter import JupyterServer, Kernel
    from support.openbao import OpenBao

    MakeServer = Callable[..., JupyterServer]

ROUTES = [
    (verb, path.format(lease_id="0123456789abcdef", name="ionq"))
    for path, operations in DOCUMENT["paths"].items()
    for verb in operations
    if verb != "parameters"
]
BODIES: dict[str, Any] = {
    "/qcred/api/deliver": {"kernel": "feed", "credential": "ionq"},
    "/qcred/api/revoke": {"all": True},
    "/qcred/api/allowed": {"fingerprint": "A" * 16, "reason": "an example"},
    "/qcred/api/credentials/ionq": {"value": "no-key-of-anybody"},
}
QUERIES = {"/qcred/api/redactions": {"path": "work.ipynb"}}
USE = "import jupyter_qcred as qcred; held = {name: qcred.get(name) for name in %r}"

each_route = pytest.mark.parametrize(("verb", "path"), ROUTES, ids=lambda part: part)


@pytest.fixture(scope="module")
def bao(openbao: OpenBao) -> OpenBao:
    provide_once(openbao)
    return openbao


@pytest.fixture(scope="module")
def server(bao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    profiles = PROFILES | {ONCE: ONCE_PROFILE}
    made = deployment.server(bao, tmp_path_factory.mktemp("api"), profiles)
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def api(server: JupyterServer) -> Iterator[Api]:
    """The API, and at the end every kernel is gone and no answer held a value."""
    with asking(server) as client:
        yield client
    assert [text for text in client.answers if re.search(r"\b(s|hvs)\.[A-Za-z0-9]{20}", text)] == []


def opened(server: JupyterServer, path: str = "work.ipynb", names: tuple[str, ...] = ()) -> Kernel:
    """Open a notebook whose kernel holds credentials."""
    kernel = server.open_notebook(path)
    used = kernel.execute(USE % (names or (KEY, LIVE, ONCE),))
    assert used.ok, used.text
    return kernel


def held_by(kernel: Kernel) -> list[str]:
    """Return the names that can still be revealed, as the kernel sees it."""
    code = (
        "def alive(cred):\n"
        "    try: return bool(cred.reveal())\n"
        "    except qcred.QcredError: return False\n"
        "print(*(name for name, cred in sorted(held.items()) if alive(cred)))"
    )
    return kernel.execute(code).text.split()


def assert_held(kernel: Kernel, names: list[str]) -> None:
    """What is taken from a kernel is on its way when the answer comes."""
    wait_until(f"the kernel holds {names}", lambda: held_by(kernel) == names, 60)


# -- looking --------------------------------------------------------------------------------------


def test_status_tells_what_every_kernel_holds(api: Api, server: JupyterServer) -> None:
    """Names, vendors, lives and labels of each lease, by kernel, and whose server it is."""
    first, second = opened(server), opened(server, "other.ipynb", (KEY,))
    status = api.get("status")
    kernels = {kernel["kernel"]: kernel for kernel in status["kernels"]}
    assert kernels.keys() == {first.id, second.id}
    assert kernels[first.id]["notebook"] == str(server.root / "work.ipynb")
    assert kernels[first.id]["claimed"]
    assert 0 < kernels[first.id]["token_expires_in"] <= 86400
    held = {one["credential"]: one for one in kernels[first.id]["credentials"]}
    assert held.keys() == {KEY, LIVE, ONCE}
    assert held[KEY]["expires_in"] is None or held[KEY]["expires_in"] > 0
    assert held[KEY]["labels"] == {
        "project": "lifecycle", "static-key": "ending the lease does not invalidate it",
    }  # fmt: skip
    assert (held[KEY]["revocable"], held[ONCE]["revocable"]) == (False, True)
    assert 0 < held[LIVE]["expires_in"] <= 600
    assert {one["state"] for one in held.values()} == {"live"}
    assert status["issuer"]["health"] == "ok"
    assert server.env["HOME"] not in json.dumps(status["issuer"])
    assert 0 < status["server_token"]["expires_in"] <= 600
    assert status["durable"]
    assert (status["outstanding"], status["leftovers"]) == ([], [])


def test_no_answer_holds_a_value(api: Api, server: JupyterServer) -> None:
    """Looking, renewing and revoking: neither a key, nor a token, nor a one-time password."""
    kernel = opened(server)
    keep = "import json; json.dump([one.reveal() for one in held.values()], open('values', 'w'))"
    assert kernel.execute(keep).ok
    values = json.loads((server.root / "values").read_text())
    for lease in api.get("leases")["leases"]:
        api.post(f"leases/{lease['lease_id']}/renew")
    api.get("status")
    assert kernel.execute(keep).ok
    values += json.loads((server.root / "values").read_text())
    for lease in api.get("leases")["leases"]:
        api.delete(f"leases/{lease['lease_id']}")
    assert len(set(values)) == 5  # three, and two of them renewed by another value
    assert [value for value in values if texts_with(value, api.answers)] == []


def test_leases_can_be_listed_by_kernel(api: Api, server: JupyterServer) -> None:
    """The list names the kernel of each lease, and can be narrowed to one."""
    first, second = opened(server), opened(server, "other.ipynb", (KEY,))
    everything = api.get("leases")["leases"]
    mine = api.get("leases", kernel=second.id)["leases"]
    assert sorted((one["kernel"], one["credential"]) for one in everything) == sorted(
        (kernel.id, name) for kernel in (first, second) for name in (KEY, LIVE, ONCE)
    )
    assert [one["lease_id"] for one in mine] == [
        one["lease_id"] for one in everything if one["kernel"] == second.id
    ]
    assert api.get("leases", kernel="nobody")["leases"] == []


def test_a_kernel_id_is_whatever_a_client_says(server: JupyterServer) -> None:
    """Ids that lead elsewhere as a path are compared like any other, and revoke the right one."""
    api, ids = Api(server, DOCUMENT), ("..", "a b")
    for kernel_id in ids:
        server.api("POST", "api/kernels", {"name": "python3", "kernel_id": kernel_id})
    try:
        wait_until(
            "they have their keys",
            lambda: [len(leases_of(api, kernel_id)) for kernel_id in ids] == [3, 3],
            30,
        )
        revoked = api.post("revoke", {"kernel": ids[0]})
        assert revoked["matched"] == 1
        assert {one["kernel"] for one in revoked["credentials"]} == {ids[0]}
        assert leases_of(api, ids[0]) == []
        assert len(leases_of(api, ids[1])) == 3
    finally:
        # Jupyter's own routes cannot name such kernels: the server ends them.
        server.terminate(30)
        server.start()


def leases_of(api: Api, kernel_id: str) -> list[dict[str, Any]]:
    leases: list[dict[str, Any]] = api.get("leases", kernel=kernel_id)["leases"]
    return leases


# -- renewing -------------------------------------------------------------------------------------


def test_a_lease_can_be_renewed(api: Api, server: JupyterServer) -> None:
    """A value that cannot be extended is replaced: another lease, and the kernel has it."""
    kernel = opened(server, names=(LIVE,))
    (before,) = [one for one in api.get("leases")["leases"] if one["credential"] == LIVE]
    renewed = api.post(f"leases/{before['lease_id']}/renew")["lease"]
    assert renewed["credential"] == LIVE
    assert renewed["lease_id"] != before["lease_id"]
    assert renewed["renewals"] == before["renewals"] + 1
    assert kernel.execute(f"held['{LIVE}'].lease_id").text == repr(renewed["lease_id"])


@pytest.mark.parametrize(("verb", "path"), [("POST", "leases/feed/renew"), ("DELETE", "leases/x")])
def test_a_lease_that_nobody_holds_is_unknown(api: Api, verb: str, path: str) -> None:
    """The answer is 404, and says what to do."""
    error = api.refused(verb, path, 404)
    assert error["code"] == "unknown_credential"
    assert "jupyter qcred status" in error["message"]


# -- revoking -------------------------------------------------------------------------------------


def select(by: str, kernel: Kernel, server: JupyterServer) -> dict[str, Any]:
    values: dict[str, Any] = {
        "kernel": kernel.id,
        "notebook": "work.ipynb",
        "absolute notebook": str(server.root / "work.ipynb"),
        "user": None,
        "all": True,
    }
    value = values[by]
    return {by.rpartition(" ")[2]: value}


@pytest.mark.parametrize("by", ["kernel", "notebook", "absolute notebook", "user", "all"])
def test_a_whole_kernel_is_revoked(api: Api, server: JupyterServer, bao: OpenBao, by: str) -> None:
    """The kernel loses everything, its session token is dead, and a get() issues anew."""
    kernel, other = opened(server), opened(server, "other.ipynb", (KEY,))
    body = select(by, kernel, server)
    if by == "user":
        body = {"user": api.get("status")["user"]}
    token, others = (
        events(server.home, "issued", what="session token", kernel=one.id)[-1]["accessor"]
        for one in (kernel, other)
    )
    revoked = api.post("revoke", body)
    outcomes = {
        one["credential"]: one["outcome"]
        for one in revoked["credentials"]
        if one["kernel"] == kernel.id
    }
    assert outcomes == {KEY: "unsupported", LIVE: "confirmed", ONCE: "confirmed"}
    assert {one["outcome"] for one in revoked["sessions"]} == {"confirmed"}
    assert not revoked["outstanding"]
    assert bao.lookup_accessor(token) is None
    everybody = by in {"user", "all"}
    assert revoked["matched"] == (2 if everybody else 1)
    assert (bao.lookup_accessor(others) is None) is everybody
    assert_held(kernel, [])
    assert events(server.home, "revoked", accessor=token, cause="revoked_by_user")
    again = kernel.execute(f"print(bool(qcred.get('{KEY}').reveal()))")
    assert again.text == "True\n"


def test_a_credential_is_revoked_in_every_kernel(
    api: Api, server: JupyterServer, bao: OpenBao
) -> None:
    """Its leases end upstream; the sessions and what else they hold go on."""
    kernels = [opened(server), opened(server, "other.ipynb", (KEY, ONCE))]
    assert len(live_leases(bao)) >= 2
    revoked = api.post("revoke", {"credential": ONCE})
    assert [one["outcome"] for one in revoked["credentials"]] == ["confirmed", "confirmed"]
    assert revoked["sessions"] == []
    assert live_leases(bao) == set()
    for kernel, names in zip(kernels, ([KEY, LIVE], [KEY]), strict=True):
        assert_held(kernel, names)
    for one in revoked["credentials"]:
        (event,) = events(server.home, "revoked", lease_id=one["lease_id"])
        assert (event["outcome"], event["cause"]) == ("confirmed", "revoked_by_user")


def test_one_lease_is_revoked(api: Api, server: JupyterServer, bao: OpenBao) -> None:
    """The kernel loses that credential only, and is told why."""
    kernel = opened(server, names=(KEY, ONCE))
    (lease,) = [one for one in api.get("leases")["leases"] if one["credential"] == ONCE]
    revoked = api.delete(f"leases/{lease['lease_id']}")
    (one,) = revoked["credentials"]
    assert (one["lease_id"], one["outcome"]) == (lease["lease_id"], "confirmed")
    assert live_leases(bao) == set()
    assert_held(kernel, [KEY])
    assert "was revoked" in kernel.execute(f"held['{ONCE}'].reveal()").text


def test_what_no_upstream_can_end_is_said_to_live_on(api: Api, server: JupyterServer) -> None:
    """A static key, and a value without a lease of its own: unsupported, with what is left."""
    kernel = opened(server, names=(KEY, LIVE))
    outcomes = {}
    for lease in api.get("leases")["leases"]:
        if lease["credential"] != ONCE:
            (one,) = api.delete(f"leases/{lease['lease_id']}")["credentials"]
            outcomes[one["credential"]] = (one["outcome"], one["expires_in"])
    assert outcomes[KEY] == ("unsupported", None)
    assert outcomes[LIVE][0] == "unsupported"
    assert 0 < outcomes[LIVE][1] <= 600
    assert_held(kernel, [])


@pytest.mark.parametrize(
    "body", [{"user": "somebody else"}, {"kernel": "nobody"}, {"notebook": "not/there.ipynb"}]
)
def test_what_is_not_here_matches_nothing(
    api: Api, server: JupyterServer, body: dict[str, str]
) -> None:
    """Another user, kernel or notebook: nothing is taken from anybody."""
    kernel = opened(server, names=(KEY,))
    assert api.post("revoke", body)["matched"] == 0
    assert held_by(kernel) == [KEY]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'"all"',
        b"{not json",
        b'{"all": false}',
        b'{"all": 1}',
        b'{"kernel": ""}',
        b'{"kernel": 5}',
        b'{"kernel": ["a"]}',
        b'{"kernel": "a", "user": "b"}',
        b'{"everything": true}',
        b'{"notebook": "a\\u0000b"}',
        json.dumps({"credential": "x" * 5000}).encode(),
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_body_that_selects_nothing_clear_is_refused(
    api: Api, server: JupyterServer, body: bytes
) -> None:
    """400 with a reason, no kernel loses anything, and no word of the body is repeated."""
    typed = {"Content-Type": "application/json; charset=utf-8"}
    error = api.refused("POST", "revoke", 400, data=body, headers=typed)
    assert error["code"] == "bad_request"
    assert "xxxx" not in json.dumps(error)


def test_selectors_are_read_strictly(tmp_path: Path) -> None:
    """A notebook's path is below the root unless it is absolute."""
    assert selector_of({"all": True}, tmp_path) == Selector(By.ALL)
    relative = selector_of({"notebook": "a/../b.ipynb"}, tmp_path)
    assert relative == Selector(By.NOTEBOOK, str(tmp_path / "b.ipynb"))
    assert selector_of({"notebook": "/x/y.ipynb"}, tmp_path).value == "/x/y.ipynb"
    assert selector_of({"kernel": ".."}, tmp_path) == Selector(By.KERNEL, "..")


# -- who may --------------------------------------------------------------------------------------


@each_route
@pytest.mark.parametrize("who", ["nobody", "another token", "a query's token that is wrong"])
def test_strangers_are_refused(server: JupyterServer, verb: str, path: str, who: str) -> None:
    """Every route and verb: 403, and nothing is told."""
    headers = {"Authorization": "token another"} if who == "another token" else {}
    query = {"token": "wrong"} if "query" in who else {}
    answer = requests.request(
        verb,
        server.url.rstrip("/") + path,
        params=query | QUERIES.get(path, {}),
        headers=headers,
        json=BODIES.get(path),
        timeout=30,
        allow_redirects=False,
    )
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"


@each_route
def test_a_cookie_alone_changes_nothing(server: JupyterServer, verb: str, path: str) -> None:
    """A browser's cookie lets read; what changes something needs the XSRF token as well."""
    with cookie_login(server) as browser:
        url = server.url.rstrip("/") + path
        how: dict[str, Any] = {"json": BODIES.get(path), "params": QUERIES.get(path), "timeout": 30}
        same_site = {"Referer": server.url}
        answer = browser.request(verb, url, headers=same_site, **how)
        if verb == "get":
            assert answer.status_code in {200, 404}
            return
        assert answer.status_code == 403
        token = {"X-XSRFToken": browser.cookies["_xsrf"], **same_site}
        answer = browser.request(verb, url, headers=token, **how)
        assert answer.status_code != 403
        foreign = {**token, "Origin": "https://evil.example"}
        answer = browser.request(verb, url, headers=foreign, **how)
        assert answer.status_code in {403, 404}


AUTHORIZER = """
from jupyter_server.auth.authorizer import Authorizer

class Rules(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        allowed = handler.request.headers.get("X-Test-Allowed", "")
        return resource != "qcred" or action == allowed
"""


def test_the_server_s_authorizer_is_asked(
    bao: OpenBao, make_server: MakeServer, tmp_path: Path
) -> None:
    """For the resource `qcred`, to read or to write: who may read may not revoke."""
    (tmp_path / "rules.py").write_text(AUTHORIZER)
    server = make_server(
        bao, args=("--ServerApp.authorizer_class=rules.Rules",), env={"PYTHONPATH": str(tmp_path)}
    )
    for verb, path in ROUTES:
        for allowed in ("read", "write", ""):
            headers = {"Authorization": server.authorization, "X-Test-Allowed": allowed}
            url = server.url.rstrip("/") + path
            body, query = BODIES.get(path), QUERIES.get(path)
            answer = requests.request(
                verb, url, headers=headers, json=body, params=query, timeout=30
            )
            if allowed == ("read" if verb == "get" else "write"):
                assert answer.status_code in {200, 404, 409}, (verb, path, allowed)
            else:
                assert answer.status_code == 403, (verb, path, allowed)
                assert answer.json()["code"] == "forbidden"


def test_other_verbs_are_not_known(server: JupyterServer) -> None:
    """What the document does not list is 405, for whoever asks."""
    for path in DOCUMENT["paths"]:
        known = {verb.upper() for verb in DOCUMENT["paths"][path]}
        url = server.url.rstrip("/") + path.format(lease_id="feed", name="ionq")
        for verb in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"} - known:
            headers = {"Authorization": server.authorization}
            answer = requests.request(verb, url, headers=headers, timeout=30)
            assert answer.status_code == 405, (verb, path)


def test_turned_off_there_is_no_api() -> None:
    """A server that does not use the package has none of these addresses."""
    app = QcredApp(enabled=False)
    app.initialize_handlers()
    assert app.handlers == []


# -- the issuer is away ---------------------------------------------------------------------------


def test_a_hanging_issuer_holds_nothing_up(api: Api, server: JupyterServer, bao: OpenBao) -> None:
    """The kernel loses it at once, the answer says what is owed, and it is confirmed later."""
    one, whole = opened(server), opened(server, "other.ipynb")
    token = events(server.home, "issued", what="session token", kernel=whole.id)[0]["accessor"]
    (lease,) = [lease for lease in leases_of(api, one.id) if lease["credential"] == ONCE]
    bao.pause()
    try:
        single = api.delete(f"leases/{lease['lease_id']}", status=202)
        revoked = api.post("revoke", {"kernel": whole.id}, status=202)
        assert held_by(one) == [KEY, LIVE]
        assert_held(whole, [])
        assert single["outstanding"]
        assert revoked["outstanding"]
        assert single["credentials"][0]["outcome"] == "outstanding"
        assert {item["outcome"] for item in revoked["sessions"]} == {"outstanding"}
        owed = {item["kind"]: item for item in api.get("outstanding")["outstanding"]}
        assert owed["credential"]["lease_id"] == lease["lease_id"]
        assert owed["credential"]["credentials"] == [ONCE]
        assert set(owed["session token"]["credentials"]) == {KEY, LIVE, ONCE}
        assert all(item["attempts"] >= 1 and item["expires_in"] > 0 for item in owed.values())
        assert len(api.get("status")["outstanding"]) == 2
        (kept,) = [lease for lease in leases_of(api, one.id) if lease["credential"] == LIVE]
        renewing = api.post(f"leases/{kept['lease_id']}/renew", status=202)
        assert (renewing["lease"], renewing["outstanding"]) == (None, True)
    finally:
        bao.resume()
    wait_until("all is settled", lambda: not api.get("outstanding")["outstanding"], 60)
    assert live_leases(bao) == set()
    assert bao.lookup_accessor(token) is None
    assert events(server.home, "revoked", lease_id=lease["lease_id"], outcome="confirmed")


def test_an_issuer_that_is_away_is_shown(api: Api, server: JupyterServer, bao: OpenBao) -> None:
    """What is wrong, since when, and when it is tried again; and that it is back."""
    kernel = opened(server)
    bao.stop()
    try:
        wait_until(
            "the outage is noticed",
            lambda: (
                kernel.execute(f"qcred.renew('{KEY}')").ok
                or api.get("status")["issuer"]["health"] == "issuer_unreachable"
            ),
            30,
        )
        issuer = api.get("status")["issuer"]
        assert issuer["reason"] == "cannot be reached"
        assert issuer["since"].endswith("+00:00")
        assert issuer["next_try_in"] >= 0
        lease = leases_of(api, kernel.id)[0]["lease_id"]
        assert api.refused("POST", f"leases/{lease}/renew", 503)["code"] == "issuer_unreachable"
    finally:
        bao.start()
    wait_until("it is back", lambda: api.get("status")["issuer"]["health"] == "ok", 60)


ASK_BESIDE = f"""
import threading
answer = []
def ask():
    try: answer.append(qcred.get('{ONCE}', timeout=60))
    except Exception as error: answer.append((type(error).__name__, str(error)))
asking = threading.Thread(target=ask)
asking.start()
"""


@pytest.mark.parametrize("by", ["kernel", "credential"])
def test_what_is_revoked_while_it_is_issued_is_not_delivered(
    api: Api, server: JupyterServer, bao: OpenBao, by: str
) -> None:
    """A request that hangs at the issuer is cut: the answer is used for nothing but its end."""
    kernel = opened(server)
    api.post("revoke", {"credential": ONCE})
    bao.pause()
    try:
        kernel.execute(ASK_BESIDE)
        # The channel is in order: when the second request is refused, the first was taken.
        assert "UnknownCredentialError" in kernel.execute("qcred.get('nope')").text
        if by == "kernel":
            assert api.post("revoke", {"kernel": kernel.id}, status=202)["matched"] == 1
        else:
            assert api.post("revoke", {"credential": ONCE})["matched"] == 0
    finally:
        bao.resume()
    end = kernel.execute("asking.join(60); print(answer)").text
    assert "LeaseExpiredError" in end
    assert "revoked while" in end
    wait_until("all is settled", lambda: not api.get("outstanding")["outstanding"], 60)
    assert_held(kernel, [] if by == "kernel" else [KEY, LIVE])
    assert live_leases(bao) == set()


def test_a_kernel_that_gives_back_while_the_issuer_hangs_is_told_so(
    api: Api, server: JupyterServer, bao: OpenBao
) -> None:
    """qcred.revoke() forgets at once, says `outstanding`, and the server keeps its word."""
    kernel = opened(server)
    (lease,) = [lease for lease in leases_of(api, kernel.id) if lease["credential"] == ONCE]
    bao.pause()
    try:
        assert kernel.execute(f"qcred.revoke('{ONCE}')").text == "'outstanding'"
        assert held_by(kernel) == [KEY, LIVE]
    finally:
        bao.resume()
    wait_until(
        "it is confirmed",
        lambda: events(server.home, "revoked", lease_id=lease["lease_id"], outcome="confirmed"),
        60,
    )
    assert live_leases(bao) == set()


def test_what_an_earlier_server_left_is_shown(bao: OpenBao, make_server: MakeServer) -> None:
    """Tokens of a killed server that this one may not revoke, until they have died."""
    server = make_server(bao)
    opened(server, names=(KEY,))
    server.kill()
    server.start()
    api = Api(server, DOCUMENT)
    left = wait_until("they are found", lambda: api.get("outstanding")["leftovers"], 30)
    assert {item["kind"] for item in left} == {"server token", "session token"}
    assert all(item["known"] and item["expires_in"] > 0 for item in left)


# -- the document ---------------------------------------------------------------------------------


def test_the_document_is_openapi() -> None:
    """By OpenAPI's own rules."""
    validate(DOCUMENT)


def test_the_document_and_the_handlers_are_the_same() -> None:
    """Every route and every verb, and no more; every answer that a refusal can have is listed."""
    plain = re.compile(r"\(\?P<(\w+)>[^)]*\)")
    served = {
        (plain.sub(r"{\1}", route), verb.lower())
        for route, handler in HANDLERS
        for verb in handler.SUPPORTED_METHODS
        if verb != "OPTIONS"
    }
    written = {
        (path, verb)
        for path, operations in DOCUMENT["paths"].items()
        for verb in operations
        if verb != "parameters"
    }
    assert served == written
    for path, verb in written:
        assert {"200", "403"} <= DOCUMENT["paths"][path][verb]["responses"].keys()


def test_the_document_would_notice_a_field_too_many() -> None:
    """The check that every answer goes through refuses what is not written down."""
    lease = DOCUMENT["components"]["schemas"]["Lease"]
    assert lease["additionalProperties"] is False
    with pytest.raises(jsonschema.ValidationError):
        Api.check(DOCUMENT, "get", "/qcred/api/leases", 200, {"leases": [], "value": "x"})
