"""Vendors on the loopback interface; part of what others' tests can import."""

from __future__ import annotations

from jupyter_qcred.testing.loopback import Dated, Raw, Tls, certificate, nowhere

__all__ = ["Dated", "Raw", "Tls", "certificate", "nowhere"]
