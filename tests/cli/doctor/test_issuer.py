"""What is wrong at a real OpenBao: provoked there, and mended by its operator as printed."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.deployment import CANARY, KEY, LIVE, PROFILES
from support.openbao import wait_until
from support.processes import processes_naming
from support.remains import remains

from jupyter_qcred.issue.vault import roles

from .conftest import setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.openbao import OpenBao

    from .conftest import Person

SERVER_ROLE = f"auth/token/roles/{roles.SERVER_ROLE}"
KERNEL_ROLE = f"auth/token/roles/{roles.KERNEL_ROLE}"


@pytest.fixture
def operated(person: Person, openbao: OpenBao) -> Iterator[Person]:
    """A person whose servers use OpenBao, and who may write policies there."""
    deployment.provide(openbao)
    before = openbao.accessors()
    deployment.settings(openbao, person.home)
    person.env["BAO_TOKEN"] = openbao.root_token
    yield person
    # Nothing is said, nothing is left: of what doctor obtained, all was given back.
    assert openbao.root_token not in "".join(person.said)
    del person.env["BAO_TOKEN"]
    assert remains(person.home, person.said) == []
    assert openbao.accessors() <= before


def config(person: Person) -> tuple[Path, dict[str, Any]]:
    file = person.server.config_dir / "jupyter_qcred_config.json"
    return file, json.loads(file.read_text())


def change(person: Person, section: str, **settings: Any) -> Callable[[], object]:
    """Change settings; return what puts them back."""
    file, said = config(person)
    before = file.read_text()
    file.write_text(json.dumps(said | {section: said.get(section, {}) | settings}))
    return lambda: file.write_text(before)


def without(name: str, path: str) -> str:
    """Return a shipped policy without what it says about one path."""
    text = roles.policy_text(name)
    begin = text.index(f'path "{path}"')
    return text[:begin] + text[text.index("}\n", begin) + 2 :]


def test_all_is_well(operated: Person) -> None:
    """Each credential that can be read was read; what would be issued is said, and was not."""
    found = operated.doctor("issuer", "clock", "rights", "sources")
    assert {check["verdict"] for check in found.values()} == {"fine"}
    assert "1 credential can be read; 1 would be issued" in found["sources"]["words"]
    assert "2 credentials can be read" in operated.doctor("sources", "--issue")["sources"]["words"]
    assert CANARY not in "".join(operated.said)


# -- the issuer -----------------------------------------------------------------------------------


def test_a_setting_of_the_issuer_is_wrong(operated: Person) -> None:
    """The message names it; what is right only a person knows."""
    back = change(operated, "VaultIssuer", ca_file="/nowhere/ca.pem")
    operated.mend("issuer.settings", ca_file=back)


def test_the_issuer_is_away(person: Person, fresh_openbao: OpenBao) -> None:
    """Its operator starts it."""
    deployment.settings(fresh_openbao, person.home)
    fresh_openbao.stop()
    person.mend("issuer.unreachable", runs=fresh_openbao.start)


def test_the_issuer_is_sealed(person: Person, fresh_openbao: OpenBao) -> None:
    """Its operator types the key where they are asked for it."""
    deployment.settings(fresh_openbao, person.home)
    fresh_openbao.seal()
    person.mend("issuer.sealed", asked=fresh_openbao._unseal_key)


def test_nobody_has_logged_in(operated: Person, openbao: OpenBao) -> None:
    """`bao login` asks for the token, and writes the file that is missing."""
    file, said = config(operated)
    said["VaultIssuer"] = {"address": openbao.address}
    file.write_text(json.dumps(said))
    token = openbao.login_token()
    operated.mend("issuer.login", asked=token)
    found = operated.doctor("issuer", "rights", "sources")
    assert {check["verdict"] for check in found.values()} == {"fine"}
    (operated.home / ".vault-token").unlink()
    openbao.root.auth.token.revoke(token)


def test_the_embedded_openbao_does_not_start(person: Person) -> None:
    """Its program is not where the setting says: somebody corrects the path."""
    said = {"EmbeddedOpenBao": {"linger": 0}}
    file = setting(person, **said)
    person.shell("jupyter qcred put ionq --stdin", input="a-key-of-somebody")
    wait_until("OpenBao has ended", lambda: not processes_naming(person.home), 60)
    file.write_text(json.dumps({"EmbeddedOpenBao": {"linger": 0, "executable": "/nowhere/bao"}}))
    person.mend("issuer.embedded", executable=lambda: file.write_text(json.dumps(said)))


# -- the clock ------------------------------------------------------------------------------------

AHEAD = """\
import os, time
if os.path.exists({file!r}):
    now = time.time
    time.time = lambda: now() + 600
"""


def test_a_clock_that_is_wrong(operated: Person) -> None:
    """The machine's own: here what Python is told of it, and `timedatectl` that sets it right."""
    wrong = operated.home / "clock-is-ten-minutes-ahead"
    wrong.touch()
    operated.little.package("sitecustomize", AHEAD.format(file=str(wrong)))
    operated.little.program("timedatectl", f'#!/bin/sh\n[ "$*" = "set-ntp true" ] && rm {wrong}\n')
    found = operated.problem("clock.skewed")
    assert found is not None
    assert re.search(r"\b(59|60)\d s ahead of", found["seen"])
    operated.mend("clock.skewed")


# -- rights ---------------------------------------------------------------------------------------


def test_there_is_no_role_for_server_tokens(operated: Person, openbao: OpenBao) -> None:
    """The command that is printed makes it, with its policy."""
    openbao.root.delete(SERVER_ROLE)
    openbao.root.delete(f"sys/policies/acl/{roles.SERVER_ROLE}")
    operated.mend("rights.no-server-role")
    assert operated.doctor("rights")["rights"]["verdict"] == "fine"


def test_there_is_no_role_for_session_tokens(operated: Person, openbao: OpenBao) -> None:
    """As above."""
    openbao.root.delete(KERNEL_ROLE)
    openbao.root.delete(f"sys/policies/acl/{roles.SOURCES_POLICY}")
    operated.mend("rights.no-kernel-role")
    found = operated.doctor("rights", "sources")
    assert {check["verdict"] for check in found.values()} == {"fine"}


@pytest.mark.parametrize("how", ["approle", "userpass"])
def test_the_login_may_not_ask_for_a_server_token(
    operated: Person, openbao: OpenBao, how: str
) -> None:
    """Its policy was changed, or was never given to the role or the user."""
    if how == "approle":
        openbao.root.write_data("auth/approle/role/jupyter", data={"token_policies": ["other"]})
    else:
        password = operated.home / "password"
        user = openbao.add_userpass("alice", policies=["other"])
        password.write_text(user["password"])
        change(
            operated, "VaultIssuer",
            auth_method="userpass", username="alice", password_file=str(password),
        )  # fmt: skip
    operated.mend("rights.login")
    path = {"approle": "auth/approle/role/jupyter", "userpass": "auth/userpass/users/alice"}[how]
    assert openbao.root.read(path)["data"]["token_policies"] == ["other", roles.USER_POLICY]


SERVER_PATHS = ["auth/token/create/qcred-kernel", "sys/leases/revoke"]


@pytest.mark.parametrize("path", SERVER_PATHS)
def test_the_server_token_lacks_a_right(operated: Person, openbao: OpenBao, path: str) -> None:
    """It is named, and its policy is written anew."""
    openbao.policy(roles.SERVER_ROLE, without(roles.SERVER_ROLE, path))
    found = operated.problem("rights.server")
    assert found is not None
    assert f"`update` on `{path}`" in found["seen"]
    operated.mend("rights.server")


@pytest.mark.parametrize("path", ["auth/token/revoke-self", "the policy"])
def test_a_session_token_lacks_a_right(operated: Person, openbao: OpenBao, path: str) -> None:
    """Of its policy a line is missing, or the role does not give it at all."""
    if path == "the policy":
        allowed = [roles.SOURCES_POLICY, "test-cloud"]
        openbao.root.write_data(KERNEL_ROLE, data={"allowed_policies": allowed})
    else:
        openbao.policy(roles.KERNEL_ROLE, without(roles.KERNEL_ROLE, path))
    operated.mend("rights.kernel")
    assert operated.doctor("rights", "sources")["sources"]["verdict"] == "fine"


def test_sessions_carry_the_user_s_identity(operated: Person, openbao: OpenBao) -> None:
    """A role that makes no orphans passes on what the user's groups may do."""
    openbao.policy("reads-all", 'path "qcred/*" { capabilities = ["read"] }')
    openbao.root.write_data(SERVER_ROLE, data={"orphan": False})
    role = openbao.root.read("auth/approle/role/jupyter/role-id")["data"]["role_id"]
    secret = openbao.root.write_data("auth/approle/role/jupyter/secret-id", data={})["data"]
    client = openbao.client()
    login = client.auth.approle.login(role, secret["secret_id"])["auth"]
    openbao.root.write_data(
        f"identity/entity/id/{login['entity_id']}", data={"policies": ["reads-all"]}
    )
    openbao.root.auth.token.revoke(login["client_token"])
    operated.mend("rights.not-narrowed")
    openbao.root.write_data(f"identity/entity/id/{login['entity_id']}", data={"policies": []})


def test_roles_with_names_of_their_own(operated: Person, openbao: OpenBao) -> None:
    """A team's policies name the team's roles, and so does the fix."""
    for name in (roles.USER_POLICY, roles.SERVER_ROLE):
        text = roles.policy_text(name)
        text = text.replace("qcred-server", "qcred-server-x").replace(
            "qcred-kernel", "qcred-kernel-x"
        )
        openbao.policy(f"{name}-x", text)
    server = roles.server_role(600) | {"allowed_policies": ["qcred-server-x"]}
    openbao.root.write_data(f"{SERVER_ROLE}-x", data=server)
    openbao.root.write_data(f"{KERNEL_ROLE}-x", data=roles.kernel_role())
    openbao.root.write_data("auth/approle/role/jupyter", data={"token_policies": ["qcred-user-x"]})
    change(operated, "VaultIssuer", server_role="qcred-server-x", kernel_role="qcred-kernel-x")
    assert operated.doctor("rights")["rights"]["verdict"] == "fine"
    openbao.policy("qcred-server-x", without(roles.SERVER_ROLE, "auth/token/create/qcred-kernel"))
    operated.mend("rights.server")


def test_a_login_that_is_the_server_token(operated: Person, openbao: OpenBao) -> None:
    """Without a role of its own: what the auth role's policy lacks is written there."""
    role = {"token_policies": [roles.SERVER_ROLE], "token_period": "10m", "token_type": "service"}
    openbao.root.write_data("auth/approle/role/jupyter", data=role)
    change(operated, "VaultIssuer", server_role="")
    assert operated.doctor("rights")["rights"]["verdict"] == "fine"
    openbao.policy(roles.SERVER_ROLE, without(roles.SERVER_ROLE, "sys/leases/revoke"))
    operated.mend("rights.server")


# -- sources --------------------------------------------------------------------------------------


def test_profiles_that_cannot_be_read(operated: Person) -> None:
    """The place is named; a person corrects it."""
    back = change(operated, "CredentialService", profiles={KEY: {"source": "kv2:qcred/x", "x": 1}})
    operated.mend("sources.profiles", Correct=back, accepted=back)


def test_nothing_is_stored_for_a_profile(operated: Person, openbao: OpenBao) -> None:
    """`bao kv put` reads the value from its standard input."""
    name = f"new-{secrets.token_hex(3)}"
    profiles = PROFILES | {name: {"vendor": KEY, "source": f"kv2:qcred/{name}"}}
    change(operated, "CredentialService", profiles=profiles)
    operated.mend("sources.not-stored", typed="a-value-of-somebody")


@pytest.mark.parametrize("mount", ["qcred", "team"])
def test_a_session_may_not_read_a_source(operated: Person, openbao: OpenBao, mount: str) -> None:
    """The role is given the shipped policy, or for another mount one of its own."""
    openbao.enable_kv(mount)
    openbao.put("physics/ionq", mount=mount, value=CANARY)
    source = {"kind": "kv2", "path": f"{mount}/physics/ionq", "mount": mount}
    change(operated, "CredentialService", profiles={"ionq": {"vendor": "ionq", "source": source}})
    allowed = [roles.KERNEL_ROLE, "test-cloud"]
    openbao.root.write_data(KERNEL_ROLE, data={"allowed_policies": allowed})
    operated.mend("sources.right")
    kept = openbao.root.read(KERNEL_ROLE)["data"]["allowed_policies"]
    assert set(allowed) < set(kept)


def test_a_source_that_is_not_as_its_profile_says(operated: Person, openbao: OpenBao) -> None:
    """A KV engine of the other version: the profile is corrected."""
    source = {"kind": "kv1", "path": f"qcred/data/{KEY}"}
    back = change(operated, "CredentialService", profiles={KEY: {"vendor": KEY, "source": source}})
    operated.mend("sources.failed", Set=back, text=back)


def test_a_dynamic_source_is_tried_when_asked_for(operated: Person, openbao: OpenBao) -> None:
    """Its right is missing; what is issued for the try is revoked at once."""
    openbao.root.write_data(KERNEL_ROLE, data={"allowed_policies": [roles.KERNEL_ROLE]})
    change(operated, "CredentialService", profiles={LIVE: PROFILES[LIVE]})
    found = operated.doctor("sources", "--issue")["sources"]["problems"]
    (problem,) = found
    assert problem["problem"] == "sources.right"
    for step in problem["fix"]:
        assert operated.shell(step["text"]).returncode == 0
    assert operated.doctor("sources", "--issue")["sources"]["verdict"] == "fine"


def test_a_key_in_a_vendor_s_file_goes_where_its_profile_reads(
    operated: Person, openbao: OpenBao
) -> None:
    """With a Vault configured there is no store of this machine's own."""
    file = operated.home / ".qiskit" / "qiskit-ibm.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"default": {"token": "aB3" * 15}}))
    operated.mend("vendor-files.keys", typed="aB3" * 15)
    stored = openbao.root.secrets.kv.v2.read_secret_version(
        KEY, mount_point="qcred", raise_on_deleted_version=True
    )
    assert stored["data"]["data"] == {"value": "aB3" * 15}
    assert not file.exists()
