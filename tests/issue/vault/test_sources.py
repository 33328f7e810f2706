"""From real engines to credentials."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from support.leaks import assert_shows_nothing_of
from support.loopback import Scripted
from support.openbao import wait_until

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerBrokenError,
    NotEntitledError,
    NotStoredError,
)
from jupyter_qcred.issue.profile import Profile, Source, SourceKind
from jupyter_qcred.issue.vault import roles

KEY = "a-vendor-key-0123456789"


@pytest.fixture(scope="module")
def engines(openbao):
    """Engines of every kind, and sessions that may read them all."""
    openbao.enable_kv("old", version=1)
    openbao.enable_kv("teams/physics")
    mounted = openbao.root.sys
    mounted.enable_secrets_engine("ssh", path="otp")
    otp = {"key_type": "otp", "default_user": "u", "cidr_list": "10.0.0.0/8"}
    openbao.root.write_data("otp/roles/one", data=otp)
    mounted.enable_secrets_engine("pki", path="pki")
    openbao.root.write_data("pki/root/generate/internal", data={"common_name": "test"})
    openbao.root.write_data(
        "pki/roles/one", data={"allow_any_name": True, "max_ttl": "1h", "key_type": "ec",
                               "key_bits": 256}
    )  # fmt: skip
    openbao.root.write_data("identity/oidc/role/cloud", data={"key": "default", "ttl": "5m"})
    openbao.root.write_data("identity/oidc/key/default", data={"allowed_client_ids": ["*"]})
    openbao.policy(
        "everything",
        'path "qcred/*" { capabilities = ["read"] }\n'
        'path "old/*" { capabilities = ["read"] }\n'
        'path "teams/physics/*" { capabilities = ["read"] }\n'
        'path "otp/creds/*" { capabilities = ["read", "update"] }\n'
        'path "pki/issue/*" { capabilities = ["update"] }\n'
        'path "nowhere/*" { capabilities = ["read"] }\n'
        'path "auth/token/create-orphan" { capabilities = ["update", "sudo"] }\n'
        'path "auth/token/create" { capabilities = ["update"] }\n'
        'path "identity/oidc/token/*" { capabilities = ["read"] }',
    )
    openbao.install_qcred(kernel_policies=["qcred-kernel", "everything"])
    server_role = {**roles.server_role(600), "allowed_entity_aliases": ["jupyter-*"]}
    openbao.root.write_data("auth/token/roles/qcred-server", data=server_role)
    return openbao


@pytest.fixture
def issuer(engines, make_issuer):
    """An issuer whose server token has an entity, as the oidc source needs."""
    return make_issuer(engines, entity_alias="jupyter-alice")


@pytest.fixture
def session(issuer, launch):
    """A session of it."""
    return issuer.open_session(issuer.open_server(), launch)


def kv2(name: str = "ibm", **changes: object) -> Profile:
    profile = Profile("ibm-quantum", "ibm", Source(SourceKind.KV2, f"qcred/{name}", "qcred"))
    return replace(profile, **changes)


def revealed(credential) -> dict[str, str]:
    return {name: value.reveal() for name, value in credential.values.items()}


# ---- key-value ----------------------------------------------------------------------------------


def test_kv2_gives_a_static_key(engines, issuer, session):
    """No lease, no TTL, and nothing that Vault could invalidate: the key is the vendor's."""
    engines.put("ibm", token=KEY)
    credential = issuer.issue(session, kv2())
    assert revealed(credential) == {"token": KEY}
    assert credential.main == "token"
    assert (credential.upstream_lease, credential.ttl) == (None, None)
    assert (credential.renewable, credential.revocable) == (False, False)
    assert KEY not in repr(credential)


@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        (f"{KEY}\n", KEY),
        (f"{KEY}\r\n", KEY),
        (f" {KEY} ", f" {KEY} "),
        ("-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n",) * 2,
    ],
)
def test_the_enter_behind_a_key_is_no_part_of_it(engines, issuer, session, stored, meant):
    """`bao kv put … value=-` stores what is typed, line end included; a vendor would refuse it."""
    engines.put("typed", token=stored)
    assert revealed(issuer.issue(session, kv2("typed"))) == {"token": meant}


def test_kv2_below_a_mount_with_slashes(engines, issuer, session):
    """``data/`` goes after the mount, not after the first part of the path."""
    engines.put("ibm/prod", mount="teams/physics", value=KEY)
    source = Source(SourceKind.KV2, "teams/physics/ibm/prod", "teams/physics")
    assert issuer.issue(session, Profile("p", "ibm", source)).main == "value"


def test_kv2_names_with_other_letters_are_found(engines, issuer, session):
    """What is special in a URL is quoted."""
    engines.put("mein schlüssel?", token=KEY)
    assert revealed(issuer.issue(session, kv2("mein schlüssel?"))) == {"token": KEY}


def test_kv1_gives_a_static_key(engines, issuer, session):
    """The 32 days that KV v1 calls a lease are none."""
    engines.root.write_data("old/ionq", data={"api_key": KEY})
    credential = issuer.issue(session, Profile("ionq", "ionq", Source(SourceKind.KV1, "old/ionq")))
    assert revealed(credential) == {"api_key": KEY}
    assert (credential.upstream_lease, credential.ttl) == (None, None)
    assert credential.revocable is False


def deleted(server) -> Profile:
    server.put("deleted", token=KEY)
    server.root.delete("qcred/data/deleted")
    return kv2("deleted")


def destroyed(server) -> Profile:
    server.put("destroyed", token=KEY)
    server.root.write_data("qcred/destroy/destroyed", data={"versions": [1]})
    return kv2("destroyed")


def empty(server) -> Profile:
    server.put("empty")
    return kv2("empty")


def blank(server) -> Profile:
    server.put("blank", token="")
    return kv2("blank")


@pytest.mark.parametrize(
    "case",
    [
        lambda server: kv2("never"),
        lambda server: Profile("ibm-quantum", "ibm", Source(SourceKind.KV1, "old/never")),
        deleted,
        destroyed,
        empty,
        blank,
    ],
    ids=["missing", "missing in v1", "deleted", "destroyed", "empty", "blank"],
)
def test_nothing_stored_is_said_with_the_name_and_the_command(engines, issuer, session, case):
    """The user reads what to type: into a store of one's own, or what names the command."""
    profile = case(engines)
    with pytest.raises(NotStoredError, match="jupyter qcred doctor sources") as caught:
        issuer.issue(session, profile)
    assert caught.value.credential == "ibm-quantum"
    with pytest.raises(NotStoredError, match="jupyter qcred put ibm-quantum"):
        issuer.issue(session, replace(profile, builtin=True))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (5, "a number"),
        ({"a": KEY}, "a map"),
        ([KEY], "a list"),
        (True, "a boolean"),
        (None, "empty"),
    ],
)
def test_a_field_that_is_no_text_is_named_not_shown(engines, issuer, session, value, kind):
    """A nested document cannot be delivered, nor redacted, field by field."""
    data = {"token": KEY, "extra": value}
    engines.root.write_data("qcred/data/odd", data={"data": data})
    with pytest.raises(ConfigError, match=f"`extra`.*{kind}") as caught:
        issuer.issue(session, kv2("odd"))
    assert_shows_nothing_of(caught.value, KEY)


FIELDS = [
    ({"only": KEY}, "", frozenset(), "only"),
    ({"only": KEY, "region": "us"}, "", {"region"}, "only"),
    ({"password": "p", "api_key": KEY, "zone": "z"}, "", frozenset(), "api_key"),
    ({"token": "t", "value": "v", "password": "p"}, "", frozenset(), "value"),
    ({"a": "1", "b": "2"}, "b", frozenset(), "b"),
]


@pytest.mark.parametrize(("fields", "main", "public", "expected"), FIELDS)
def test_the_main_field_is_found_in_the_documented_order(
    engines, issuer, session, fields, main, public, expected
):
    """The named one; else the only one; else value, token, api_key, password."""
    engines.put("fields", **fields)
    profile = kv2("fields", main=main, public=frozenset(public))
    credential = issuer.issue(session, profile)
    assert credential.main == expected
    assert set(credential.values) == set(fields) - set(public)
    assert set(credential.public) == set(public)


@pytest.mark.parametrize(
    ("main", "public"), [("", ()), ("missing", ()), ("a", ("a",)), ("", ("a", "b"))]
)
def test_a_main_field_that_is_not_there_is_asked_for(engines, issuer, session, main, public):
    """The message lists the names of the fields, never their values."""
    fields = {name: f"region-{name}" if name in public else KEY + name for name in ("a", "b")}
    engines.put("two", **fields)
    profile = kv2("two", main=main, public=frozenset(public))
    with pytest.raises(ConfigError, match="main") as caught:
        issuer.issue(session, profile)
    assert_shows_nothing_of(caught.value, KEY)


WRONG_SOURCES = [
    (Source(SourceKind.KV1, "qcred/ibm"), "kv2"),
    (Source(SourceKind.KV2, "qcred/ibm", ""), "mount"),
    (Source(SourceKind.KV2, "other/ibm", "qcred"), "mount"),
    (Source(SourceKind.KV2, "qcred/../sys/seal", "qcred"), "without empty parts"),
    (Source(SourceKind.KV2, "qcred//ibm", "qcred"), "without empty parts"),
    (Source(SourceKind.KV1, "nowhere/ibm"), "mount"),
    (Source(SourceKind.DYNAMIC, "otp/creds/one"), "kind"),
]


@pytest.mark.parametrize(("source", "hint"), WRONG_SOURCES, ids=str)
def test_a_source_that_does_not_fit_is_a_setting_to_correct(engines, issuer, session, source, hint):
    """Wrong kind, mount or path: the next step says which."""
    engines.put("ibm", token=KEY)
    with pytest.raises(ConfigError) as caught:
        issuer.issue(session, Profile("p", "ibm", source))
    assert hint in f"{caught.value}"


def test_a_source_out_of_reach_names_the_missing_right(engines, issuer, session):
    """An operator can paste it into a policy."""
    source = Source(SourceKind.DYNAMIC, "database/creds/x", parameters={"ttl": "5m"})
    with pytest.raises(NotEntitledError) as caught:
        issuer.issue(session, Profile("p", "ibm", source))
    assert "`update` on `database/creds/x`" in caught.value.next_step
    assert caught.value.credential == "p"
    assert_shows_nothing_of(caught.value, session.token.reveal())


# ---- dynamic ------------------------------------------------------------------------------------


def test_a_dynamic_source_with_parameters_gives_a_lease(engines, issuer, session):
    """A one-time password, its lease, and the facts beside it as public text."""
    source = Source(SourceKind.DYNAMIC, "otp/creds/one", parameters={"ip": "10.1.2.3"})
    profile = Profile(
        "p", "x", source, main="key", public=frozenset({"ip", "key_type", "username"})
    )
    credential = issuer.issue(session, profile)
    assert credential.public == {
        "ip": "10.1.2.3", "key_type": "otp", "username": "u", "port": "22"
    }  # fmt: skip
    assert set(credential.values) == {"key"}
    assert credential.upstream_lease.startswith("otp/creds/one/")
    assert credential.ttl > 0
    assert (credential.renewable, credential.revocable) == (False, True)
    found = engines.client().write_data("otp/verify", data={"otp": revealed(credential)["key"]})
    assert found["data"]["ip"] == "10.1.2.3"


def test_a_source_without_a_lease_cannot_be_revoked(engines, issuer, session):
    """A certificate lives until it expires, whatever becomes of the session."""
    source = Source(SourceKind.DYNAMIC, "pki/issue/one", parameters={"common_name": "a.test"})
    profile = Profile("p", "x", source, main="private_key", public=frozenset({"certificate"}))
    credential = issuer.issue(session, profile)
    assert credential.upstream_lease is None
    assert credential.revocable is False
    assert "BEGIN" in revealed(credential)["private_key"]
    assert int(credential.public["expiration"]) > 0


def test_the_profiles_ttl_is_asked_for_where_the_source_takes_parameters(engines, issuer, session):
    """The certificate's own dates show that it was heard."""
    source = Source(SourceKind.DYNAMIC, "pki/issue/one", parameters={"common_name": "a.test"})
    profile = Profile("p", "x", source, main="private_key")
    long, short = (
        int(issuer.issue(session, replace(profile, ttl=ttl)).public["expiration"])
        for ttl in (3000.0, 60.0)
    )
    assert 2900 < long - short < 3000


def leases_of_otp(server) -> set[str]:
    listed = server.root.list("sys/leases/lookup/otp/creds/one")
    return set(listed["data"]["keys"]) if listed else set()


def test_a_lease_whose_fields_do_not_fit_is_given_back(engines, issuer, session):
    """Nobody will use it: it is revoked before the error is raised."""
    before = leases_of_otp(engines)
    source = Source(SourceKind.DYNAMIC, "otp/creds/one", parameters={"ip": "10.9.9.9"})
    with pytest.raises(ConfigError, match="main"):
        issuer.issue(session, Profile("p", "x", source, main="nope"))
    assert not leases_of_otp(engines) - before


@pytest.mark.parametrize(("path", "revocable"), [("create", True), ("create-orphan", False)])
def test_a_token_of_vaults_own_is_revocable_if_it_dies_with_its_session(
    engines, issuer, session, path, revocable
):
    """A child does, an orphan does not: what is said of it is what happens."""
    source = Source(SourceKind.DYNAMIC, f"auth/token/{path}", parameters={"ttl": "5m"})
    credential = issuer.issue(session, Profile("p", "vault", source))
    accessor = credential.public["accessor"]
    assert (credential.main, credential.ttl) == ("token", 300)
    assert engines.lookup_accessor(accessor)
    assert credential.revocable is revocable
    issuer.revoke_token(session)
    if revocable:
        wait_until("it died, too", lambda: engines.lookup_accessor(accessor) is None)
    else:
        wait_until("the session is gone", lambda: not engines.lookup_accessor(session.accessor))
        assert engines.lookup_accessor(accessor)


def test_aws_sts_is_not_called_revocable(make_issuer, launch):
    """Vault ends the lease, AWS knows no way to end the session token: the shape gives it away."""
    answers = {
        "/v1/aws/sts/role": {
            "lease_id": "aws/sts/role/x", "lease_duration": 3600, "renewable": False,
            "data": {"access_key": "AKIA", "secret_key": KEY, "security_token": KEY + "s",
                     "ttl": 3599},
        },
        "/v1/aws/creds/role": {
            "lease_id": "aws/creds/role/x", "lease_duration": 3600, "renewable": True,
            "data": {"access_key": "AKIA", "secret_key": KEY, "security_token": None},
        },
        "/v1/gcp/token/role": {
            "lease_id": "", "lease_duration": 0, "renewable": False,
            "data": {"token": KEY, "token_ttl": 3599, "expires_at_seconds": 1},
        },
    }  # fmt: skip
    with Scripted(lambda _method, path, _body: (200, answers[path])) as server:
        issuer = make_issuer(address=server.address, auth_method="token", token="t")
        session = issuer.open_session(_pretended(), launch)
        read = {
            path: issuer.issue(
                session,
                Profile(
                    "p", "aws", Source(SourceKind.DYNAMIC, path.removeprefix("/v1/")),
                    main="token" if "gcp" in path else "secret_key",
                    public=frozenset({"access_key"}),
                ),
            )
            for path in answers
        }  # fmt: skip
    sts, user, gcp = read.values()
    assert (sts.revocable, sts.ttl) == (False, 3600)
    assert revealed(sts) == {"secret_key": KEY, "security_token": KEY + "s"}
    assert (user.revocable, user.renewable) == (True, True)
    assert (gcp.revocable, gcp.ttl, gcp.upstream_lease) == (False, 3599, None)


def _pretended():
    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.issuer import IssuedToken

    return IssuedToken(Secret("t"), "a", 60.0, False, None, own=False)


# ---- workload identity --------------------------------------------------------------------------

OIDC = Profile("cloud", "aws", Source(SourceKind.OIDC, "identity/oidc/token/cloud"))


def test_oidc_gives_a_signed_token_that_nobody_can_revoke(engines, issuer, session):
    """Its audience is the role's client id, its life the role's TTL."""
    credential = issuer.issue(session, OIDC)
    payload = revealed(credential)["token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert credential.public == {"client_id": claims["aud"]}
    assert credential.ttl == 300 == claims["exp"] - claims["iat"]
    assert (credential.main, credential.revocable, credential.renewable) == ("token", False, False)


def test_oidc_without_an_entity_says_how_to_get_one(engines, make_issuer, launch):
    """An orphan has no entity unless the operator allows an alias."""
    issuer = make_issuer(engines)
    session = issuer.open_session(issuer.open_server(), launch)
    with pytest.raises(ConfigError, match="allowed_entity_aliases"):
        issuer.issue(session, OIDC)


def test_an_answer_without_a_token_is_the_issuers_fault(make_issuer, launch):
    """Good status, nothing in it."""
    with Scripted(lambda *_: (200, {"data": {"client_id": "c"}})) as server:
        issuer = make_issuer(address=server.address, auth_method="token", token="t")
        with pytest.raises(IssuerBrokenError, match="without a signed token"):
            issuer.issue(_pretended(), OIDC)
