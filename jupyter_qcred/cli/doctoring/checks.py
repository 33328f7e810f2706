"""Every check, in the order in which they are made: what others need comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import (
    clock,
    encryption,
    environment,
    extension,
    files,
    history,
    issuer,
    kernelspecs,
    provisioner,
    replaced,
    rights,
    saves,
    sources,
    stored_variables,
    vendor_files,
    versions,
)

if TYPE_CHECKING:
    from .finding import Check, Problem

CHECKS: Final[tuple[Check, ...]] = tuple(
    module.CHECK
    for module in (
        *(versions, files, extension, provisioner, encryption, kernelspecs),
        *(issuer, clock, rights, sources),
        *(saves, replaced),
        *(environment, vendor_files, history, stored_variables),
    )
)


def problems() -> dict[str, Problem]:
    """Return everything that doctor knows, by its id."""
    return {problem.id: problem for check in CHECKS for problem in check.problems}
