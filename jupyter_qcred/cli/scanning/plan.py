"""What a scan looks for and how it names it: small enough to be sent to each process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_qcred.detect import Detectors

from .fingerprints import OwnFingerprints, SharedFingerprints
from .inspector import Inspector

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """The choice of a user.

    Attributes:
        only: ids of the only detectors to use; empty: all.
        without: ids of detectors not to use.
        salt: of the baseline; None: the user's own key is used.
        key: file of the user's own key; None: the usual one.
    """

    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    salt: bytes | None = None
    key: Path | None = None

    def detectors(self) -> Detectors:
        """Return the detectors.

        Raises:
            ConfigError: there is none of such a name.
        """
        found = Detectors.builtin()
        found = found.only(self.only) if self.only else found
        return found.without(self.without) if self.without else found

    def fingerprint(self) -> OwnFingerprints | SharedFingerprints:
        """Return what makes fingerprints."""
        return OwnFingerprints(self.key) if self.salt is None else SharedFingerprints(self.salt)

    def __call__(self) -> Inspector:
        """Return what looks at texts."""
        return Inspector(self.detectors(), self.fingerprint())
