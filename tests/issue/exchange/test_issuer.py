"""Exchanges behind a real OpenBao: what is read, what is handed in, and what becomes of it."""

from __future__ import annotations

import logging
from contextlib import suppress
from urllib.parse import parse_qs

import pytest
from support.leaks import assert_shows_nothing_of
from support.loopback import Scripted

from jupyter_qcred.core.clock import SystemClock
from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerError,
    IssuerUnreachableError,
    NotEntitledError,
    NotStoredError,
)
from jupyter_qcred.issue.guard import GuardedIssuer
from jupyter_qcred.issue.issuer import SessionRequest
from jupyter_qcred.issue.profile_file import profiles_from_mapping
from jupyter_qcred.issue.vault.issuer import VaultIssuer
from jupyter_qcred.testing.loopback import nowhere

from .cases import BEARER, INVALID_GRANT, KEY, NAME, script, token


@pytest.fixture(scope="module")
def issuer(openbao):
    """An issuer whose sessions may read what is stored, and one-time passwords."""
    openbao.root.sys.enable_secrets_engine("ssh", path="otp")
    otp = {"key_type": "otp", "default_user": "u", "cidr_list": "10.0.0.0/8"}
    openbao.root.write_data("otp/roles/one", data=otp)
    openbao.policy("otp", 'path "otp/creds/*" { capabilities = ["update"] }')
    openbao.install_qcred(kernel_policies=["qcred-kernel", "qcred-sources", "otp"])
    made = VaultIssuer(address=openbao.address, auth_method="token", token=openbao.login_token())
    yield made
    made.close()


@pytest.fixture(scope="module")
def session(issuer):
    """A session of it."""
    return issuer.open_session(issuer.open_server(), SessionRequest("i", "alice", "s", "k"))


@pytest.fixture
def vendor():
    """A vendor that gives a bearer."""
    with Scripted(script((200, token()))) as made:
        yield made


def profile(url: str, origin: object = f"kv2:qcred/{NAME}", **more: object):
    source = {"kind": "exchange", "exchange": "ibm-iam", "from": origin, "options": {"url": url}}
    return profiles_from_mapping({NAME: {"source": source, **more}}, "test")[NAME]


def test_a_stored_key_is_handed_in_and_stays_in_the_server(openbao, issuer, session, vendor):
    """The vendor sees the key; what comes back is the bearer and what is public."""
    openbao.put(NAME, api_key=KEY, instance="crn:v1:x")
    credential = issuer.issue(session, profile(f"{vendor.address}/identity/token"))
    ((method, path, body),) = vendor.requests
    assert (method, path) == ("POST", "/identity/token")
    assert parse_qs(body.decode()) == {
        "grant_type": ["urn:ibm:params:oauth:grant-type:apikey"], "apikey": [KEY],
    }  # fmt: skip
    assert {name: value.reveal() for name, value in credential.values.items()} == {"token": BEARER}
    assert credential.public == {"token_type": "Bearer", "instance": "crn:v1:x"}
    assert credential.main == "token"


def test_the_field_that_put_stores_is_the_key(openbao, issuer, session, vendor):
    """``jupyter qcred put`` calls it value."""
    openbao.put(NAME, value=KEY)
    issuer.issue(session, profile(vendor.address))
    assert parse_qs(vendor.requests[0][2].decode())["apikey"] == [KEY]


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"instance": "crn"}, ConfigError, "no obvious secret field"),
        ({"user": "me", "pass": KEY}, ConfigError, "has no field `api_key`"),
        ({"api_key": ""}, NotStoredError, "jupyter qcred doctor sources"),
        ({}, NotStoredError, "jupyter qcred doctor sources"),
    ],
)
def test_a_key_that_is_not_there_is_asked_for(
    openbao, issuer, session, vendor, fields, kind, words
):
    """Before anything is sent; the message names fields, never values."""
    openbao.put(NAME, **fields)
    with pytest.raises(kind) as caught:
        issuer.issue(session, profile(vendor.address))
    assert words in str(caught.value)
    assert_shows_nothing_of(caught.value, KEY)
    assert vendor.requests == []


def test_a_main_field_that_the_vendor_does_not_give_is_a_setting(openbao, issuer, session, vendor):
    """The message lists what there is."""
    openbao.put(NAME, value=KEY)
    with pytest.raises(ConfigError, match=r"no secret field `api_key`.*`token`"):
        issuer.issue(session, profile(vendor.address, main="api_key"))


def test_a_leased_key_is_given_back_after_its_use(openbao, issuer, session, vendor):
    """Also where the vendor refused it."""
    origin = {"kind": "dynamic", "path": "otp/creds/one", "parameters": {"ip": "10.1.2.3"}}
    public = ["ip", "key_type", "username"]
    issuer.issue(session, profile(vendor.address, origin, public=public))
    with Scripted(script(INVALID_GRANT)) as other, pytest.raises(NotEntitledError):
        issuer.issue(session, profile(other.address, origin, public=public))
    assert not openbao.root.list("sys/leases/lookup/otp/creds/one")


def test_no_key_is_ever_logged(openbao, issuer, session, vendor, caplog):
    """At any level, urllib3's own lines included."""
    openbao.put(NAME, api_key=KEY)
    with caplog.at_level(logging.NOTSET):
        issuer.issue(session, profile(vendor.address))
    assert caplog.text
    assert KEY not in caplog.text
    assert BEARER not in caplog.text


def test_a_vendor_that_is_away_keeps_nothing_else_from_being_issued(openbao, issuer, session):
    """Its own source is not asked again for a while; the issuer is not taken for broken."""
    openbao.put(NAME, api_key=KEY)
    openbao.put("ionq", api_key=KEY)
    guard = GuardedIssuer(
        lambda: issuer, lambda: "OpenBao", SystemClock(), logging.getLogger("test-guard")
    )
    with nowhere() as address:
        for _ in range(5):
            with pytest.raises(IssuerUnreachableError) as caught:
                guard.issue(session, profile(address))
    assert "the source of ibm-quantum, cannot be reached" in str(caught.value)
    assert guard.whole.outage() is None
    stored = profiles_from_mapping({"ionq": {"source": "kv2:qcred/ionq"}}, "test")["ionq"]
    assert guard.issue(session, stored).values["api_key"].reveal() == KEY


@pytest.mark.parametrize("status", [429, 500])
def test_a_vendor_in_trouble_is_not_the_issuers(openbao, issuer, session, status):
    """A rate limit of the vendor's does not hold the issuer's other sources back."""
    openbao.put(NAME, api_key=KEY)
    guard = GuardedIssuer(
        lambda: issuer, lambda: "OpenBao", SystemClock(), logging.getLogger("test-guard")
    )
    with Scripted(script((status, b""))) as vendor:
        for _ in range(5):
            with suppress(IssuerError):
                guard.issue(session, profile(vendor.address))
        assert len(vendor.requests) == 3
    assert guard.whole.outage() is None
