"""What a JWT says of itself (RFC 7519), to whoever cannot check its signature."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_qcred.core.secret import Secret


def jwt_end(unverified_jwt: Secret) -> float | None:
    """Return when a JWT says that it ends, seconds since 1970; None where it does not tell.

    Its signature is not looked at, so nothing is granted by it: it serves to renew in time what a
    vendor gave, and to say why a vendor refused what was handed in.
    """
    parts = unverified_jwt.reveal().split(".")
    if len(parts) != 3:
        return None
    with suppress(ValueError, RecursionError):
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        end = claims.get("exp") if isinstance(claims, dict) else None
        if isinstance(end, int | float) and not isinstance(end, bool) and isfinite(end):
            return float(end)
    return None
