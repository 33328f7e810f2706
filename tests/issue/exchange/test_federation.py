"""No stored key at all: a real OpenBao signs who asks, and a vendor verifies that by its JWKS."""

from __future__ import annotations

import json
from email.utils import formatdate
from time import time
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest
import requests
from support.leaks import assert_shows_nothing_of
from support.loopback import Scripted

from jupyter_qcred.core.errors import NotEntitledError
from jupyter_qcred.issue.issuer import SessionRequest
from jupyter_qcred.issue.profile_file import profiles_from_mapping
from jupyter_qcred.issue.vault import roles
from jupyter_qcred.issue.vault.issuer import VaultIssuer

from .cases import BEARER, CASES, XML, sts_error
from .stubs import Dated

HOST = "https://bao.example.com"
ISSUER = f"{HOST}/v1/identity/oidc"
WAYS = ["entra federated", "client assertion", "token exchange", "gcp", "aws web identity"]
PROOFS = ("client_assertion", "subject_token", "WebIdentityToken")


@pytest.fixture(scope="module")
def signing(openbao):
    """An OpenBao that signs identity tokens, and a session whose user has an entity."""
    root = openbao.root
    root.write_data("identity/oidc/config", data={"issuer": HOST})
    root.write_data("identity/oidc/key/cloud", data={"allowed_client_ids": ["*"]})
    role = {"key": "cloud", "ttl": "5m", "client_id": "quantum-vendor"}
    root.write_data("identity/oidc/role/cloud", data=role)
    openbao.policy("cloud", 'path "identity/oidc/token/cloud" { capabilities = ["read"] }')
    openbao.install_qcred(kernel_policies=["qcred-kernel", "cloud"])
    allowed = {**roles.server_role(600), "allowed_entity_aliases": ["jupyter-*"]}
    root.write_data("auth/token/roles/qcred-server", data=allowed)
    issuer = VaultIssuer(
        address=openbao.address, auth_method="token", token=openbao.login_token(),
        entity_alias="jupyter-alice",
    )  # fmt: skip
    session = issuer.open_session(issuer.open_server(), SessionRequest("i", "alice", "s", "k"))
    yield openbao, issuer, session
    issuer.close()


class Vendor:
    """Verifies identity tokens as a vendor does: by the keys that the issuer publishes.

    Attributes:
        claims: of the tokens that were accepted.
        seen: every token that was handed in.
    """

    def __init__(self, openbao: Any, way: str, audience: str = "quantum-vendor") -> None:
        self._keys = f"{openbao.address}/v1/identity/oidc/.well-known/keys"
        self._case, self._audience = CASES[way], audience
        self._good = list(self._case.good())
        self.claims: list[dict[str, Any]] = []
        self.seen: list[str] = []
        self.ahead = 0.0

    def __call__(self, _method: str, path: str, body: bytes) -> tuple[Any, ...]:
        if path == "/iam_url":
            return self._good[1]
        form = dict(parse_qsl(body.decode()))
        (proof,) = (form[name] for name in PROOFS if name in form)
        self.seen.append(proof)
        try:
            self.claims.append(self._verified(proof))
        except jwt.InvalidTokenError:
            if "WebIdentityToken" in form:
                return 400, sts_error("InvalidIdentityToken"), XML
            return 400, {"error": "invalid_grant"}
        return self._good[0]

    def _verified(self, proof: str) -> dict[str, Any]:
        published = requests.get(self._keys, timeout=10).json()["keys"]
        wanted = jwt.get_unverified_header(proof)["kid"]
        (key,) = (jwt.PyJWK(key) for key in published if key["kid"] == wanted)
        claims = jwt.decode(
            proof, key, algorithms=["RS256"], audience=self._audience, issuer=ISSUER,
            leeway=-self.ahead, options={"verify_iat": False, "verify_nbf": False},
        )  # fmt: skip
        return dict(claims)


def profile(way: str, address: str):
    case = CASES[way]
    options = {**case.options, **{name: f"{address}/{name}" for name in case.urls}}
    source = {
        "kind": "exchange", "exchange": case.exchange, "from": "oidc:identity/oidc/token/cloud",
        "options": options,
    }  # fmt: skip
    return profiles_from_mapping({"cloud": {"vendor": "my-cloud", "source": source}}, "t")["cloud"]


@pytest.mark.parametrize("way", WAYS)
def test_an_identity_token_of_openbao_is_taken_for_a_credential(signing, way, caplog):
    """Its signature holds at the vendor; what comes back is the vendor's, and not the token."""
    openbao, issuer, session = signing
    vendor = Vendor(openbao, way)
    with Scripted(vendor) as server, caplog.at_level(0):
        credential = issuer.issue(session, profile(way, server.address))
    (claims,), (proof,) = vendor.claims, vendor.seen
    assert claims["aud"] == "quantum-vendor"
    assert claims["sub"]
    assert claims["exp"] - claims["iat"] == 300
    revealed = {name: value.reveal() for name, value in credential.values.items()}
    assert revealed == CASES[way].values
    assert (credential.renewable, credential.revocable) == (False, False)
    assert credential.ttl
    assert proof not in caplog.text + repr(credential) + json.dumps(dict(credential.public))


@pytest.mark.parametrize("way", WAYS)
def test_each_issue_has_an_identity_token_of_its_own(signing, way):
    """None is kept for the next one."""
    openbao, issuer, session = signing
    vendor = Vendor(openbao, way)
    with Scripted(vendor) as server:
        for _ in range(2):
            issuer.issue(session, profile(way, server.address))
    assert len(vendor.seen) == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_vendor_that_trusts_another_audience_refuses(signing, way):
    """The next step is about the trust, not about a stored key."""
    openbao, issuer, session = signing
    vendor = Vendor(openbao, way, audience="somebody-else")
    with Scripted(vendor) as server, pytest.raises(NotEntitledError) as caught:
        issuer.issue(session, profile(way, server.address))
    assert vendor.claims == []
    assert "issuer, the subject and the audience" in caught.value.next_step
    assert_shows_nothing_of(caught.value, vendor.seen[0], BEARER)


@pytest.mark.parametrize("way", WAYS)
def test_an_assertion_that_has_expired_by_the_vendors_clock_names_the_clock(signing, way):
    """Ten minutes ahead: to the vendor the token is dead, and the reason is told."""
    openbao, issuer, session = signing
    vendor = Vendor(openbao, way)
    vendor.ahead = 600.0
    date = formatdate(time() + vendor.ahead)
    with Dated(vendor, date) as server, pytest.raises(NotEntitledError) as caught:
        issuer.issue(session, profile(way, server.address))
    assert "s behind the vendor's" in caught.value.next_step
    assert_shows_nothing_of(caught.value, vendor.seen[0], BEARER)


def test_the_stub_itself_refuses_a_forged_token(signing):
    """A vendor that took anything would prove nothing: a signature that was touched is refused."""
    openbao, issuer, session = signing
    vendor = Vendor(openbao, "token exchange")
    with Scripted(vendor) as server:
        issuer.issue(session, profile("token exchange", server.address))
    head, claims, signature = vendor.seen[0].split(".")
    forged = f"{head}.{claims}.{signature[:16][::-1]}{signature[16:]}"
    with pytest.raises(jwt.InvalidSignatureError):
        vendor._verified(forged)
