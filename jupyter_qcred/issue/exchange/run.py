"""From a profile and what was read for it to the credential that its kernel gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import ConfigError, IssuerBrokenError
from jupyter_qcred.issue.exchange.exchange import Inputs, Options
from jupyter_qcred.issue.exchange.line import Line
from jupyter_qcred.issue.exchange.registry import exchange_named
from jupyter_qcred.issue.issuer import IssuedCredential
from jupyter_qcred.issue.profile import SourceKind

if TYPE_CHECKING:
    from jupyter_qcred.issue.exchange.exchange import Exchanged
    from jupyter_qcred.issue.exchange.line import Limits
    from jupyter_qcred.issue.profile import ExchangeSource, Profile

_SHORTEST: Final = 8  # characters of an input that are looked for in what came out


def exchanged(
    profile: Profile,
    source: ExchangeSource,
    read: IssuedCredential,
    limits: Limits | None = None,
) -> IssuedCredential:
    """Hand in what was read, once, and return what the vendor gave for it.

    It is never renewable nor revocable: it is issued anew before its end, and dies at its end.

    Raises:
        QcredError: see ``jupyter_qcred.issue.exchange.exchange.Exchange.exchange``.
    """
    exchange = exchange_named(source.exchange)
    inputs = Inputs(
        fields=read.values,
        federated=source.origin.kind is SourceKind.OIDC,
        credential=profile.name,
        public=read.public,
    )
    line = Line(
        exchange.title, profile.name, ca_file=source.options.get("ca_file", ""), limits=limits
    )
    got = exchange.exchange(inputs, Options(source.options, profile.ttl), line)
    _check_nothing_returned(inputs, got, line)
    kept = {name: text for name, text in read.public.items() if name in profile.public}
    return IssuedCredential(
        values=got.values,
        public={**got.public, **kept, **source.settings},
        main=_main(profile, got),
        upstream_lease=None,
        ttl=got.ttl,
        renewable=False,
        revocable=False,
    )


def _check_nothing_returned(inputs: Inputs, got: Exchanged, line: Line) -> None:
    """Refuse an answer that holds what was handed in: the kernel would get it."""
    gave = [*(value.reveal() for value in got.values.values()), *got.public.values()]
    # An id may well be in a token, and is no secret there.
    secrets = [secret for name, secret in inputs.fields.items() if not name.endswith("_id")]
    back = any(_within(secret.reveal(), gave) for secret in secrets)
    del gave  # an error shows the variables of its frames
    if back:
        raise IssuerBrokenError(
            f"{line.title} handed back what was handed in for {line.credential}",
            next_step="Check that the address is that of the exchange",
            credential=line.credential,
        )


def _within(secret: str, texts: list[str]) -> bool:
    return len(secret) >= _SHORTEST and any(secret in text for text in texts)


def _main(profile: Profile, got: Exchanged) -> str:
    if not profile.main:
        return got.main
    if profile.main in got.values:
        return profile.main
    raise ConfigError(
        f"{profile.name} has no secret field `{profile.main}` after its exchange; "
        f"its secret fields: {', '.join(f'`{name}`' for name in sorted(got.values))}",
        next_step="Correct the profile's main, or leave it out",
        credential=profile.name,
    )
