"""A cheap look whether what should be dead is dead.

Vault's own tokens and leases are asked about through the issuer. What a vendor issued is asked
about by the vendor's probe, where there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jupyter_qcred.issue.issuer import IssuedCredential


class Probe(Protocol):
    """Asks one vendor. Blocks, changes nothing there, and costs the user nothing."""

    def works(self, credential: IssuedCredential) -> bool | None:
        """Whether the vendor still takes a credential that has ended; None where it can't tell.

        Raises:
            QcredError: the vendor cannot be asked now.
        """
        ...
