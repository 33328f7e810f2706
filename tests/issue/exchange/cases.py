"""One case for each way of each exchange: what goes in, and what a vendor answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.exchange.run import exchanged
from jupyter_qcred.issue.issuer import IssuedCredential
from jupyter_qcred.issue.profile import ExchangeSource, Profile, Source, SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_qcred.issue.exchange.line import Limits

KEY = "long-lived-key-0123456789-ABCDEFGH"
BEARER = "short-lived-bearer-9876543210-hgfe"
BODY = "words-of-the-vendor-that-nobody-must-see"
NAME = "ibm-quantum"

Answer = tuple[Any, ...]


@dataclass(frozen=True)
class Case:
    """One way of one exchange.

    Attributes:
        exchange: its name.
        fields: what is stored.
        good: the vendor's answers to its requests, in order.
        refusal: the vendor's own way to refuse a key.
        options: of the profile, besides those with an address.
        urls: options that hold an address.
        federated: it takes an identity token.
        values: what the kernel gets.
        ttl: of the good answer, seconds.
        life: what the good answer has instead, where no life is told.
    """

    exchange: str
    fields: dict[str, str]
    good: tuple[Answer, ...]
    refusal: Answer
    options: dict[str, str] = field(default_factory=dict)
    urls: tuple[str, ...] = ("url",)
    federated: bool = False
    values: dict[str, str] = field(default_factory=lambda: {"token": BEARER})
    ttl: float = 3600.0
    json: bool = True

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may see."""
        return (*self.fields.values(), *self.values.values(), BODY)

    def run(self, address: str, limits: Limits | None = None, **options: str) -> IssuedCredential:
        """Do the exchange at an address."""
        urls = {name: f"{address}/{name}" for name in self.urls}
        return self.run_with({**urls, **self.options, **options}, limits)

    def run_with(
        self, options: dict[str, str], limits: Limits | None = None, **profile: Any
    ) -> IssuedCredential:
        """Do the exchange with these options."""
        if self.federated:
            origin = Source(SourceKind.OIDC, "identity/oidc/token/role")
        else:
            origin = Source(SourceKind.KV2, f"qcred/{NAME}", "qcred")
        source = ExchangeSource(
            SourceKind.EXCHANGE, origin.path, exchange=self.exchange, origin=origin,
            options=options, settings={"region": "here"},
        )  # fmt: skip
        read = IssuedCredential(
            {name: Secret(value) for name, value in self.fields.items()},
            {}, next(iter(self.fields)), None, None, renewable=False, revocable=False,
        )  # fmt: skip
        return exchanged(Profile(NAME, NAME, source, **profile), source, read, limits)


def script(*answers: Answer) -> Callable[[str, str, bytes], Answer]:
    """Return what answers one after the other, and the last again and again."""
    left = list(answers)

    def answer(_method: str, _path: str, _body: bytes) -> Answer:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


def token(**more: Any) -> dict[str, Any]:
    return {"access_token": BEARER, "token_type": "Bearer", "expires_in": 3600, **more}


INVALID_GRANT: Answer = (400, {"error": "invalid_grant", "error_description": BODY})

IBM_KEY = Case(
    "ibm-iam",
    {"api_key": KEY},
    ((200, token(refresh_token="not_supported", expiration=1, scope="ibm openid")),),
    (400, {"errorCode": "BXNIM0415E", "errorMessage": BODY, "context": {"requestId": BODY}}),
)
IBM_PROFILE = Case(
    "ibm-iam",
    {"cr_token": KEY},
    ((200, token()),),
    (400, {"errorCode": "BXNIM0999E", "errorMessage": BODY, "error": "invalid_grant"}),
    {"profile_id": "Profile-1"},
)

CASES = {"ibm-iam key": IBM_KEY, "ibm-iam trusted profile": IBM_PROFILE}
