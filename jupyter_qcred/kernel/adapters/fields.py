"""The fields of a credential, by the names that vendors and issuers give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import QcredError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.kernel.credential import Credential


def first(fields: Mapping[str, str], *names: str) -> str:
    """Return the first of these fields that is there and not empty, or an empty text."""
    return next((fields[name] for name in names if fields.get(name)), "")


def needed(credential: Credential, fields: Mapping[str, str], *names: str) -> str:
    """Return the first of these fields that is there.

    Raises:
        QcredError: there is none.
    """
    value = first(fields, *names)
    if not value:
        raise QcredError(
            f"{credential.name} has no field {names[0]!r}, which {credential.vendor} needs",
            next_step=f"Store it, or name it in the profile: `jupyter qcred put {credential.name}`",
            credential=credential.name,
        )
    return value
