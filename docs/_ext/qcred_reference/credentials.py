"""The facts of each vendor's page: how its credential is kept, used and ended.

Written as text that the page includes: round it stand words that no code knows.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import yaml

from jupyter_qcred.core.static_key import STATIC_KEY_MEANS
from jupyter_qcred.issue.builtin import VENDORS
from jupyter_qcred.issue.care import CARE
from jupyter_qcred.issue.exchange.registry import exchange_named
from jupyter_qcred.kernel.adapters.registry import BUILTIN
from jupyter_qcred.kernel.adapters.variables import VARIABLES
from qcred_reference import markdown
from qcred_reference.markdown import code, literal, prose, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_qcred.issue.builtin import Vendor
    from jupyter_qcred.issue.care import Care

STATIC: Final = f"static key: {STATIC_KEY_MEANS}"
"""What is said of it wherever a lease of it is shown."""

_UNSUPPORTED: Final = "the outcome in the audit is `unsupported`"


def overview() -> str:
    """Return the table of all vendors."""
    rows = [
        (
            f"[{vendor.title}]({vendor.name}.md)",
            literal(vendor.name),
            _shortest(CARE[vendor.name]),
            literal(f'qcred.client("{vendor.name}")') if _adapters(vendor.name) else "",
        )
        for vendor in VENDORS.values()
    ]
    return table(("vendor", "name", "what a kernel can be given", "client"), rows) + "\n"


def facts(vendor: Vendor) -> str:
    """Return what the code knows of one vendor's credential."""
    care = CARE[vendor.name]
    parts = [
        markdown.NOTE.strip(),
        *_stored(vendor, care),
        *(_exchanged(vendor, care) if care.exchange else ()),
        f"## How long it lives\n\n{care.life}",
        f"## When a kernel ends\n\n{_end(care)}",
        f"*To end it at the vendor:* {care.ends}",
        "## In a notebook",
        *_used(vendor),
    ]
    return "\n\n".join(parts) + "\n"


def _shortest(care: Care) -> str:
    if not care.exchange:
        return "a static key"
    without = ", without a stored key" if care.federated else ""
    return f"a short-lived one, by the exchange `{care.exchange}`{without}"


def _stored(vendor: Vendor, care: Care) -> Iterator[str]:
    yield "## Store it"
    if care.keyless:
        yield "Nothing has to be stored: see below. To try it with an access token of your own:"
    fields = "".join(f" --field {name}" for name in (*care.stored, *care.beside))
    yield code(f"jupyter qcred put {vendor.name}{fields}", "console")
    yield "Or write the same fields to the KV engine that a profile names:"
    yield _yaml({vendor.name: {"source": f"kv2:secret/team/{vendor.name}"}})
    public = ", ".join(map(literal, sorted(vendor.public)))
    yield f"Fields that are settings and no secrets: {public}."
    if care.engine:
        yield f"Or let Vault issue it, or OpenBao with the plugin. Engine {care.engine}."


def _exchanged(vendor: Vendor, care: Care) -> Iterator[str]:
    exchange = exchange_named(care.exchange)
    yield "## Give kernels something shorter"
    yield (
        f"The exchange `{care.exchange}` takes {exchange.takes}. The server hands it in at "
        f"{exchange.title}; the kernel sees what comes back, and nothing else."
    )
    options = {name: one.example for name, one in exchange.options.items() if one.required}
    origin = "oidc" if care.keyless else "kv2"
    yield _yaml(_exchange_profile(vendor, care, origin, options))
    if care.federated and origin == "kv2":
        yield (
            "Better still, with no stored key at all: the issuer signs who asks, and the vendor "
            "trusts that signature."
        )
        besides = [name for name in care.beside if name in exchange.options]
        options = {name: exchange.options[name].example for name in besides} | options
        yield _yaml(_exchange_profile(vendor, care, "oidc", options))
    yield (
        "What a kernel needs besides, such as a region, stands under `settings` of the source. "
        "All options are in [Policies, roles and vendors](../generated/operator.md), and what "
        "to set at the vendor is in [Profiles](../../how-to/profiles.md#exchanges)."
    )


def _exchange_profile(
    vendor: Vendor, care: Care, origin: str, options: dict[str, str]
) -> dict[str, Any]:
    place = {"kv2": f"kv2:qcred/{vendor.name}", "oidc": f"oidc:identity/oidc/token/{vendor.name}"}
    source: dict[str, Any] = {
        "kind": "exchange",
        "exchange": care.exchange,
        "from": place[origin],
    }
    if options:
        source["options"] = options
    return {vendor.name: {"source": source}}


def _yaml(profiles: dict[str, Any]) -> str:
    text = yaml.safe_dump({"profiles": profiles}, sort_keys=False, width=200)
    return code(text, "yaml")


def _end(care: Care) -> str:
    if not care.exchange:
        return (
            f"It is a **{STATIC}**. The kernel forgets it, the right to read it again is revoked, "
            f"and {_UNSUPPORTED}. Each lease has the label `static-key`, and for each profile in "
            "its settings that delivers one, the server's log has a warning."
        )
    return (
        "The kernel forgets it, and what opens the source is revoked. What the exchange gave dies "
        f"at its own end: {_UNSUPPORTED}, with the seconds that are left. The stored key itself, "
        f"delivered without an exchange, would be a {STATIC}."
    )


def _used(vendor: Vendor) -> Iterator[str]:
    adapters = _adapters(vendor.name)
    if not adapters:
        yield code(f'import jupyter_qcred as qcred\n\ncred = qcred.get("{vendor.name}")', "python")
        yield (
            "There is no adapter for this vendor: hand `cred.reveal()` to its SDK at the moment of "
            "use, and make the client anew after a renewal."
        )
    for adapter in adapters:
        sdk = f', sdk="{adapter.sdk.distribution}"' if len(adapters) > 1 else ""
        line = f'client = qcred.client("{vendor.name}"{sdk})'
        yield code(f"import jupyter_qcred as qcred\n\n{line}", "python")
        seam = " Other versions are refused, since it uses parts of the SDK that may change."
        yield (
            f"Needs `{adapter.sdk.requirement}`.{seam if adapter.sdk.private else ''} "
            f"{prose(type(adapter).__doc__)}"
        )
    if names := VARIABLES.get(vendor.name):
        listed = ", ".join(literal(name) for name in sorted(names))
        yield (
            f'A library that reads nothing but variables gets them by `with qcred.use("'
            f'{vendor.name}"):` for a block: {listed}.'
        )


def _adapters(vendor: str) -> list[Any]:
    found = []
    for name, place in BUILTIN.items():
        if name.partition(".")[0] == vendor:
            module, _, kind = place.partition(":")
            found.append(getattr(import_module(module), kind)())
    return found


PARTS: Final[dict[str, Callable[[], str]]] = {
    "credentials": overview,
    **{f"credential-{name}": partial(facts, vendor) for name, vendor in VENDORS.items()},
}
"""By the names of the files in ``reference/generated``, without ``.txt``."""
