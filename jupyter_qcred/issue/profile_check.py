"""The rules a profile must meet, applied to a tree of settings."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.duration import parse_duration
from jupyter_qcred.issue.builtin import VENDORS, Vendor
from jupyter_qcred.issue.profile import (
    NAME_FORM,
    DeliverWhen,
    ExchangeSource,
    Profile,
    is_name,
)
from jupyter_qcred.issue.profile_fields import (
    FIELD,
    fields_of,
    listed,
    maybe,
    named,
    pairs_of,
    text_of,
)
from jupyter_qcred.issue.profile_settings import (
    check_settings,
    read_settings,
    settings_inside,
)
from jupyter_qcred.issue.profile_source import read_source
from jupyter_qcred.issue.profile_tree import Items, Table

if TYPE_CHECKING:
    from jupyter_qcred.issue.profile_tree import Node, Problems

_KEYS: Final = ("vendor", "source", "main", "public", "settings", "ttl", "deliver", "labels")
_LABEL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]{0,62}")
_MAX_LABELS: Final = 16


def read_profiles(root: Node, problems: Problems) -> dict[str, Profile]:
    """Return the profiles in a mapping of names; what is wrong goes to ``problems``."""
    if not isinstance(root, Table):
        problems.add(root.place, "expected a mapping of names to profiles")
        return {}
    found: dict[str, Profile] = {}
    seen: set[str] = set()
    for key, node in root.entries:
        name = key.text or ""
        if name in seen:
            problems.add(key.place, f"{named(name)} is here twice")
        elif not is_name(name):
            problems.add(key.place, f"not a name; a profile's name has {NAME_FORM}")
        elif (profile := _profile(name, node, problems)) is not None:
            found[name] = profile
        seen.add(name)
    return found


def _profile(name: str, node: Node, problems: Problems) -> Profile | None:
    if not isinstance(node, Table):
        problems.add(
            node.place,
            f"profile {name}: expected a mapping with {listed(_KEYS)}; "
            "no key or token belongs here",
        )
        return None
    fields = fields_of(node, _KEYS, problems)
    vendor = _vendor(name, node, fields.get("vendor"), problems)
    source = read_source(fields["source"], problems) if "source" in fields else None
    if "source" not in fields:
        problems.add(node.place, f"profile {name} needs a source, such as kv2:secret/team/{name}")
    main = _field_names(fields.get("main"), problems, several=False)
    public = _field_names(fields.get("public"), problems, several=True)
    ttl = _ttl(fields.get("ttl"), problems)
    deliver = _deliver(fields.get("deliver"), problems)
    labels = _labels(fields.get("labels"), problems)
    cloud = VENDORS.get(vendor or "")
    settings = read_settings(fields.get("settings"), cloud, public, problems)
    if isinstance(source, ExchangeSource):
        check_settings(settings_inside(fields["source"]), source.settings, cloud, public, problems)
    if main and main[0] in {*public, *settings}:
        where = fields["public" if main[0] in public else "settings"]
        problems.add(where.place, "the main field cannot be public")
    if source is None or vendor is None:
        return None
    known = VENDORS.get(vendor, Vendor(vendor, vendor))
    return Profile(
        name=name,
        vendor=vendor,
        source=source,
        main=main[0] if main else known.main,
        public=frozenset(public) if "public" in fields else known.public - set(main),
        ttl=ttl,
        deliver=deliver,
        labels=labels,
        settings=settings,
    )


def _vendor(name: str, table: Table, node: Node | None, problems: Problems) -> str | None:
    if node is None:
        if name in VENDORS:
            return name
        problems.add(table.place, f"profile {name} needs a vendor, such as {listed(VENDORS)}")
        return None
    text = text_of(node, "a vendor's name", problems)
    if text is None or text in VENDORS:
        return text
    if near := get_close_matches(text, VENDORS, n=1, cutoff=0.8):
        # Another cloud may have any name of its own, but a slip of the pen would silently lose the
        # adapter and the label in redactions.
        problems.add(node.place, f"unknown vendor (did you mean {near[0]}?)")
        return None
    if not is_name(text):
        problems.add(
            node.place, f"not a vendor's name: {listed(VENDORS)}, or your own with {NAME_FORM}"
        )
        return None
    return text


def _labels(node: Node | None, problems: Problems) -> dict[str, str]:
    labels = pairs_of(node, "labels", problems, form=_LABEL, longest=128)
    if node is not None and len(labels) > _MAX_LABELS:
        problems.add(node.place, f"at most {_MAX_LABELS} labels")
    return labels


def _field_names(node: Node | None, problems: Problems, *, several: bool) -> tuple[str, ...]:
    if node is None:
        return ()
    if several and not isinstance(node, Items):
        problems.add(node.place, "expected a list of field names, such as [region, username]")
        return ()
    names: list[str] = []
    for item in node.items if isinstance(node, Items) and several else (node,):
        text = text_of(item, "a field's name", problems)
        if text is None:
            continue
        if FIELD.fullmatch(text) is None:
            problems.add(item.place, "not a field's name, such as api_key; no value belongs here")
            continue
        names.append(text)
    return tuple(names)


def _ttl(node: Node | None, problems: Problems) -> float | None:
    if node is None:
        return None
    text = text_of(node, "a duration", problems)
    if text is None:
        return None
    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = 0.0
    if seconds < 1:
        problems.add(node.place, "not a duration of a second or more, such as 900, 15m or 1h30m")
        return None
    return seconds


def _deliver(node: Node | None, problems: Problems) -> DeliverWhen:
    if node is None:
        return DeliverWhen.START
    accepted = tuple(when.value for when in DeliverWhen)
    text = text_of(node, "start or use", problems)
    if text in accepted:
        return DeliverWhen(text)
    if text is not None:
        problems.add(
            node.place,
            f"unknown moment{maybe(text, accepted)}; accepted: start (with the kernel), "
            "use (at first use)",
        )
    return DeliverWhen.START
