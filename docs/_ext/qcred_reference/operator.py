"""The policies, token roles and vendors that the package ships."""

from __future__ import annotations

from typing import Any, Final

from jupyter_qcred.issue.builtin import VENDORS
from jupyter_qcred.issue.exchange.options import COMMON
from jupyter_qcred.issue.exchange.registry import NAMES, exchange_named
from jupyter_qcred.issue.vault import roles
from qcred_reference import markdown
from qcred_reference.markdown import code, literal, table

_INTRODUCTION: Final = """\
The texts below are those that the package ships, that the embedded OpenBao is set up with, and that
the tests run. [Operators](../../how-to/operators.md) says how to write them. The policies lie in
the installed package:

```console
python -c "from importlib.resources import files; print(files('jupyter_qcred.issue') / 'policies')"
```
"""

_VENDORS: Final = """\
A profile whose name is one of these needs no `vendor`. Fields that are no secrets are taken from
here unless the profile says `public`, the field that `reveal()` returns unless it says `main`.
"""

_EXCHANGES: Final = """\
What a profile's source of the kind `exchange` may say. [Profiles](../../how-to/profiles.md) has
examples.
"""


def page() -> str:
    """Return the page."""
    policies = [f"### {name}\n\n{code(roles.policy_text(name))}" for name in roles.SHIPPED]
    return markdown.page(
        "Policies, roles and vendors",
        _INTRODUCTION,
        "## Policies",
        *policies,
        "## Token roles",
        f"### {roles.SERVER_ROLE}\n\n{_role(roles.server_role(600))}",
        f"### {roles.KERNEL_ROLE}\n\n{_role(roles.kernel_role())}",
        f"## Vendors\n\n{_VENDORS}",
        _vendors(),
        f"## Exchanges\n\n{_EXCHANGES}",
        *(_exchange(name) for name in NAMES),
    )


def _role(body: dict[str, Any]) -> str:
    return table(("field", "value"), [(literal(key), _value(body[key])) for key in body])


def _value(value: Any) -> str:
    return literal(",".join(value) if isinstance(value, list) else str(value).lower())


def _vendors() -> str:
    rows = [
        (
            literal(vendor.name),
            vendor.title,
            literal(vendor.main) if vendor.main else "",
            ", ".join(map(literal, sorted(vendor.public))),
            ", ".join(map(literal, sorted(vendor.addresses | vendor.hosts))),
        )
        for vendor in VENDORS.values()
    ]
    return table(("name", "", "main", "no secrets", "of these, where it is sent"), rows)


def _exchange(name: str) -> str:
    exchange = exchange_named(name)
    rows = [
        (literal(key), option.about, "yes" if option.required else "", _example(option.example))
        for key, option in {**exchange.options, **COMMON}.items()
    ]
    options = table(("option", "", "required", "such as"), rows)
    return f"### {name}\n\n{exchange.title}. Takes {exchange.takes}.\n\n{options}"


def _example(text: str) -> str:
    return literal(text) if text else ""
