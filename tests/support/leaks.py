"""What an error shows; part of what others' tests can import, and so of the package."""

from __future__ import annotations

from jupyter_qcred.testing.leaks import assert_shows_nothing_of, shown_by

__all__ = ["assert_shows_nothing_of", "shown_by"]
