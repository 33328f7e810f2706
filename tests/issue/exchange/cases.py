"""One case for each way of each exchange: what goes in, and what a vendor answers."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import time
from typing import Any

from jupyter_qcred.testing.case import (
    BODY,
    CREDENTIAL,
    Answer,
    ExchangeCase,
    script,  # noqa: F401 - tests take it from here, with the cases
)

KEY = "long-lived-key-0123456789-ABCDEFGH"
BEARER = "short-lived-bearer-9876543210-hgfe"
NAME = CREDENTIAL


@dataclass(frozen=True)
class Case(ExchangeCase):
    """One whose kernel gets a bearer, where nothing else is said."""

    values: dict[str, str] = field(default_factory=lambda: {"token": BEARER})


def token(**more: Any) -> dict[str, Any]:
    return {"access_token": BEARER, "token_type": "Bearer", "expires_in": 3600, **more}


INVALID_GRANT: Answer = (400, {"error": "invalid_grant", "error_description": BODY})

IBM_KEY = Case(
    "ibm-iam",
    {"api_key": KEY},
    lambda: ((200, token(refresh_token="not_supported", expiration=1, scope="ibm openid")),),
    (400, {"errorCode": "BXNIM0415E", "errorMessage": BODY, "context": {"requestId": BODY}}),
)
IBM_PROFILE = Case(
    "ibm-iam",
    {"cr_token": KEY},
    lambda: ((200, token()),),
    (400, {"errorCode": "BXNIM0999E", "errorMessage": BODY, "error": "invalid_grant"}),
    {"profile_id": "Profile-1"},
)

ENTRA = {"tenant_id": "contoso.example", "client_id": "app-1"}
ENTRA_SECRET = Case(
    "entra",
    {"client_secret": KEY},
    lambda: ((200, token(ext_expires_in=3600)),),
    (401, {"error": "invalid_client", "error_description": BODY, "error_codes": [7000215]}),
    ENTRA,
)
ENTRA_FEDERATED = Case(
    "entra",
    {"token": KEY},
    lambda: ((200, token(expires_in="3599")),),
    (401, {"error": "invalid_client", "error_description": BODY, "error_codes": [700213]}),
    ENTRA,
    federated=True,
    ttl=3599.0,
)

CLIENT = Case(
    "oauth-client-credentials",
    {"client_id": "an-ordinary-client", "client_secret": KEY},
    lambda: ((200, token()),),
    (401, {"error": "invalid_client", "error_description": BODY}),
)
CLIENT_POST = Case(
    "oauth-client-credentials",
    {"client_secret": KEY},
    lambda: ((200, token(refresh_token="a-refresh-token-that-is-dropped")),),
    INVALID_GRANT,
    {"client_id": "an-ordinary-client", "client_auth": "post", "scope": "a b"},
)
CLIENT_FEDERATED = Case(
    "oauth-client-credentials",
    {"token": KEY},
    lambda: ((200, {"access_token": BEARER, "token_type": "Bearer"}),),
    INVALID_GRANT,
    {"client_id": "an-ordinary-client", "lifetime": "5m"},
    federated=True,
    ttl=300.0,
)
TOKEN_EXCHANGE = Case(
    "oauth-token-exchange",
    {"token": KEY},
    lambda: ((200, token(issued_token_type="urn:ietf:params:oauth:token-type:access_token")),),
    INVALID_GRANT,
    {"audience": "quantum-api"},
    federated=True,
)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def jwt(**claims: Any) -> str:
    """Return a JWT with these claims, signed by nobody."""
    return f"{part({'alg': 'RS256'})}.{part(claims)}.signature-of-{KEY}"


END = time() + 86400
NEXUS_TOKEN = f"{part({'alg': 'RS256'})}.{part({'exp': END})}.{BEARER}"


QUANTINUUM = Case(
    "quantinuum",
    {"refresh_token": KEY},
    lambda: ((200, b"", {"Set-Cookie": f"myqos_id={NEXUS_TOKEN}; Path=/; HttpOnly; Secure"}),),
    (401, {"detail": BODY}),
    values={"token": NEXUS_TOKEN},
    ends=END,
)


def rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(time() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


GCP = Case(
    "gcp",
    {"token": KEY},
    lambda: (
        (200, token(access_token="a-federated-token-in-between")),
        (200, {"accessToken": BEARER, "expireTime": rfc3339(900)}),
    ),
    (400, {"error": "invalid_grant", "error_description": BODY}),
    {
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p",
        "service_account": "quantum@project.iam.gserviceaccount.com",
    },
    ("sts_url", "iam_url"),
    federated=True,
    ttl=900.0,
)

XML = {"Content-Type": "text/xml"}
ROLE = "arn:aws:iam::123456789012:role/quantum"


def sts(action: str, ends_in: float = 900) -> bytes:
    return f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <{action}Result>
    <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/quantum/x</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>{BEARER}</AccessKeyId>
      <SecretAccessKey>secret-part-{BEARER}</SecretAccessKey>
      <SessionToken>session-part-{BEARER}</SessionToken>
      <Expiration>{rfc3339(ends_in)}</Expiration>
    </Credentials>
  </{action}Result>
  <ResponseMetadata><RequestId>c6104cbe</RequestId></ResponseMetadata>
</{action}Response>""".encode()


def sts_error(code: str) -> bytes:
    return f"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error><Type>Sender</Type><Code>{code}</Code><Message>{BODY}</Message></Error>
</ErrorResponse>""".encode()


SESSION = {
    "access_key": BEARER,
    "secret_key": f"secret-part-{BEARER}",
    "session_token": f"session-part-{BEARER}",
}
AWS_KEYS = Case(
    "aws-sts",
    {"secret_key": KEY, "access_key": "AKIAORDINARYUSER", "session_token": "of-the-" + KEY},
    lambda: ((200, sts("AssumeRole"), XML),),
    (403, sts_error("InvalidClientTokenId"), XML),
    {"role_arn": ROLE},
    values=SESSION,
    ttl=900.0,
)
AWS_FEDERATED = Case(
    "aws-sts",
    {"token": KEY},
    lambda: ((200, sts("AssumeRoleWithWebIdentity"), XML),),
    (400, sts_error("InvalidIdentityToken"), XML),
    {"role_arn": ROLE},
    federated=True,
    values=SESSION,
    ttl=900.0,
)

CASES = {
    "ibm-iam key": IBM_KEY,
    "ibm-iam trusted profile": IBM_PROFILE,
    "entra secret": ENTRA_SECRET,
    "entra federated": ENTRA_FEDERATED,
    "client credentials": CLIENT,
    "client credentials in the body": CLIENT_POST,
    "client assertion": CLIENT_FEDERATED,
    "token exchange": TOKEN_EXCHANGE,
    "quantinuum": QUANTINUUM,
    "gcp": GCP,
    "aws keys": AWS_KEYS,
    "aws web identity": AWS_FEDERATED,
}
