"""A profile: a credential that an administrator named, and where its value comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
NAME_FORM: Final = "lower-case letters, digits and hyphens, at most 64, not a hyphen first"


def is_name(text: object) -> bool:
    """Whether this can be the name of a profile or vendor: safe in paths, URLs, logs and argv."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


class SourceKind(StrEnum):
    """How the issuer turns a path into a credential."""

    KV1 = "kv1"
    KV2 = "kv2"
    DYNAMIC = "dynamic"
    """Any path whose read or write answers with a lease (databases, clouds, RabbitMQ …)."""
    OIDC = "oidc"
    """``identity/oidc/token/<role>``: a signed JWT for workload identity federation."""
    EXCHANGE = "exchange"
    """A vendor takes the value of another source for a short-lived one: ``ExchangeSource``."""


class DeliverWhen(StrEnum):
    """When a kernel gets the credential."""

    START = "start"
    USE = "use"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a credential is read.

    Attributes:
        kind: how to read it.
        path: full API path without ``/v1/``. For KV v2 the logical path, without ``data/``:
            ``secret/team/ibm`` with ``mount="secret"`` reads ``secret/data/team/ibm``.
        mount: mount point of a KV engine, may hold slashes; empty for the other kinds.
        parameters: body of the write that asks a dynamic source (for example an AWS role's TTL);
            empty means a plain read.
    """

    kind: SourceKind
    path: str
    mount: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def below_mount(self) -> str:
        """The path inside its mount: ``team/ibm`` of ``secret/team/ibm``."""
        return self.path.removeprefix(f"{self.mount}/") if self.mount else self.path


@dataclass(frozen=True, slots=True)
class ExchangeSource(Source):
    """A source whose value stays in the server, which hands it in at a vendor for another.

    ``path``, ``mount`` and ``parameters`` are those of ``origin``.

    Attributes:
        exchange: name of the exchange, such as ``ibm-iam`` (``jupyter_qcred.issue.exchange``).
        origin: where the long-lived key, or the identity token, is read.
        options: what the exchange has to know besides, checked when the profile was read.
        settings: public fields that go to the kernel with the result, such as a region.
    """

    exchange: str = ""
    origin: Source = field(kw_only=True)
    options: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """One named credential.

    Attributes:
        name: what users write: ``qcred.get(name)``.
        vendor: which quantum cloud, for adapters and redaction labels.
        source: where the value comes from.
        main: field that is the credential itself; empty means: the only one, else ``value``,
            ``token``, ``api_key`` or ``password``, the first that is there.
        public: names of fields which are no secrets (region, username) and are never redacted.
        ttl: longest life in seconds we ask for; None leaves it to the source.
        deliver: with the kernel's start, or at first use.
        labels: environment, project, cost centre: for audit and display.
        settings: public fields that the kernel gets whatever is stored, such as an address.
        builtin: comes with the package, nobody configured it.
    """

    name: str
    vendor: str
    source: Source
    main: str = ""
    public: frozenset[str] = frozenset()
    ttl: float | None = None
    deliver: DeliverWhen = DeliverWhen.START
    labels: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    builtin: bool = False
