"""Google Cloud: an identity token for a federated token, and that for one of a service account.

The result lives for 15 minutes unless the profile's ``ttl`` says otherwise, and cannot be revoked.
Source: cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token and
…/credentials/rest/v1/projects.serviceAccounts/generateAccessToken.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.exchange.bearer import ask_for_token, until
from jupyter_qcred.issue.exchange.exchange import Exchanged, Option, endpoint, is_value
from jupyter_qcred.issue.exchange.line import JSON, Ask, document, form
from jupyter_qcred.issue.exchange.verdict import Verdict, of_answer, senseless

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.issue.exchange.exchange import Inputs, Options
    from jupyter_qcred.issue.exchange.line import Answer, Line

STS: Final = "https://sts.googleapis.com/v1/token"
IAM: Final = (
    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}"
    ":generateAccessToken"
)
PLATFORM: Final = "https://www.googleapis.com/auth/cloud-platform"
_TYPE: Final = "urn:ietf:params:oauth:token-type:"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_LIFE: Final = 900.0
_AUDIENCE: Final = re.compile(r"//iam\.googleapis\.com/[A-Za-z0-9/_.-]{1,500}")
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}@[A-Za-z0-9.-]{1,200}")


class Gcp:
    """An exchange; see ``jupyter_qcred.issue.exchange.exchange.Exchange``."""

    name: Final = "gcp"
    title: Final = "Google Cloud"
    takes: Final = "an identity token"
    options: Final[Mapping[str, Option]] = MappingProxyType(
        {
            "audience": Option(
                "workload identity provider",
                required=True,
                fits=lambda text: _AUDIENCE.fullmatch(text) is not None,
                example="//iam.googleapis.com/projects/1/locations/global/"
                "workloadIdentityPools/jupyter/providers/openbao",
            ),
            "service_account": Option(
                "account to take on",
                required=True,
                fits=lambda text: _ACCOUNT.fullmatch(text) is not None,
                example="quantum@project.iam.gserviceaccount.com",
            ),
            "scope": Option(f"scopes, with spaces between them, else {PLATFORM}", example=PLATFORM),
            "sts_url": endpoint("token endpoint, else the public one"),
            "iam_url": endpoint("generateAccessToken's address, else that of the account"),
        }
    )

    def exchange(self, inputs: Inputs, options: Options, line: Line) -> Exchanged:
        """Return an access token of the service account."""
        return _impersonate(_federate(inputs, options, line), inputs, options, line)


def _federate(inputs: Inputs, options: Options, line: Line) -> Secret:
    fields: dict[str, str | Secret] = {
        "grant_type": _GRANT,
        "audience": options.get("audience"),
        "scope": PLATFORM,
        "requested_token_type": f"{_TYPE}access_token",
        "subject_token": inputs.key("token"),
        "subject_token_type": f"{_TYPE}jwt",
    }
    ask = Ask(options.get("sts_url", STS), form(fields))
    return ask_for_token(ask, line, inputs, lifetime=_LIFE).values["token"]


def _impersonate(federated: Secret, inputs: Inputs, options: Options, line: Line) -> Exchanged:
    url = options.get("iam_url") or IAM.format(account=options.get("service_account"))
    life = options.ttl or _LIFE
    body = document({"scope": options.get("scope", PLATFORM).split(), "lifetime": f"{life:.0f}s"})
    ask = Ask(url, body, JSON, {"Authorization": Secret(f"Bearer {federated.reveal()}")})
    answer = line.post(ask)
    if not answer.ok:
        raise of_answer(answer, ask, line, inputs, _judge(answer))
    read = answer.json()
    if read is None or not is_value(read.get("accessToken")):
        raise senseless("it holds no access token", ask, line)
    ttl = until(_moment(read.get("expireTime")), answer)
    if ttl is None:
        raise senseless("it does not say how long the token lives", ask, line)
    return Exchanged({"token": Secret(read["accessToken"])}, "token", ttl)


def _moment(text: object) -> float | None:
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return moment.timestamp() if moment is not None and moment.tzinfo else None
    return None


def _judge(answer: Answer) -> Verdict | None:
    body = answer.json()
    status = body.section("error").get("status") if body is not None else None
    return _CODES.get(status) if isinstance(status, str) else None


_CODES: Final = {
    "UNAUTHENTICATED": Verdict.KEY,
    "PERMISSION_DENIED": Verdict.RIGHT,
    "INVALID_ARGUMENT": Verdict.SETTING,  # such as a lifetime that the organisation does not allow
    "NOT_FOUND": Verdict.SETTING,
    "RESOURCE_EXHAUSTED": Verdict.RATE,
}

EXCHANGE: Final = Gcp()
