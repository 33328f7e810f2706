"""A real Hub, set up as the documentation says: who logs in as whom, and what every end leaves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import os
import runpy
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import hvac
import jwt
import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from support.hub import EXAMPLES, Hub, operate
from support.openbao import wait_until
from support.processes import alive
from support.sweep import files_with, processes_with, texts_with
from traitlets.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.hub import UserServer
    from support.hub_environment import UserEnvironment
    from support.openbao import OpenBao

PERIOD = 15
"""Seconds that a killed server's tokens live, and how late their end may be noticed."""
LATE = 5

JWT_SECONDS = 15
KEY = "ibm-quantum"
USERS = ("alice", "carol", "dave", "erin", "frank")
BY_APPROLE = "carol"


def key_of(user: str) -> str:
    """Return the vendor key of a user; no other test has one like it in its processes."""
    return f"{user}CANARYoflife-9876543210fedcbaFEDCBA_ZYXWVUTSRQPONMLKJIHG"


USE = f"""
import hashlib, jupyter_qcred as qcred
print(hashlib.sha256(qcred.get({KEY!r}).reveal().encode()).hexdigest())
"""


def seen(server: UserServer, notebook: str = "work.ipynb") -> str:
    """Return the fingerprint of the key that a new kernel of the user gets, or its complaint."""
    return server.open_notebook(notebook).execute(USE).text.strip()


def expected(user: str) -> str:
    """Return the fingerprint of the user's key."""
    return hashlib.sha256(key_of(user).encode()).hexdigest()


@pytest.fixture(scope="module")
def hub(
    open_place: Path, proxy: list[str], environment: UserEnvironment, empty_openbao: OpenBao
) -> Iterator[Hub]:
    """A Hub whose users' servers share one Unix user, and an OpenBao that knows its key."""
    place = open_place / "life"
    place.mkdir()
    made = Hub(place, proxy, environment, empty_openbao, period=PERIOD, jwt_seconds=JWT_SECONDS)
    try:
        made.set_openbao_up()
        made.give_approle(BY_APPROLE)
        for user in USERS:
            empty_openbao.put(f"users/{user}/{KEY}", mount="secret", value=key_of(user))
        made.start()
        made.launch(*USERS)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def servers(hub: Hub) -> dict[str, UserServer]:
    """The users' servers, each with a kernel that has its key."""
    for user, server in hub.servers.items():
        assert seen(server) == expected(user), server.audit()
    return hub.servers


@pytest.fixture(scope="module")
def first_jwt(hub: Hub) -> str:
    """The JWT that alice's server logged in with."""
    return proof(hub, "alice").read_text()


def proof(hub: Hub, user: str) -> Path:
    """Return the file with the user's JWT."""
    return hub.proofs / user / "jwt"


def live(hub: Hub, server: UserServer) -> list[str]:
    """Return which of the tokens of a server are alive, by OpenBao's word."""
    return [accessor for accessor in server.accessors() if hub.openbao.lookup_accessor(accessor)]


# -- who is who -----------------------------------------------------------------------------------


def test_the_environment_alone_enables_it(hub, servers):
    """Every user's kernel has that user's key; no home holds a setting."""
    settings = list(hub.homes.rglob("jupyter_*config*"))
    assert settings == []
    assert {user for user in USERS if len(live(hub, servers[user])) == 2} == set(USERS)


@pytest.mark.usefixtures("first_jwt")
@pytest.mark.parametrize("user", ["alice", BY_APPROLE])
def test_each_server_has_its_user_s_identity(hub, servers, user):
    """The tokens of a server belong to the entity of its user, and hold the policies meant."""
    root = hub.openbao.root
    for accessor in servers[user].accessors():
        facts = hub.openbao.lookup_accessor(accessor)
        entity = root.read(f"identity/entity/id/{facts['entity_id']}")["data"]
        assert [alias["name"] for alias in entity["aliases"]] == [name_at(hub, user)]
        assert facts.get("identity_policies", []) == []
    issued = [e for e in servers[user].audit() if "/issued/" in e["__schema__"]]
    by_what = {event["what"]: event for event in issued}
    assert by_what["server token"]["policies"] == ["qcred-server"]
    assert by_what["session token"]["policies"] == ["qcred-kernel", "qcred-users"]
    assert by_what["session token"]["narrowed"] is True


def name_at(hub: Hub, user: str) -> str:
    """Return what OpenBao knows a user by."""
    if user != BY_APPROLE:
        return user
    return str(hub.openbao.root.read(f"auth/approle/role/{user}/role-id")["data"]["role_id"])


def test_the_proof_is_readable_for_its_owner_alone(hub, servers):
    """The file is 0600, and the folder not open to others."""
    for user in ("alice", BY_APPROLE):
        folder = hub.proofs / user
        assert folder.stat().st_mode & 0o007 == 0
        files = list(folder.iterdir())
        assert {file.name for file in files} <= {"jwt", "role-id", "secret-id"}
        assert files
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert hub.proofs.stat().st_mode & 0o077 == 0o011


def session_of(hub: Hub, user: str, **asked: Any) -> hvac.Client:
    """Do by hand what a user's server does; ``asked`` goes along with the request for a session."""
    return session_with(hub, proof(hub, user).read_text(), **asked)


def session_with(hub: Hub, proven: str, **asked: Any) -> hvac.Client:
    """Return a client with a session token that was asked for after a login by the JWT."""
    client = hub.openbao.client()
    try:
        client.auth.jwt.jwt_login(role="jupyterhub", jwt=proven)
        answer = client.write_data("auth/token/create/qcred-kernel", data=asked)
    except hvac.exceptions.VaultError:
        client.adapter.close()
        raise
    client.token = answer["auth"]["client_token"]
    return client


def test_a_user_reads_what_is_theirs_alone(hub, servers):
    """One templated policy serves everybody, and opens nothing of anybody else."""
    client = session_of(hub, "alice")
    own = client.read(f"secret/data/users/alice/{KEY}")["data"]["data"]
    assert own == {"value": key_of("alice")}
    for path in (f"secret/data/users/dave/{KEY}", f"secret/data/users/{BY_APPROLE}/{KEY}"):
        with pytest.raises(hvac.exceptions.Forbidden):
            client.read(path)
    with pytest.raises(hvac.exceptions.Forbidden):
        client.list("secret/metadata/users")
    client.adapter.close()


@pytest.mark.parametrize(
    "asked",
    [{"entity_alias": "dave"}, {"policies": ["root"]}, {"policies": ["qcred-server"]}],
    ids=str,
)
def test_a_session_cannot_be_asked_for_as_somebody_else(hub, servers, asked):
    """Neither as another user nor with other policies than the role's."""
    with pytest.raises((hvac.exceptions.InvalidRequest, hvac.exceptions.Forbidden)):
        session_of(hub, "alice", **asked)


def claims(**changed: Any) -> dict[str, Any]:
    """Return what the Hub signs for alice, but for some changes."""
    now = int(time.time())
    usual = {"iss": "jupyterhub", "aud": "openbao", "sub": "alice",
             "iat": now, "nbf": now, "exp": now + 60}  # fmt: skip
    return usual | changed


def forged(hub: Hub, how: str) -> str:
    """Return a JWT that the Hub did not make, or not for this."""
    key = hub.key.read_text()
    past = int(time.time()) - 30
    if how == "another key":
        return jwt.encode(claims(), ec.generate_private_key(ec.SECP256R1()), algorithm="ES256")
    if how == "no signature":
        return jwt.encode(claims(), None, algorithm="none")
    if how == "the public key as a password":
        signed = f"{part({'alg': 'HS256'})}.{part(claims())}"
        mac = hmac.digest(hub.public_key.read_bytes(), signed.encode(), "sha256")
        return f"{signed}.{text(mac)}"
    changed = {
        "another audience": {"aud": "something else"},
        "another issuer": {"iss": "somebody"},
        "expired": {"iat": past - 60, "nbf": past - 60, "exp": past},
        "untouched": {},
    }[how]
    return jwt.encode(claims(**changed), key, algorithm="ES256")


def text(data: bytes) -> str:
    """Encode as JWTs are."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def part(value: Any) -> str:
    """Encode a part of a JWT."""
    return text(json.dumps(value).encode())


FORGERIES = [
    "another key", "no signature", "the public key as a password", "another audience",
    "another issuer", "expired",
]  # fmt: skip


@pytest.mark.parametrize("how", FORGERIES)
def test_what_the_hub_did_not_sign_for_this_is_refused(hub, how):
    """By OpenBao: nobody becomes alice without the Hub; and expired is expired."""
    client = hub.openbao.client()
    assert client.auth.jwt.jwt_login(role="jupyterhub", jwt=forged(hub, "untouched"))
    with pytest.raises((hvac.exceptions.InvalidRequest, hvac.exceptions.Forbidden)):
        client.auth.jwt.jwt_login(role="jupyterhub", jwt=forged(hub, how))
    client.adapter.close()


@pytest.mark.parametrize("name", ["+", "*", "a*", "..", ".", "alice/../bob", "a+b", "", "alice\n"])
def test_a_name_that_stands_for_others_is_not_vouched_for(hub, monkeypatch, tmp_path, name):
    """In a templated policy such a name would be other users' folders."""
    for variable, value in hub.settings.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("QCRED_HUB_PROOFS", str(tmp_path / "proofs"))
    example = runpy.run_path(str(EXAMPLES / "jupyterhub_config.py"), init_globals={"c": Config()})
    spawner = SimpleNamespace(
        user=SimpleNamespace(name=name), name="", environment={}, log=logging.getLogger("hub")
    )
    example["hand_over"](spawner)
    assert spawner.environment == {}
    assert list(tmp_path.iterdir()) == []


def test_an_operator_can_shut_one_user_out(hub):
    """Whatever the user holds is good for nothing at once; others notice nothing."""
    clients = {}
    for user in ("grace", "heidi"):
        hub.openbao.put(f"users/{user}/{KEY}", mount="secret", value=key_of(user))
        proof_of_user = jwt.encode(claims(sub=user), hub.key.read_text(), algorithm="ES256")
        clients[user] = session_with(hub, proof_of_user)
        assert clients[user].read(f"secret/data/users/{user}/{KEY}")
    operate(hub.openbao, "shut_out.sh", "grace")
    with pytest.raises(hvac.exceptions.Forbidden):
        clients["grace"].read(f"secret/data/users/grace/{KEY}")
    with pytest.raises((hvac.exceptions.Forbidden, hvac.exceptions.InvalidRequest)):
        session_with(hub, jwt.encode(claims(sub="grace"), hub.key.read_text(), algorithm="ES256"))
    assert clients["heidi"].read(f"secret/data/users/heidi/{KEY}")
    for client in clients.values():
        client.adapter.close()


def test_a_renewed_secret_id_reaches_the_running_server(hub, servers):
    """Secret ids end; the operator makes a new one, and the Hub passes it on."""
    hub.give_approle(BY_APPROLE)
    new = (hub.approles / BY_APPROLE / "secret-id").read_text()
    handed = hub.proofs / BY_APPROLE / "secret-id"
    wait_until("it is handed over", lambda: handed.read_text() == new, JWT_SECONDS, 0.2)
    assert handed.stat().st_mode & 0o777 == 0o600


# -- every end ------------------------------------------------------------------------------------


def test_a_server_that_is_stopped_leaves_no_token(hub, servers):
    """Once the Hub says that it has stopped, nothing of it is alive at OpenBao."""
    server = servers[BY_APPROLE]
    assert len(live(hub, server)) == 2
    hub.stop(BY_APPROLE)
    assert live(hub, server) == []
    assert not (hub.proofs / BY_APPROLE).exists()
    ended = [e for e in server.audit() if "/revoked/" in e["__schema__"]]
    assert {e["what"]: e["outcome"] for e in ended} == {
        "credential": "unsupported",  # a static key: only its vendor can end it
        "session token": "confirmed",
        "server token": "confirmed",
    }


def test_a_server_that_is_killed_leaves_no_token_beyond_the_period(hub, servers):
    """Nothing was revoked; OpenBao lets everything expire."""
    server = servers["erin"]
    assert len(live(hub, server)) == 2
    psutil.Process(server.pid).kill()
    wait_until(
        "all tokens of the killed server are dead",
        lambda: live(hub, server) == [], PERIOD + LATE, 0.2,
    )  # fmt: skip
    wait_until("the Hub took the proof back", lambda: not (hub.proofs / "erin").exists(), 30, 0.1)


def test_a_server_that_is_culled_leaves_no_token(hub, servers):
    """The Hub's own culler, as a service with the rights it asks for."""
    server = servers["frank"]
    assert len(live(hub, server)) == 2
    culler = subprocess.Popen(
        [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=1", "--cull-every=1",
         f"--url={hub.url}hub/api"],
        env={**os.environ, "JUPYTERHUB_API_TOKEN": hub.culler_token},
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until("the server is culled", lambda: hub.stopped("frank"), 60, 0.2)
    finally:
        culler.kill()
        culler.wait()
    assert live(hub, server) == []
    assert not (hub.proofs / "frank").exists()


def test_a_new_login_takes_the_jwt_that_the_hub_keeps_fresh(hub, servers, first_jwt):
    """The server token lives on renewals. When it is lost, the latest JWT opens the next one."""
    server = servers["alice"]
    wait_until(
        "the JWT is written anew",
        lambda: proof(hub, "alice").read_text() != first_jwt, JWT_SECONDS, 0.2,
    )  # fmt: skip
    lost = server.accessors()[0]
    hub.openbao.root.auth.token.revoke_accessor(lost)
    assert seen(server, "again.ipynb") == expected("alice")
    assert lost not in live(hub, server)
    assert len(live(hub, server)) >= 2


def test_a_hub_that_was_killed_and_started_again_leaves_nothing_behind(hub, servers):
    """Sessions outlive it. It finds the servers, keeps JWTs fresh, and takes note of what ended."""
    alice, dave = servers["alice"], servers["dave"]
    assert len(live(hub, dave)) == 2
    before = set(live(hub, alice))
    hub.kill()
    psutil.Process(dave.pid).kill()
    kept = proof(hub, "alice").stat().st_mtime
    hub.start()
    wait_until("the Hub found the server", lambda: hub.server_of("alice").get("ready"), 30, 0.1)
    assert alive(alice.pid)
    assert before
    assert before <= set(live(hub, alice))
    wait_until("the proof of the dead server is gone", lambda: not (hub.proofs / "dave").exists())
    wait_until(
        "the JWT is written anew",
        lambda: proof(hub, "alice").stat().st_mtime > kept, JWT_SECONDS, 0.2,
    )  # fmt: skip
    assert seen(alice, "once_more.ipynb") == expected("alice")
    hub.stop("alice")
    assert live(hub, alice) == []
    wait_until(
        "all tokens of the killed server are dead",
        lambda: live(hub, dave) == [], PERIOD + LATE, 0.2,
    )  # fmt: skip


def test_no_log_and_no_file_shows_a_key(hub, servers, first_jwt):
    """Not the Hub's log, with all servers' in it, nor a home; nor anybody's command line."""
    proofs = [first_jwt, (hub.approles / BY_APPROLE / "secret-id").read_text()]
    assert [shown for text in proofs for shown in texts_with(text, [hub.log()])] == []
    for user in USERS:
        key = key_of(user)
        assert texts_with(key, [hub.log()]) == []
        assert files_with(key, hub.place) == []
        assert processes_with(key) == []
