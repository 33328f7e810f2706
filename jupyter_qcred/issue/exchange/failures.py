"""Failures of a vendor behind the issuer, told apart from those of the issuer itself.

They have the codes of their parents everywhere. The kinds of their own are for the breakers: a
vendor that is away must not keep the credentials of others from being issued.
"""

from __future__ import annotations

from typing import Final

from jupyter_qcred.core.errors import (
    IssuerBrokenError,
    IssuerError,
    IssuerThrottledError,
    IssuerUnreachableError,
)


class VendorUnreachableError(IssuerUnreachableError):
    """No answer from the vendor."""


class VendorThrottledError(IssuerThrottledError):
    """The vendor limits the rate of requests."""


BEYOND_THE_ISSUER: Final[tuple[type[IssuerError], ...]] = (
    IssuerBrokenError,
    VendorUnreachableError,
    VendorThrottledError,
)
"""What says something about one source, and nothing about the issuer."""
