"""What a profile says instead of the stored key: where a client connects, and other public fields.

An address says who gets the key. Said here, it is the operator's word: neither whoever may write
the stored key nor a file in a user's folder has a say.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from jupyter_qcred.issue.exchange.endpoint import is_endpoint
from jupyter_qcred.issue.profile_fields import FIELD, listed, maybe, pairs_of
from jupyter_qcred.issue.profile_tree import Table, Text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from jupyter_qcred.issue.builtin import Vendor
    from jupyter_qcred.issue.issuer import IssuedCredential
    from jupyter_qcred.issue.profile import Profile
    from jupyter_qcred.issue.profile_tree import Node, Problems

_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?")
_LONGEST: Final = 1024


def read_settings(
    node: Node | None, vendor: Vendor | None, public: Collection[str], problems: Problems
) -> dict[str, str]:
    """Return a mapping of public fields, as ``check_settings`` lets them through."""
    settings = pairs_of(node, "settings", problems, form=FIELD, longest=_LONGEST)
    check_settings(node, settings, vendor, public, problems)
    return settings


def check_settings(
    node: Node | None,
    settings: Mapping[str, str],
    vendor: Vendor | None,
    public: Collection[str],
    problems: Problems,
) -> None:
    """Find names that the vendor does not have, and addresses that are none.

    Args:
        node: the mapping; None where there is none.
        settings: what was read of it.
        vendor: whose fields are known; None: any name will do.
        public: fields that the profile names besides.
        problems: takes what is found.
    """
    if vendor is None or not isinstance(node, Table):
        return
    accepted = {*vendor.public, *public}
    for key, value in node.entries:
        name = key.text or ""
        if name not in settings:
            continue  # told already
        if name not in accepted:
            problems.add(
                key.place,
                f"{vendor.name} has no such field{maybe(name, accepted)}; "
                f"its fields: {listed(sorted(accepted))}",
            )
        elif why_not := _why_no_address(vendor, name, settings[name]):
            problems.add(value.place, why_not)


def settings_inside(node: Node | None) -> Node | None:
    """Return the mapping ``settings`` of a source that is written in its long form."""
    if not isinstance(node, Table):
        return None
    inside = (below for key, below in node.entries if key.text == "settings")
    return next((below for below in inside if not isinstance(below, Text)), None)


def with_settings(issued: IssuedCredential, profile: Profile) -> IssuedCredential:
    """Return what was issued, with the profile's own word on public fields."""
    settings = profile.settings
    if not settings:
        return issued
    # A secret field of the same name would come before it where all fields are asked for.
    values = {
        name: value
        for name, value in issued.values.items()
        if name not in settings or name == issued.main
    }
    return replace(issued, values=values, public={**issued.public, **settings})


def _why_no_address(vendor: Vendor, name: str, value: str) -> str:
    if name in vendor.addresses and not is_endpoint(value):
        return (
            f"{name} is where the credential is sent: an address with https, or with http on the "
            "loopback interface, without user, query and fragment"
        )
    if name in vendor.hosts and _HOST.fullmatch(value) is None:
        return f"{name} is where the credential is sent: a host, with a port or without"
    return ""
