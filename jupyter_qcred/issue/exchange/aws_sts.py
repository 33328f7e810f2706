"""AWS STS: the keys of a user, or an identity token, for the session of a role.

A session lives for 15 minutes unless the profile's ``ttl`` says otherwise (12 hours at most, and no
longer than the role allows), and cannot be revoked by itself.
Source: docs.aws.amazon.com/STS/latest/APIReference, AssumeRole and AssumeRoleWithWebIdentity.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from xml.etree import ElementTree as ET

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.exchange.bearer import until
from jupyter_qcred.issue.exchange.exchange import Exchanged, Option, endpoint, is_value
from jupyter_qcred.issue.exchange.line import FORM, Ask, form
from jupyter_qcred.issue.exchange.verdict import Verdict, of_answer, senseless

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.issue.exchange.exchange import Inputs, Options
    from jupyter_qcred.issue.exchange.line import Answer, Line

_LIFE: Final = 900.0
_SHORTEST, _LONGEST = 900.0, 43200.0
_XML: Final = frozenset({"text/xml", "application/xml"})
_ROLE: Final = re.compile(r"arn:[a-z0-9-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}")
_SESSION: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}")
_REGION: Final = re.compile(r"[a-z]{2}(?:-[a-z0-9]{1,16}){1,4}")
_ACCEPT: Final = {"Accept": "text/xml"}
_FIELDS: Final = {
    "access_key": "AccessKeyId",
    "secret_key": "SecretAccessKey",
    "session_token": "SessionToken",
}
_CODES: Final = {
    "InvalidClientTokenId": Verdict.KEY,
    "SignatureDoesNotMatch": Verdict.KEY,
    "IncompleteSignature": Verdict.KEY,
    "InvalidIdentityToken": Verdict.KEY,
    "InvalidIdentityTokenException": Verdict.KEY,
    "IDPRejectedClaim": Verdict.KEY,
    "ExpiredToken": Verdict.OVER,
    "ExpiredTokenException": Verdict.OVER,
    "RequestExpired": Verdict.OVER,
    "AccessDenied": Verdict.RIGHT,
    "AccessDeniedException": Verdict.RIGHT,
    "RegionDisabledException": Verdict.SETTING,
    "ValidationError": Verdict.SETTING,
    "MalformedPolicyDocument": Verdict.SETTING,
    "PackedPolicyTooLarge": Verdict.SETTING,
    "IDPCommunicationError": Verdict.FAILURE,
    "ServiceUnavailable": Verdict.FAILURE,
    "InternalFailure": Verdict.FAILURE,
    "Throttling": Verdict.RATE,
    "ThrottlingException": Verdict.RATE,
}


class AwsSts:
    """An exchange; see ``jupyter_qcred.issue.exchange.exchange.Exchange``."""

    name: Final = "aws-sts"
    title: Final = "AWS STS"
    takes: Final = "`access_key` and `secret_key`, with `session_token` if any; or identity token"
    options: Final[Mapping[str, Option]] = MappingProxyType(
        {
            "role_arn": Option(
                "role to take on",
                required=True,
                fits=lambda text: _ROLE.fullmatch(text) is not None,
                example="arn:aws:iam::123456789012:role/quantum",
            ),
            "session_name": Option(
                "name of the session in AWS's own logs, else jupyter-qcred",
                fits=lambda text: _SESSION.fullmatch(text) is not None,
                example="jupyter-physics",
            ),
            "region": Option(
                "whose STS is asked, else us-east-1",
                fits=lambda text: _REGION.fullmatch(text) is not None,
                example="eu-west-2",
            ),
            "external_id": Option("what the role's trust asks for", example="physics-7"),
            "session_policy": Option(
                "policy document that narrows the role",
                example='{"Version": "2012-10-17", "Statement": []}',
            ),
            "url": endpoint("address of STS, else that of the region"),
        }
    )

    def exchange(self, inputs: Inputs, options: Options, line: Line) -> Exchanged:
        """Return the keys of a role's session."""
        fields = _fields(options, line)
        build = _web_identity if inputs.federated else _signed
        ask = build(fields, inputs, options)
        answer = line.post(ask)
        root = _document(answer)
        if not answer.ok:
            raise of_answer(answer, ask, line, inputs, _CODES.get(_text(root, "Error", "Code")))
        values = {name: Secret(_text(root, "Credentials", tag)) for name, tag in _FIELDS.items()}
        if not all(is_value(value.reveal()) for value in values.values()):
            raise senseless("it holds no session", ask, line)
        ttl = until(_moment(_text(root, "Credentials", "Expiration")), answer)
        if ttl is None:
            raise senseless("it does not say how long the session lives", ask, line)
        return Exchanged(values, "secret_key", ttl)


def _fields(options: Options, line: Line) -> dict[str, str | Secret]:
    life = options.ttl or _LIFE
    if not _SHORTEST <= life <= _LONGEST:
        raise ConfigError(
            f"AWS gives sessions of 15 minutes to 12 hours, and {line.credential} asks for another",
            next_step="Correct the profile's ttl",
            credential=line.credential,
        )
    return {
        "Version": "2011-06-15",
        "RoleArn": options.get("role_arn"),
        "RoleSessionName": options.get("session_name", "jupyter-qcred"),
        "DurationSeconds": f"{life:.0f}",
        "Policy": options.get("session_policy"),
    }


def _url(options: Options) -> str:
    region = options.get("region", "us-east-1")
    end = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return options.get("url") or f"https://sts.{region}.{end}/"


def _web_identity(fields: dict[str, str | Secret], inputs: Inputs, options: Options) -> Ask:
    more: dict[str, str | Secret] = {
        "Action": "AssumeRoleWithWebIdentity",
        "WebIdentityToken": inputs.key("token"),
    }
    return Ask(_url(options), form({**fields, **more}), headers=_ACCEPT)


def _signed(fields: dict[str, str | Secret], inputs: Inputs, options: Options) -> Ask:
    """Return a request with botocore's signature (SigV4)."""
    body = form({**fields, "Action": "AssumeRole", "ExternalId": options.get("external_id")})
    url, region = _url(options), options.get("region", "us-east-1")
    return Ask(url, body, headers={**_ACCEPT, **_signature(body, url, region, inputs)})


def _signature(body: Secret, url: str, region: str, inputs: Inputs) -> dict[str, Secret]:
    access = inputs.need("access_key", "access_key_id", "aws_access_key_id")
    secret = inputs.need("secret_key", "secret_access_key", "aws_secret_access_key")
    token = inputs.find("session_token", "security_token", "aws_session_token")
    botocore = _botocore(inputs.credential)
    request = botocore.request("POST", url, data=body.reveal(), headers={"Content-Type": FORM})
    keys = botocore.keys(access.reveal(), secret.reveal(), token.reveal() if token else None)
    botocore.signer(keys, "sts", region).add_auth(request)
    return {
        name: Secret(str(value))
        for name, value in request.headers.items()
        if name.lower() in {"authorization", "x-amz-date", "x-amz-security-token"}
    }


class _Botocore(NamedTuple):
    signer: Any
    request: Any
    keys: Any


def _botocore(credential: str) -> _Botocore:
    with suppress(ImportError):
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        logging.getLogger("botocore.auth").addFilter(_no_details)
        return _Botocore(SigV4Auth, AWSRequest, Credentials)
    raise ConfigError(
        f"signing a request to AWS for {credential} needs botocore, which is not installed",
        next_step="Install jupyter_qcred[aws] where the Jupyter server runs",
        credential=credential,
    )


def _no_details(record: logging.LogRecord) -> bool:
    """Keep what botocore signs, session tokens included, out of the log."""
    return record.levelno > logging.DEBUG


def _document(answer: Answer) -> ET.Element | None:
    """Return the XML document; None where it is none."""
    text = answer.content.reveal()
    if answer.kind not in _XML or "<!" in text:  # no entities: AWS sends none
        return None
    with suppress(ET.ParseError, ValueError, RecursionError):
        return ET.fromstring(text)  # noqa: S314 - bounded in size, and without a DTD
    return None


def _text(root: ET.Element | None, parent: str, tag: str) -> str:
    found = None if root is None else root.findtext(f".//{{*}}{parent}/{{*}}{tag}")
    return (found or "").strip()


def _moment(text: str) -> float | None:
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text)
        return moment.timestamp() if moment.tzinfo else None
    return None


EXCHANGE: Final = AwsSts()
