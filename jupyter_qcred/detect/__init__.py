"""Find secrets that nobody told us of, by their format. Data decides: one detector, one file."""

from .allow import Allowance, AllowList
from .detector import Detector
from .earlier import Earlier, Issued
from .finder import Detectors
from .finding import Finding
from .fingerprint import Fingerprints

__all__ = [
    "AllowList",
    "Allowance",
    "Detector",
    "Detectors",
    "Earlier",
    "Finding",
    "Fingerprints",
    "Issued",
]
