"""Two users of one Hub, each a Unix user of their own: neither comes near the other's lease."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

import hvac
import psutil
import pytest
import requests
import websocket
from support.accounts import Account
from support.hub import REAL, Hub
from support.openbao import wait_until
from support.sweep import files_with, processes_with, texts_with

from jupyter_qcred.server.handlers import HANDLERS, LOGIN_PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.hub import UserServer
    from support.hub_environment import UserEnvironment
    from support.jupyter import Kernel
    from support.openbao import OpenBao

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")

KEY = "ibm-quantum"
ATTACK = Path(__file__).with_name("attack.py")

USE = f"""
import hashlib, os, jupyter_qcred as qcred
value = qcred.get({KEY!r}).reveal()
print(os.getuid(), hashlib.sha256(value.encode()).hexdigest())
"""


NOT_OURS = {"work.ipynb", ".bashrc", ".profile", ".bash_logout", "README", "history.sqlite"}
"""What lies open in a home that others may enter: the user's own files, and IPython's."""

HOLD = """
import sys
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao
with EmbeddedOpenBao(linger=0.0).hold() as hold:
    print(hold.address, flush=True)
    sys.stdin.read()
"""

COUNT = """
import threading
enough = threading.Event()
def count():
    while not enough.wait(0.05):
        print("still counting", flush=True)
counting = threading.Thread(target=count)
counting.start()
"""


def key_of(user: str) -> str:
    """Return the vendor key of a user."""
    return f"{user}-CANARYvalue-0123456789abcdefABCDEF_GHIJKLMNOPQRSTUVWXYZ"


class User:
    """One of the two: an account, a server and a kernel that holds the user's key."""

    def __init__(self, hub: Hub, account: Account, environment: UserEnvironment) -> None:
        self.hub = hub
        self.account = account
        self.name = account.name
        self.environment = environment
        self.server: UserServer
        self.kernel: Kernel

    def work(self) -> None:
        """Open a notebook and take the key."""
        self.server = self.hub.servers[self.name]
        self.kernel = self.server.open_notebook("work.ipynb")
        fingerprint = hashlib.sha256(key_of(self.name).encode()).hexdigest()
        assert self.kernel.execute(USE).text.split() == [str(self.account.uid), fingerprint]

    def attack(self, **targets: Any) -> dict[str, Any]:
        """Return what became of every attempt on the targets, made by a program of this user."""
        command = [str(self.environment.python), "-c", ATTACK.read_text()]
        told = json.dumps(targets)
        return dict(json.loads(self.account.run(command, told, **self.environment.variables)))

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return the server and the kernel as targets, with all that only root can know of them."""
        return {
            "server": target(self.server.pid),
            "kernel": target(self.kernel.pid()),
        }

    def files(self) -> list[str]:
        """Return every file of ours, of Jupyter's runtime, and of what the Hub handed over."""
        share = self.account.home / ".local" / "share" / "jupyter"
        folders = (share / "qcred", share / "runtime", self.hub.proofs / self.name)
        return [str(path) for folder in folders for path in folder.rglob("*") if path.is_file()]


def attachable() -> bool:
    """Whether this machine lets a user's programs attach to each other at all."""
    scope = Path("/proc/sys/kernel/yama/ptrace_scope")
    return not scope.exists() or scope.read_text().strip() == "0"


def target(pid: int) -> dict[str, Any]:
    """Return a process as a target."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    line = next(line for line in lines if " rw-p " in line)
    numbers = [int(fd.name) for fd in Path(f"/proc/{pid}/fd").iterdir()]
    return {"pid": pid, "descriptors": numbers, "address": int(line.split("-")[0], 16)}


@pytest.fixture(scope="module")
def hub(
    open_place: Path, proxy: list[str], environment: UserEnvironment, empty_openbao: OpenBao
) -> Iterator[Hub]:
    """A Hub that runs as root and starts each server as its user."""
    environment.open_to_everybody()
    place = open_place / "real"
    place.mkdir()
    made = Hub(place, proxy, environment, empty_openbao, spawner=REAL, period=60)
    try:
        made.set_openbao_up()
        yield made.start()
    finally:
        made.close()


@pytest.fixture(scope="module")
def users(hub: Hub, environment: UserEnvironment) -> Iterator[tuple[User, User]]:
    """Alice, and Bob who is after her lease; both are at work."""
    accounts = [Account(name, hub.homes) for name in ("alice", "bob")]
    try:
        both = [User(hub, account, environment) for account in accounts]
        for user in both:
            hub.openbao.put(f"users/{user.name}/{KEY}", mount="secret", value=key_of(user.name))
        hub.launch(*(user.name for user in both))
        for user in both:
            user.work()
        yield both[0], both[1]
    finally:
        for account in accounts:
            account.remove()


def failures(report: dict[str, str]) -> dict[str, str]:
    """Return the attempts that were not refused."""
    return {what: how for what, how in report.items() if not how.startswith("refused: ")}


# -- files ----------------------------------------------------------------------------------------


def test_another_user_s_files_can_be_neither_read_nor_changed(users):
    """Journal, audit, connection files, server information and the proof of identity."""
    alice, bob = users
    files = alice.files()
    names = {Path(file).name for file in files}
    assert {"jwt", "audit.jsonl", "jupyter_cookie_secret"} <= names
    assert any("journal" in file for file in files)
    assert any(name.startswith("kernel-") for name in names)
    report = bob.attack(files=files)["files"]
    assert {file: failures(tried) for file, tried in report.items() if failures(tried)} == {}
    # What refuses is who asks: the same program, run as the owner, reads each.
    own = alice.attack(files=files)["files"]
    assert [file for file, tried in own.items() if not tried["read"].startswith("done")] == []
    assert own[str(alice.hub.proofs / alice.name / "jwt")]["replace"].startswith("refused")


def test_nothing_of_ours_lies_open_anywhere(users):
    """Neither below the home, which others may enter, nor in the Hub's or the system's folders."""
    alice, bob = users
    folders = [str(alice.account.home), str(alice.hub.place), "/run", "/dev/shm", "/var/tmp"]
    opened = [file for found in bob.attack(folders=folders)["readable"].values() for file in found]
    assert str(alice.account.home / "work.ipynb") in opened
    assert set(opened).isdisjoint(alice.files())
    hers = [Path(file) for file in opened if os.stat(file).st_uid == alice.account.uid]
    assert {file.name for file in hers} <= NOT_OURS, hers
    owners = {entry.stat().st_uid: entry.path for entry in os.scandir(gettempdir())}
    assert alice.account.uid not in owners


def test_another_user_s_private_openbao_is_closed(users):
    """Where a user has one: its storage, the keys beside it, its logs and its sockets."""
    alice, bob = users
    python, variables = str(alice.environment.python), alice.environment.variables
    with alice.account.start([python, "-c", HOLD], **variables) as holder:
        assert holder.stdout is not None
        address = holder.stdout.readline().strip()
        assert address.startswith("unix://"), address
        files = [file for file in alice.files() if "/qcred/openbao/" in file]
        assert any(Path(file).name.startswith("unseal") for file in files), files
        report = bob.attack(files=files, sockets=[address.removeprefix("unix://")])
    assert failures(report["sockets"]) == {}
    assert {file: failures(tried) for file, tried in report["files"].items()} == {
        file: {} for file in files
    }


# -- processes ------------------------------------------------------------------------------------


def test_another_user_s_processes_can_be_neither_read_nor_traced_nor_robbed(users):
    """Memory, environment and descriptors of server and kernel, the channel between them too."""
    alice, bob = users
    targets = alice.processes()
    assert all(len(found["descriptors"]) > 5 for found in targets.values())
    report = bob.attack(processes=targets)["processes"]
    assert {name: failures(tried) for name, tried in report.items()} == {"server": {}, "kernel": {}}
    # A process of bob's own lets the same program in: the attempts are real ones.
    with bob.account.start(["cat"]) as cat:
        name = Path(f"/proc/{cat.pid}/comm")
        wait_until("the program has started", lambda: name.read_text() == "cat\n")
        own = {"cat": target(cat.pid) | {"descriptors": [0]}}
        tried = bob.attack(processes=own)["processes"]["cat"]
    possible = {"environ", "descriptors", "maps", "signal"}
    if attachable():
        possible |= {"memory", "process_vm_readv", "ptrace", "steal descriptor 0"}
    assert {what for what, how in tried.items() if how.startswith("done")} >= possible, tried


def test_a_process_hides_from_its_own_user_too(users):
    """Not a boundary, but the first thing that a thief in the same account tries fails."""
    alice, _ = users
    report = alice.attack(processes=alice.processes())["processes"]
    for tried in report.values():
        hidden = {what: how for what, how in tried.items() if what != "signal"}
        assert failures(hidden) == {}


def test_what_everybody_sees_of_a_process_shows_no_secret(users):
    """Command lines are open to all users of a machine."""
    alice, bob = users
    seen = bob.account.run(["/bin/sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null; true"])
    assert str(alice.hub.place) in seen
    for secret in (key_of(alice.name), alice.server.token, alice.hub.token, jwt_of(alice)):
        assert texts_with(secret, [seen]) == []


# -- sockets --------------------------------------------------------------------------------------


def test_another_user_s_kernel_neither_talks_nor_listens(users):
    """Its ports are open to the machine; without the key of the wire nothing comes or goes."""
    alice, bob = users
    found = [
        connection.laddr.port
        for connection in psutil.Process(alice.kernel.pid()).net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(found) >= 5
    assert alice.kernel.execute(COUNT).ok
    assert bob.attack(ports=found)["ports"] == "refused: silence"
    assert alice.kernel.execute("enough.set(); counting.join()").ok
    named = {
        connection.laddr
        for pid in (alice.server.pid, alice.kernel.pid())
        for connection in psutil.Process(pid).net_connections(kind="unix")
        if connection.laddr
    }
    assert failures(bob.attack(sockets=sorted(named))["sockets"]) == {}


# -- the servers' REST API ------------------------------------------------------------------------


def routes(alice: User) -> list[tuple[str, str, Any]]:
    """Return what somebody would ask a server for who is after its kernel, and all that is ours."""
    kernel, session = alice.kernel.id, alice.kernel.session_id
    return [
        ("GET", "api/kernels", None),
        ("GET", f"api/kernels/{kernel}", None),
        ("POST", f"api/kernels/{kernel}/restart", None),
        ("POST", f"api/kernels/{kernel}/interrupt", None),
        ("DELETE", f"api/kernels/{kernel}", None),
        ("POST", "api/kernels", {"name": "python3"}),
        ("GET", "api/sessions", None),
        ("DELETE", f"api/sessions/{session}", None),
        ("GET", "api/contents/work.ipynb", None),
        ("PUT", "api/contents/work.ipynb", {"type": "file", "format": "text", "content": ""}),
        ("POST", "api/terminals", None),
        ("GET", "api/status", None),
        ("POST", "api/shutdown", None),
        ("GET", "files/work.ipynb", None),
        *our_routes(lease_of(alice)),
    ]


def our_routes(lease: str) -> list[tuple[str, str, Any]]:
    """Return every route of ours with every verb it knows."""
    named = {"lease_id": lease, "name": "planted", "handle": "0" * 32}
    return [
        (verb, re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda part: named[part[1]], pattern).lstrip("/")
         + ("?path=work.ipynb" if pattern.endswith("/redactions") else ""),
         {"all": True} if verb == "POST" else None)
        for pattern, handler in (*HANDLERS, *LOGIN_PAGES)
        for verb in handler.SUPPORTED_METHODS if verb != "OPTIONS"
    ]  # fmt: skip


def lease_of(user: User) -> str:
    """Return the id of the lease that the user's kernel holds."""
    (lease,) = user.server.api("GET", "qcred/api/leases")["leases"]
    assert lease["credential"] == KEY
    return str(lease["lease_id"])


@pytest.fixture(scope="module")
def strangers(users: tuple[User, User]) -> dict[str, Any]:
    """Every way in that bob has: none, his tokens, and the cookies of his browser."""
    _, bob = users
    inside = "import os; print(os.environ['JUPYTERHUB_API_TOKEN'])"
    given = bob.kernel.execute(inside).text.strip()
    browser = bob.hub.log_in(bob.name)
    for page in ("files/work.ipynb", "api/status"):  # the first one leads to the Hub and back
        assert browser.get(f"{bob.server.url}{page}", timeout=30).ok
    return {
        "nobody": requests.Session(),
        "his token": with_token(bob.server.token),
        "his server's token": with_token(given),
        "his browser": browser,
    }


def with_token(token: str) -> requests.Session:
    """Return a session that sends the token."""
    session = requests.Session()
    session.headers["Authorization"] = f"token {token}"
    return session


WAYS_IN = ["nobody", "his token", "his server's token", "his browser"]


@pytest.mark.parametrize("way", WAYS_IN)
@pytest.mark.parametrize("behind", [False, True], ids=["through the proxy", "at the port itself"])
def test_another_user_s_server_answers_no_request(users, strangers, way, behind):
    """On no route and with no verb, whatever of bob's own comes along."""
    alice, _ = users
    stranger = strangers[way]
    base = alice.server.address if behind else alice.server.url
    with requests.Session() as own:
        own.headers["Authorization"] = alice.server.authorization
        for verb, path, body in routes(alice):
            if verb == "GET":
                assert not refused(own.get(base + path, timeout=30)), path
            xsrf = stranger.cookies.get("_xsrf", "", path=f"/user/{users[1].name}/")
            answer = stranger.request(
                verb, base + path, json=body, timeout=30, headers={"X-XSRFToken": xsrf}
            )
            assert refused(answer), f"{verb} {path}: {answer.status_code}"
            assert key_of(alice.name) not in answer.text
    assert alice.kernel.execute("print(6 * 7)").text == "42\n"


@pytest.mark.parametrize("by", ["user", "kernel", "notebook", "credential", "all", "lease"])
def test_the_own_server_does_not_reach_the_other_s_leases(users, by):
    """Whatever bob names there, and be it all: alice's lease is not among what it finds."""
    alice, bob = users
    lease, own = lease_of(alice), bob.server.accessors()
    if by == "lease":
        for verb, path in (("DELETE", f"leases/{lease}"), ("POST", f"leases/{lease}/renew")):
            answer = bob.server.api(verb, f"qcred/api/{path}", check=False)
            assert answer["code"] == "unknown_credential", answer
    else:
        named = {"user": alice.name, "kernel": alice.kernel.id, "notebook": "work.ipynb",
                 "credential": KEY, "all": True}  # fmt: skip
        bob.server.api("POST", "qcred/api/revoke", {by: named[by]})
    assert lease_of(alice) == lease
    assert all(alice.hub.openbao.lookup_accessor(a) for a in alice.server.accessors())
    assert set(bob.server.accessors()) >= set(own)


def refused(answer: requests.Response) -> bool:
    """Whether the door stayed shut; a page may lead to the Hub's login instead."""
    at_login = "/hub/login" in answer.url or "/hub/api/oauth2" in answer.url
    return answer.status_code in {401, 403, 404, 405} or (answer.ok and at_login)


@pytest.mark.parametrize("way", WAYS_IN)
def test_another_user_s_kernel_opens_no_channel(users, strangers, way):
    """The websocket by which a browser runs code."""
    alice, _ = users
    stranger = strangers[way]
    headers = {name: value for name, value in stranger.headers.items() if name == "Authorization"}
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in stranger.cookies)
    for base in (alice.server.url, alice.server.address):
        url = f"{base.replace('http', 'ws', 1)}api/kernels/{alice.kernel.id}/channels"
        with pytest.raises(websocket.WebSocketException):
            websocket.create_connection(url, timeout=20, header=headers, cookie=cookies)


@pytest.mark.parametrize("way", WAYS_IN)
def test_the_hub_gives_no_way_into_another_user_s_server(users, strangers, way):
    """No look, no token, no stop."""
    alice, _ = users
    for verb, path in (
        ("GET", f"users/{alice.name}"),
        ("POST", f"users/{alice.name}/tokens"),
        ("DELETE", f"users/{alice.name}/server"),
    ):
        answer = strangers[way].request(verb, f"{alice.hub.url}hub/api/{path}", timeout=30)
        assert answer.status_code in {401, 403, 404}, f"{verb} {path}: {answer.status_code}"


# -- OpenBao --------------------------------------------------------------------------------------


def jwt_of(user: User) -> str:
    """Return the user's proof, as only root can read it for a test."""
    return (user.hub.proofs / user.name / "jwt").read_text()


@pytest.fixture(scope="module", params=["server token", "session token"])
def bob_at_openbao(request: pytest.FixtureRequest, users: tuple[User, User]) -> Iterator[Any]:
    """What bob can hold by doing by hand what his server does for him."""
    _, bob = users
    client = bob.hub.openbao.client()
    client.auth.jwt.jwt_login(role="jupyterhub", jwt=jwt_of(bob))
    if request.param == "session token":
        answer = client.write_data("auth/token/create/qcred-kernel", data={})
        client.token = answer["auth"]["client_token"]
        own = client.read(f"secret/data/users/{bob.name}/{KEY}")["data"]["data"]
        assert own == {"value": key_of(bob.name)}
    yield client
    client.adapter.close()


def test_another_user_s_lease_cannot_be_had_used_or_ended_at_openbao(users, bob_at_openbao):
    """Not even by who knows every accessor, path and name."""
    alice, _ = users
    bao = alice.hub.openbao
    own = [accessor for accessor in alice.server.accessors() if bao.lookup_accessor(accessor)]
    assert len(own) == 2
    leases = "sys/leases/lookup/auth/token/create/qcred-kernel"
    attempts: list[tuple[str, str, dict[str, Any]]] = [
        ("read", f"secret/data/users/{alice.name}/{KEY}", {}),
        ("write", f"secret/data/users/{alice.name}/{KEY}", {"data": {"value": "his"}}),
        ("delete", f"secret/metadata/users/{alice.name}/{KEY}", {}),
        ("list", "auth/token/accessors", {}),
        ("list", leases, {}),
        ("write", "sys/leases/revoke-prefix/auth/token/create/qcred-kernel", {}),
        ("write", "sys/leases/revoke-force/auth/token/create/qcred-kernel", {}),
        ("list", "identity/entity/name", {}),
        ("write", "auth/token/create", {}),
        ("write", "auth/token/create-orphan", {}),
        ("write", "auth/token/create/qcred-kernel", {"entity_alias": alice.name}),
        ("write", "sys/policies/acl/qcred-users", {"policy": ""}),
    ]
    attempts += [
        ("write", f"auth/token/{verb}-accessor", {"accessor": accessor})
        for verb in ("lookup", "renew", "revoke") for accessor in own
    ]  # fmt: skip
    for verb, path, body in attempts:
        method = {"read": "read", "list": "list", "delete": "delete", "write": "write_data"}[verb]
        arguments = {"data": body} if verb == "write" else {}
        with pytest.raises((hvac.exceptions.Forbidden, hvac.exceptions.InvalidRequest)):
            getattr(bob_at_openbao, method)(path, **arguments)
    assert all(bao.lookup_accessor(accessor) for accessor in own)
    assert bao.root.read(f"secret/data/users/{alice.name}/{KEY}")["data"]["data"] == {
        "value": key_of(alice.name)
    }


def test_the_end_of_one_user_s_server_ends_nothing_of_the_other(users):
    """Bob's server is stopped; alice works on."""
    alice, bob = users
    bao = alice.hub.openbao
    own = [accessor for accessor in alice.server.accessors() if bao.lookup_accessor(accessor)]
    bob.hub.stop(bob.name)
    assert [a for a in bob.server.accessors() if bao.lookup_accessor(a)] == []
    assert all(bao.lookup_accessor(accessor) for accessor in own)
    assert alice.kernel.execute(USE).ok


def test_no_log_and_no_file_shows_a_key(users):
    """Not the Hub's log, with both servers' in it, nor a home; nor anybody's command line."""
    for user in users:
        key = key_of(user.name)
        assert texts_with(key, [user.hub.log()]) == []
        assert files_with(key, user.hub.place) == []
        assert processes_with(key) == []
