"""Options that every exchange takes."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from jupyter_qcred.issue.exchange.exchange import Option

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMON: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "ca_file": Option(
            "PEM file of the authorities that may sign the vendor's certificate, else the "
            "well-known public ones",
            example="/etc/ssl/company.pem",
        )
    }
)
