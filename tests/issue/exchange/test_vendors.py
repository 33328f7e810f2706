"""What each vendor is sent, and what its own words mean."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from datetime import UTC, datetime
from email.utils import formatdate
from math import inf, nan
from time import time
from urllib.parse import parse_qsl

import pytest
from support.leaks import assert_shows_nothing_of
from support.loopback import Scripted

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerBrokenError,
    IssuerThrottledError,
    NotEntitledError,
)
from jupyter_qcred.issue.exchange.endpoint import is_endpoint
from jupyter_qcred.issue.exchange.options import COMMON
from jupyter_qcred.issue.exchange.registry import NAMES, exchange_named

from .cases import BEARER, BODY, CASES, KEY, ROLE, XML, Case, script, sts, sts_error, token
from .stubs import Dated

GRANT = "urn:ietf:params:oauth:grant-type:"
TYPE = "urn:ietf:params:oauth:token-type:"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

SENT = {
    "ibm-iam key": {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": KEY},
    "ibm-iam trusted profile": {
        "grant_type": "urn:ibm:params:oauth:grant-type:cr-token",
        "cr_token": KEY,
        "profile_id": "Profile-1",
    },
    "entra secret": {
        "grant_type": "client_credentials",
        "client_id": "app-1",
        "client_secret": KEY,
        "scope": "https://quantum.microsoft.com/.default",
    },
    "entra federated": {
        "grant_type": "client_credentials",
        "client_id": "app-1",
        "client_assertion_type": ASSERTION,
        "client_assertion": KEY,
        "scope": "https://quantum.microsoft.com/.default",
    },
    "client credentials": {"grant_type": "client_credentials"},
    "client credentials in the body": {
        "grant_type": "client_credentials",
        "client_id": "an-ordinary-client",
        "client_secret": KEY,
        "scope": "a b",
    },
    "client assertion": {
        "grant_type": "client_credentials",
        "client_id": "an-ordinary-client",
        "client_assertion_type": ASSERTION,
        "client_assertion": KEY,
    },
    "token exchange": {
        "grant_type": f"{GRANT}token-exchange",
        "audience": "quantum-api",
        "subject_token": KEY,
        "subject_token_type": f"{TYPE}jwt",
    },
    "quantinuum": {},
    "gcp": {
        "grant_type": f"{GRANT}token-exchange",
        "audience": CASES["gcp"].options["audience"],
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "requested_token_type": f"{TYPE}access_token",
        "subject_token": KEY,
        "subject_token_type": f"{TYPE}jwt",
    },
    "aws keys": {
        "Version": "2011-06-15",
        "Action": "AssumeRole",
        "RoleArn": ROLE,
        "RoleSessionName": "jupyter-qcred",
        "DurationSeconds": "900",
    },
    "aws web identity": {
        "Version": "2011-06-15",
        "Action": "AssumeRoleWithWebIdentity",
        "RoleArn": ROLE,
        "RoleSessionName": "jupyter-qcred",
        "DurationSeconds": "900",
        "WebIdentityToken": KEY,
    },
}


def run(case: Case, **options: str) -> tuple[Scripted, dict[str, str]]:
    """Do an exchange; return the vendor and the first form that it got."""
    with Scripted(script(*case.good())) as vendor:
        case.run(vendor.address, **options)
    return vendor, dict(parse_qsl(vendor.requests[0][2].decode()))


@pytest.mark.parametrize("name", CASES)
def test_a_vendor_is_sent_what_its_documentation_asks_for(name):
    """Every field, and no other."""
    assert run(CASES[name])[1] == SENT[name]


@pytest.mark.parametrize("name", NAMES)
def test_where_a_key_is_sent_is_pinned(name):
    """The addresses in the code are https; a profile may give another by its options only."""
    module = sys.modules[type(exchange_named(name)).__module__]
    texts = [value for value in vars(module).values() if isinstance(value, str)]
    addresses = [text.format(tenant="t", account="a") for text in texts if "://" in text]
    for address in addresses:
        assert address.startswith("https://")
    options = exchange_named(name).options
    assert addresses or name == "aws-sts" or options["url"].required
    assert not options.keys() & COMMON.keys()
    assert all(is_endpoint(options[key].example) for key in options if key.endswith("url"))


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("https://iam.example.com/token", True),
        ("https://iam.example.com:8443", True),
        ("http://127.0.0.1:80/x", True),
        ("http://localhost/x", True),
        ("http://[::1]:9/x", True),
        ("http://iam.example.com/token", False),
        ("http://127.0.0.1.example.com/", False),
        ("http://localhost.example.com/", False),
        ("https://127.0.0.1@evil.example/", False),
        ("https://a.example/?key=1", False),
        ("https://a.example/#x", False),
        ("https://a.example\\@evil.example/", False),
        ("https://exämple.com/", False),
        ("https://a.example:x/", False),
        ("https://[::1/", False),
        ("https:///x", False),
        ("ftp://a.example/", False),
        ("//a.example/", False),
        ("https://a.example/a b", False),
        ("", False),
    ],
)
def test_an_address_for_keys_is_https_or_does_not_leave_the_machine(text, good):
    """No credentials in it, nothing that two readers could take for different hosts."""
    assert is_endpoint(text) is good


# ---- what all that speak OAuth share ------------------------------------------------------------


@pytest.mark.parametrize("life", [0, -1, True, "soon", None, nan, inf, 10**12, [3600], "-5"])
def test_a_token_without_an_end_that_makes_sense_is_none(life):
    """It could not be renewed in time, nor be said when it dies."""
    answer = json.dumps(token(expires_in=life)).encode()
    with Scripted(script((200, answer))) as vendor, pytest.raises(IssuerBrokenError) as caught:
        CASES["ibm-iam key"].run(vendor.address)
    assert_shows_nothing_of(caught.value, KEY, BEARER)


@pytest.mark.parametrize("bad", ["a b", "", "a\nb", "\x00", "ü", 5, None, ["x"], "x" * 70_000])
def test_what_is_no_token_is_none(bad):
    """It would not fit into a header, or is no text."""
    with (
        Scripted(script((200, token(access_token=bad)))) as vendor,
        pytest.raises(IssuerBrokenError, match="no access token"),
    ):
        CASES["ibm-iam key"].run(vendor.address)


def test_a_server_that_tells_no_life_needs_one_in_the_profile():
    """It is not taken for a key without an end."""
    case = CASES["client credentials"]
    with Scripted(script((200, {"access_token": BEARER}))) as vendor:
        with pytest.raises(ConfigError, match="lifetime"):
            case.run(vendor.address)
        assert case.run(vendor.address, lifetime="90").ttl == pytest.approx(90, abs=60)


def test_a_refusal_may_come_as_a_success():
    """Some servers answer errors with a 200."""
    with (
        Scripted(script((200, {"error": "invalid_grant", "x": BODY}))) as vendor,
        pytest.raises(NotEntitledError, match="does not accept"),
    ):
        CASES["client credentials"].run(vendor.address)


OAUTH_ERRORS = [
    ("invalid_grant", NotEntitledError, "does not accept"),
    ("invalid_client", NotEntitledError, "does not accept"),
    ("expired_token", NotEntitledError, "not valid at this time"),
    ("unauthorized_client", NotEntitledError, "grants nothing"),
    ("access_denied", NotEntitledError, "grants nothing"),
    ("invalid_scope", ConfigError, "takes a setting"),
    ("invalid_target", ConfigError, "takes a setting"),
    ("unsupported_grant_type", ConfigError, "takes a setting"),
    ("slow_down", IssuerThrottledError, "limits the rate"),
    ("temporarily_unavailable", IssuerBrokenError, "failed"),
]


@pytest.mark.parametrize(("code", "kind", "words"), OAUTH_ERRORS)
def test_each_error_of_oauth_has_its_own_meaning(code, kind, words):
    """RFC 6749, 5.2, and RFC 8693."""
    with (
        Scripted(script((400, {"error": code, "error_description": BODY}))) as vendor,
        pytest.raises(kind, match=words) as caught,
    ):
        CASES["token exchange"].run(vendor.address)
    assert_shows_nothing_of(caught.value, KEY, BODY)


def test_a_client_proves_itself_in_the_header():
    """Each part is encoded as in a form first (RFC 6749, 2.3.1)."""
    case = Case(
        "oauth-client-credentials",
        {"client_id": "a:b", "client_secret": "s+e c/ret-0123"},
        lambda: ((200, token()),), (400, {}),
    )  # fmt: skip
    vendor, _ = run(case)
    scheme, _, encoded = vendor.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded)) == ("Basic", b"a%3Ab:s%2Be+c%2Fret-0123")


def test_a_token_exchange_may_have_a_client():
    """With a secret in the header, without one by name."""
    stored = {"subject_token": KEY, "client_secret": "proof-0123456789"}
    case = Case("oauth-token-exchange", stored, CASES["token exchange"].good, (400, {}))
    vendor, form = run(case, client_id="app")
    assert base64.b64decode(vendor.headers["Authorization"][6:]) == b"app:proof-0123456789"
    assert "client_id" not in form
    assert run(CASES["token exchange"], client_id="app")[1]["client_id"] == "app"


# ---- Entra --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (7000222, NotEntitledError, "not valid at this time"),
        (700024, NotEntitledError, "not valid at this time"),
        (700213, NotEntitledError, "does not accept"),
        (90002, ConfigError, "takes a setting"),
        (1, NotEntitledError, "does not accept"),
    ],
)
def test_entras_own_codes_say_more_than_oauths(code, kind, words):
    """An expired secret, an assertion before its time, no such tenant: one OAuth error."""
    answer = {"error": "invalid_client", "error_codes": [code], "error_description": BODY}
    with Scripted(script((401, answer))) as vendor, pytest.raises(kind, match=words) as caught:
        CASES["entra federated"].run(vendor.address)
    assert_shows_nothing_of(caught.value, KEY, BODY)


# ---- Quantinuum ---------------------------------------------------------------------------------


def test_quantinuum_is_sent_a_cookie():
    """And the vendor's own is taken, whatever else it sets."""
    vendor, _ = run(CASES["quantinuum"])
    assert vendor.headers["Cookie"] == f"myqos_oat={KEY}"
    assert vendor.requests[0][2] == b""


@pytest.mark.parametrize("key", ["a;b=c-0123", "a b-0123456", "line\nbreak-0123", "käse-0123456"])
def test_a_refresh_token_that_would_break_its_header_is_not_sent(key):
    """Nor shown."""
    case = Case("quantinuum", {"refresh_token": key}, CASES["quantinuum"].good, (401, {}))
    with Scripted(script(*case.good())) as vendor:
        with pytest.raises(ConfigError, match="no refresh token has") as caught:
            case.run(vendor.address)
        assert vendor.requests == []
    assert_shows_nothing_of(caught.value, key)


# ---- Google -------------------------------------------------------------------------------------


def test_google_is_asked_for_a_short_life_with_the_federated_token():
    """900 seconds, unless the profile says otherwise."""
    case = CASES["gcp"]
    with Scripted(script(*case.good())) as vendor:
        case.run(vendor.address)
        _, path, body = vendor.requests[1]
        assert json.loads(body) == {
            "scope": ["https://www.googleapis.com/auth/cloud-platform"], "lifetime": "900s",
        }  # fmt: skip
        assert path == "/iam_url"
        assert vendor.headers["Authorization"] == "Bearer a-federated-token-in-between"
    with Scripted(script(*case.good())) as vendor:
        urls = {name: f"{vendor.address}/{name}" for name in case.urls}
        case.run_with({**urls, **case.options}, ttl=1800.0)
        assert json.loads(vendor.requests[1][2])["lifetime"] == "1800s"


@pytest.mark.parametrize(
    ("status", "word", "kind"),
    [
        (403, "PERMISSION_DENIED", NotEntitledError),
        (401, "UNAUTHENTICATED", NotEntitledError),
        (400, "INVALID_ARGUMENT", ConfigError),
        (429, "RESOURCE_EXHAUSTED", IssuerThrottledError),
        (503, "UNAVAILABLE", IssuerBrokenError),
    ],
)
def test_googles_second_step_fails_like_the_first(status, word, kind):
    """The federated token in between is shown as little as what was handed in."""
    case = CASES["gcp"]
    error = {"error": {"code": status, "status": word, "message": BODY}}
    with (
        Scripted(script(case.good()[0], (status, error))) as vendor,
        pytest.raises(kind) as caught,
    ):
        case.run(vendor.address)
    assert_shows_nothing_of(caught.value, KEY, BODY, "a-federated-token-in-between")


@pytest.mark.parametrize("end", ["", "soon", 5, None, "2020-01-01T00:00:00Z", "2099-01-01"])
def test_a_moment_that_makes_no_sense_is_no_end(end):
    """Past, without a zone, or no moment at all."""
    answers = (CASES["gcp"].good()[0], (200, {"accessToken": BEARER, "expireTime": end}))
    with Scripted(script(*answers)) as vendor, pytest.raises(IssuerBrokenError, match="how long"):
        CASES["gcp"].run(vendor.address)


# ---- AWS ----------------------------------------------------------------------------------------


def test_the_end_of_a_session_is_told_by_the_vendors_clock():
    """A machine whose clock is a day late still renews in time."""
    case = CASES["aws web identity"]
    tomorrow = time() + 86400
    end = datetime.fromtimestamp(tomorrow + 900, UTC).isoformat().encode()
    answer = sts("AssumeRoleWithWebIdentity").split(b"<Expiration>")
    body = answer[0] + b"<Expiration>" + end + b"<" + answer[1].partition(b"<")[2]
    with Dated(script((200, body, XML)), formatdate(tomorrow)) as vendor:
        assert case.run(vendor.address).ttl == pytest.approx(900, abs=60)


def signature(got, body: str, secret: str, region: str) -> str:
    """Compute SigV4 from the documentation: what the key's owner signed."""
    names = got["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    headers = {name.lower(): value for name, value in got.items()}
    canonical = "\n".join(
        [
            "POST", "/url", "",
            *(f"{name}:{headers[name]}" for name in names), "",
            ";".join(names),
            hashlib.sha256(body.encode()).hexdigest(),
        ]
    )  # fmt: skip
    moment = headers["x-amz-date"]
    scope = f"{moment[:8]}/{region}/sts/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for text in (moment[:8], region, "sts", "aws4_request"):
        key = hmac.digest(key, text.encode(), "sha256")
    signed = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
    return hmac.digest(key, signed.encode(), "sha256").hex()


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-2"])
def test_a_request_for_a_role_is_signed(region):
    """As the documentation computes it; the key itself does not travel."""
    case = CASES["aws keys"]
    with Scripted(script(*case.good())) as vendor:
        case.run(vendor.address, region=region, external_id="physics-7")
        ((_, path, body),) = vendor.requests
        got = vendor.headers
    expected = signature(got, body.decode(), KEY, region)
    assert got["Authorization"].endswith(f"Signature={expected}")
    assert (
        f"AKIAORDINARYUSER/{got['X-Amz-Date'][:8]}/{region}/sts/aws4_request"
        in (got["Authorization"])
    )
    assert got["X-Amz-Security-Token"] == f"of-the-{KEY}"
    assert dict(parse_qsl(body.decode()))["ExternalId"] == "physics-7"
    assert KEY not in f"{path}{body!r}{got['Authorization']}"


def test_without_botocore_the_extra_is_named(monkeypatch):
    """Identity tokens need no signature, and so no botocore."""
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    with Scripted(script(*CASES["aws keys"].good())) as vendor:
        with pytest.raises(ConfigError, match=r"jupyter_qcred\[aws\]") as caught:
            CASES["aws keys"].run(vendor.address)
        assert vendor.requests == []
        assert CASES["aws web identity"].run(vendor.address).main == "secret_key"
    assert_shows_nothing_of(caught.value, KEY)


@pytest.mark.parametrize(("ttl", "asked"), [(900.0, "900"), (43200.0, "43200"), (3600.5, "3600")])
def test_aws_is_asked_for_the_profiles_ttl(ttl, asked):
    """Within what AWS gives."""
    case = CASES["aws web identity"]
    with Scripted(script(*case.good())) as vendor:
        case.run_with({"url": vendor.address, **case.options}, ttl=ttl)
        assert f"DurationSeconds={asked}&" in vendor.requests[0][2].decode()


@pytest.mark.parametrize("ttl", [60.0, 899.0, 43201.0])
def test_a_life_that_aws_does_not_give_is_a_setting(ttl):
    """Said before anything is sent."""
    with pytest.raises(ConfigError, match="15 minutes to 12 hours"):
        CASES["aws keys"].run_with({"url": "http://127.0.0.1:9", "role_arn": ROLE}, ttl=ttl)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "SignatureDoesNotMatch", NotEntitledError),
        (403, "AccessDenied", NotEntitledError),
        (400, "ExpiredTokenException", NotEntitledError),
        (400, "IDPCommunicationError", IssuerBrokenError),
        (400, "Throttling", IssuerThrottledError),
        (400, "ValidationError", ConfigError),
        (403, "RegionDisabledException", ConfigError),
    ],
)
def test_each_code_of_aws_has_its_own_meaning(status, code, kind):
    """One status means several things."""
    with (
        Scripted(script((status, sts_error(code), XML))) as vendor,
        pytest.raises(kind) as caught,
    ):
        CASES["aws web identity"].run(vendor.address)
    assert_shows_nothing_of(caught.value, KEY, BODY)


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + sts("AssumeRole"),
        sts("AssumeRole").replace(b"<SessionToken>", b"<X>").replace(b"</SessionToken>", b"</X>"),
        sts("AssumeRole")[:-20],
        sts("AssumeRole", ends_in=-5),
        b"<a>" * 5_000,
    ],
    ids=["entities", "no session token", "cut", "past", "deep"],
)
def test_a_document_that_is_not_awss_is_no_session(body):
    """Nothing of it is shown."""
    case = CASES["aws web identity"]
    with Scripted(script((200, body, XML))) as vendor, pytest.raises(IssuerBrokenError) as caught:
        case.run(vendor.address)
    assert_shows_nothing_of(caught.value, *case.secrets)


def test_botocore_writes_nothing_of_a_request_to_the_log(caplog):
    """It logs what it signs at DEBUG, the session token included."""
    case = CASES["aws keys"]
    with Scripted(script(*case.good())) as vendor, caplog.at_level(0):
        case.run(vendor.address)
    assert f"of-the-{KEY}" not in caplog.text
    assert "CanonicalRequest" not in caplog.text
