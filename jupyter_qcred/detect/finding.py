"""What was found, and how several findings of one secret become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Finding(NamedTuple):
    """A secret: where its characters are in the text, and the id of the detector that names it."""

    start: int
    end: int
    rule: str


def settled(found: Iterable[Finding], rank: Mapping[str, int]) -> list[Finding]:
    """Return findings in order, none overlapping another.

    Overlapping ones become one that covers them all, so that nothing of a secret is left beside a
    placeholder. The rule of the highest rank names it, among equals the longest.
    """
    groups: list[list[Finding]] = []
    end = 0
    for finding in sorted(found):
        if groups and finding.start < end:
            groups[-1].append(finding)
            end = max(end, finding.end)
        else:
            groups.append([finding])
            end = finding.end
    return [_joined(group, rank) for group in groups]


def _joined(group: list[Finding], rank: Mapping[str, int]) -> Finding:
    best = max(group, key=lambda one: (rank[one.rule], one.end - one.start, one.rule))
    return Finding(group[0].start, max(one.end for one in group), best.rule)
