"""Which credentials one kernel gets: what the server allows, narrowed by what the notebook asks.

A notebook can say what it needs in its metadata::

    "metadata": {"qcred": {"requires": ["ibm-quantum"]}}

That list only ever takes away: the named credentials are delivered with the kernel's start and no
other reaches it. Without the list the kernel gets what the server allows. A notebook comes from
anybody, so nothing in it may widen the choice, raise, or cost time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from jupyter_qcred.issue.profile import DeliverWhen, is_name

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from jupyter_qcred.issue.profile import Profile

MAX_REQUIRES: Final = 64
"""Longest list that is read from a notebook; what comes after is not delivered."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What one kernel may have, and why the rest is missing, so that ``get()`` can say so.

    Attributes:
        profiles: by name, ready to deliver.
        unknown: required by the notebook, and no profile has that name.
        denied: required by the notebook, and not allowed here.
        left_out: allowed here, and not in the notebook's list.
    """

    profiles: Mapping[str, Profile] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def select(
    profiles: Mapping[str, Profile],
    requires: Sequence[str] | None,
    allowed: Collection[str] | None = None,
) -> Selection:
    """Return what a kernel may have.

    Args:
        profiles: all that the server knows.
        requires: the notebook's list (``requires_of``); None means that it has none.
        allowed: names the server allows this kernel; None means every profile.
    """
    granted = {
        name: profile for name, profile in profiles.items() if allowed is None or name in allowed
    }
    if requires is None:
        return Selection(granted)
    wanted = tuple(dict.fromkeys(requires))
    return Selection(
        profiles={
            name: replace(granted[name], deliver=DeliverWhen.START)
            for name in wanted
            if name in granted
        },
        unknown=tuple(name for name in wanted if name not in profiles),
        denied=tuple(name for name in wanted if name in profiles and name not in granted),
        left_out=tuple(name for name in granted if name not in wanted),
    )


def requires_of(notebook: object) -> tuple[str, ...] | None:
    """Return the names in ``metadata.qcred.requires``; None where a notebook has no such list.

    Never raises. Entries that cannot be names are dropped; a ``requires`` that is no list gives the
    empty tuple, because whoever wrote it wanted less, not everything.
    """
    asked: object = notebook
    for key in ("metadata", "qcred", "requires"):
        if not isinstance(asked, Mapping):
            return None
        asked = asked.get(key)
    if asked is None:
        return None
    if not isinstance(asked, list | tuple):
        return ()
    return tuple(dict.fromkeys(name for name in islice(asked, MAX_REQUIRES) if is_name(name)))
