"""One case for one way of an exchange: what goes in, and what its vendor answers."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.exchange.registry import exchange_named
from jupyter_qcred.issue.exchange.run import exchanged
from jupyter_qcred.issue.issuer import IssuedCredential
from jupyter_qcred.issue.profile import ExchangeSource, Profile, Source, SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_qcred.issue.exchange.line import Limits

CREDENTIAL: Final = "ibm-quantum"
"""The name of the profile in every case."""

BODY: Final = "words-of-the-vendor-that-nobody-must-see"
"""Stands in refusals: nothing that a vendor says may be in an error."""

Answer = tuple[Any, ...]
"""Status, body (bytes, or what becomes JSON), and optionally headers that replace ours."""


@dataclass(frozen=True)
class ExchangeCase:
    """One way of one exchange.

    Attributes:
        exchange: its name, as a profile says it.
        fields: what is stored, by name. Each is at least eight characters long, unless its name
            ends in ``_id``.
        good: makes the vendor's answers to its requests, in order.
        refusal: the vendor's own way to refuse a key, with ``BODY`` among its words.
        options: of the profile, besides those with an address.
        urls: options that hold an address: all that it asks.
        federated: it takes an identity token.
        values: what the kernel gets, by name.
        ttl: of the good answer, seconds.
        ends: in its place, where the answer names a moment: seconds since 1970.
        public: fields besides, which are no secrets.
    """

    exchange: str
    fields: dict[str, str]
    good: Callable[[], tuple[Answer, ...]]
    refusal: Answer
    options: dict[str, str] = field(default_factory=dict)
    urls: tuple[str, ...] = ("url",)
    federated: bool = False
    values: dict[str, str] = field(default_factory=dict)
    ttl: float = 3600.0
    ends: float | None = None
    public: frozenset[str] = frozenset({"token_type"})

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may see."""
        return (*self.fields.values(), *self.values.values(), BODY)

    @property
    def package(self) -> Path:
        """Where its code is, whose variables nobody may see in an error."""
        module = sys.modules[type(exchange_named(self.exchange)).__module__]
        return Path(str(module.__file__)).parent

    def run(self, address: str, limits: Limits | None = None, **options: str) -> IssuedCredential:
        """Do the exchange at an address.

        Raises:
            QcredError: as the exchange does.
        """
        urls = {name: f"{address}/{name}" for name in self.urls}
        return self.run_with({**urls, **self.options, **options}, limits)

    def run_with(
        self, options: dict[str, str], limits: Limits | None = None, **profile: Any
    ) -> IssuedCredential:
        """Do the exchange with these options, and what else the profile says.

        Raises:
            QcredError: as the exchange does.
        """
        if self.federated:
            origin = Source(SourceKind.OIDC, "identity/oidc/token/role")
        else:
            origin = Source(SourceKind.KV2, f"qcred/{CREDENTIAL}", "qcred")
        source = ExchangeSource(
            SourceKind.EXCHANGE,
            origin.path,
            exchange=self.exchange,
            origin=origin,
            options=options,
            settings={"region": "here"},
        )
        read = IssuedCredential(
            values={name: Secret(value) for name, value in self.fields.items()},
            public={},
            main=next(iter(self.fields)),
            upstream_lease=None,
            ttl=None,
            renewable=False,
            revocable=False,
        )
        made = Profile(CREDENTIAL, CREDENTIAL, source, **profile)
        return exchanged(made, source, read, limits)


def script(*answers: Answer) -> Callable[[str, str, bytes], Answer]:
    """Return what answers one after the other, and the last again and again."""
    left = list(answers)

    def answer(_method: str, _path: str, _body: bytes) -> Answer:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer
