"""Honest words about keys that live on: what a key-value store holds, only its vendor can end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.static_key import STATIC_KEY, STATIC_KEY_MEANS
from jupyter_qcred.issue.care import CARE
from jupyter_qcred.issue.profile import SourceKind

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping

    from jupyter_qcred.issue.profile import Profile

_STORED: Final = frozenset({SourceKind.KV1, SourceKind.KV2})

EXCHANGES: Final[Mapping[str, str]] = {
    vendor: care.exchange for vendor, care in CARE.items() if care.exchange
}
"""Vendors with something shorter than a static key, and the exchange that gives it."""


def is_static(profile: Profile) -> bool:
    """Whether what a kernel gets is the stored key itself."""
    return profile.source.kind in _STORED


def labelled(profile: Profile) -> Profile:
    """Return the profile with the label that says so to whoever looks at a lease of it."""
    if not is_static(profile):
        return profile
    return replace(profile, labels={**profile.labels, STATIC_KEY: STATIC_KEY_MEANS})


def warn(profiles: Iterable[Profile], log: logging.Logger) -> None:
    """Tell the administrator of each static key that somebody configured."""
    for profile in profiles:
        if is_static(profile) and not profile.builtin:
            exchange = EXCHANGES.get(profile.vendor)
            better = (
                f" The exchange {exchange} gives kernels a short-lived one." if exchange else ""
            )
            log.warning(
                "Profile %s delivers a static key: %s. To end it, revoke it at %s.%s",
                profile.name,
                STATIC_KEY_MEANS,
                profile.vendor,
                better,
            )
