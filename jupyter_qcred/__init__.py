"""Session-bound quantum-cloud credentials for Jupyter kernels."""

from __future__ import annotations

__version__ = "0.1.0"
