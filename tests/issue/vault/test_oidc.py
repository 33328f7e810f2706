"""Logging in by a person, at the issuer's end: what it gives, what it refuses, what it keeps."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest
import requests
from support.provider import Provider, answer_of, let_in
from traitlets import TraitError

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerUnreachableError,
    NeedsLoginError,
    NotEntitledError,
)
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.vault.issuer import VaultIssuer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from support.openbao import OpenBao

    from jupyter_qcred.issue.person import Invitation

    Make = Callable[..., VaultIssuer]

BACK = "http://127.0.0.1:8888/qcred/oidc/callback"


@pytest.fixture(scope="module")
def provider(openbao: OpenBao) -> Iterator[Provider]:
    with Provider() as made:
        let_in(openbao, made, BACK)
        yield made


@pytest.fixture
def issuer_of(make_issuer: Make) -> Make:
    """Make issuers at which a person logs in."""

    def make(server: OpenBao, **settings: Any) -> VaultIssuer:
        return make_issuer(server, **{"auth_method": "oidc", "auth_role": "jupyter", **settings})

    return make


def visited(invitation: Invitation) -> dict[str, str]:
    """Go where a browser is sent; return what it brings back."""
    answer = requests.get(invitation.url.reveal(), timeout=30, allow_redirects=False)
    assert answer.status_code == 302, answer.text
    return answer_of(answer.headers["Location"])


def test_a_code_becomes_the_server_token_and_the_login_token_is_dropped(
    issuer_of: Make, openbao: OpenBao, provider: Provider
) -> None:
    """An orphan of its own role is all that is left of the login."""
    before = openbao.accessors()
    issuer = issuer_of(openbao)
    invitation = issuer.invite(BACK)
    brought = visited(invitation)
    assert Secret(brought["state"]) == invitation.state
    server = issuer.open_server_by(invitation, Secret(brought["code"]))
    assert openbao.accessors() - before == {server.accessor}
    token = openbao.lookup_accessor(server.accessor)
    assert token is not None
    assert token["orphan"]
    assert token["policies"] == ["qcred-server"]
    assert (server.own, server.narrowed) == (True, True)


@pytest.mark.parametrize("wrong", ["state", "nonce", "code"])
def test_each_of_the_three_is_needed(
    issuer_of: Make, openbao: OpenBao, provider: Provider, wrong: str
) -> None:
    """Whoever has the code and the state still lacks the nonce; nobody gets a token."""
    issuer = issuer_of(openbao)
    invitation = issuer.invite(BACK)
    code = "guessed" if wrong == "code" else visited(invitation)["code"]
    other = type(invitation)(
        invitation.url,
        Secret("guessed") if wrong == "state" else invitation.state,
        Secret("guessed") if wrong == "nonce" else invitation.nonce,
    )
    before = openbao.accessors()
    with pytest.raises(NeedsLoginError) as caught:
        issuer.open_server_by(other, Secret(code))
    assert "guessed" not in str(caught.value)
    assert openbao.accessors() == before


def test_a_code_is_good_once(issuer_of: Make, openbao: OpenBao, provider: Provider) -> None:
    """The same answer again is refused."""
    issuer = issuer_of(openbao)
    invitation = issuer.invite(BACK)
    code = Secret(visited(invitation)["code"])
    issuer.open_server_by(invitation, code)
    with pytest.raises(NeedsLoginError):
        issuer.open_server_by(invitation, code)


def test_whom_the_role_does_not_know_is_refused(
    issuer_of: Make, openbao: OpenBao, provider: Provider
) -> None:
    """The provider lets them in, and OpenBao does not."""
    let_in(openbao, provider, BACK, subject="bob")
    try:
        issuer = issuer_of(openbao)
        invitation = issuer.invite(BACK)
        with pytest.raises(NeedsLoginError, match="refused the login by oidc") as caught:
            issuer.open_server_by(invitation, Secret(visited(invitation)["code"]))
        assert "operator" in caught.value.next_step
    finally:
        let_in(openbao, provider, BACK)


def test_a_login_without_the_right_to_a_server_token_is_said_to_lack_it(
    issuer_of: Make, openbao: OpenBao, provider: Provider
) -> None:
    """Another login would not help: it is the role's policies that lack something."""
    let_in(openbao, provider, BACK, policies=())
    try:
        issuer = issuer_of(openbao, lease_only="never")
        invitation = issuer.invite(BACK)
        before = openbao.accessors()
        with pytest.raises(NotEntitledError, match="auth/token/create/qcred-server"):
            issuer.open_server_by(invitation, Secret(visited(invitation)["code"]))
        assert openbao.accessors() == before
    finally:
        let_in(openbao, provider, BACK)


def test_an_address_that_the_role_does_not_list_is_named(
    issuer_of: Make, openbao: OpenBao, provider: Provider
) -> None:
    """The message has the address that the operator has to list, and where."""
    elsewhere = "https://lab.example/qcred/oidc/callback"
    with pytest.raises(ConfigError, match=re.escape(elsewhere)) as caught:
        issuer_of(openbao).invite(elsewhere)
    assert "allowed_redirect_uris" in caught.value.next_step
    with pytest.raises(ConfigError, match=re.escape(elsewhere)):
        issuer_of(openbao, redirect_uri=elsewhere).invite(BACK)


@pytest.mark.parametrize("settings", [{"auth_role": "nobody"}, {"auth_mount": "nowhere"}])
def test_a_role_or_mount_that_is_not_there_is_named(
    issuer_of: Make, openbao: OpenBao, provider: Provider, settings: dict[str, str]
) -> None:
    """It is for the operator to mend, not for the person to try again."""
    with pytest.raises(ConfigError, match=next(iter(settings.values()))):
        issuer_of(openbao, **settings).invite(BACK)


def test_an_issuer_that_is_away_is_no_refusal(issuer_of: Make, fresh_openbao: OpenBao) -> None:
    """It passes by itself."""
    issuer = issuer_of(fresh_openbao)
    fresh_openbao.stop()
    with pytest.raises(IssuerUnreachableError):
        issuer.invite(BACK)


def test_without_a_person_there_is_no_login(issuer_of: Make, openbao: OpenBao) -> None:
    """Nothing is asked upstream, and both ways to log in are named."""
    with pytest.raises(NeedsLoginError) as caught:
        issuer_of(openbao).open_server()
    assert "Log in…" in caught.value.next_step
    assert "jupyter qcred login" in caught.value.next_step


def test_other_methods_invite_nobody(make_issuer: Make, openbao: OpenBao) -> None:
    """A server that logs in by itself has no page for people."""
    issuer = make_issuer(openbao, auth_method="token_file")
    with pytest.raises(ConfigError, match="token_file"):
        issuer.invite(BACK)


def test_what_libraries_log_at_debug_has_no_code_in_it(
    issuer_of: Make, openbao: OpenBao, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """urllib3 logs each request's address; of this one, up to the query."""
    caplog.set_level(logging.DEBUG)
    issuer = issuer_of(openbao)
    invitation = issuer.invite(BACK)
    answer = requests.get(invitation.url.reveal(), timeout=30, allow_redirects=False)
    code = answer_of(answer.headers["Location"])["code"]
    caplog.clear()  # of what this test asked of the provider itself
    issuer.open_server_by(invitation, Secret(code))
    assert "oidc/callback" in caplog.text
    secrets = (code, invitation.state.reveal(), invitation.nonce.reveal())
    assert [one for one in secrets if one in caplog.text] == []


@pytest.mark.parametrize(
    "uri",
    [
        "http://lab.example/qcred/oidc/callback",
        "https://lab.example/qcred/oidc/callback?next=x",
        "https://u@lab.example/qcred/oidc/callback",
        "https://lab.example/",
        "https:///qcred/oidc/callback",
        "ftp://lab.example/qcred/oidc/callback",
    ],
)
def test_an_address_to_come_back_to_is_checked_when_it_is_set(uri: str) -> None:
    """Over the network only by TLS, with nothing that would be carried along, and to our page."""
    with pytest.raises(TraitError, match="redirect_uri"):
        VaultIssuer(address="http://127.0.0.1:8200", redirect_uri=uri)
