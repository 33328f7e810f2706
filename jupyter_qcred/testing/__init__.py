"""What an issuer, an exchange and an adapter promise, as tests that anybody's can be put to.

Subclass a contract in a test module of your own, fill in what it asks for, and pytest runs it. Our
own issuers, exchanges and adapters pass the same ones. Needs pytest; nothing else of the package
imports it.
"""

from __future__ import annotations

import pytest

# A contract's own asserts show their values, as those of a test module do.
for _module in ("adapters", "exchanges", "issuers", "leaks", "rotations"):
    pytest.register_assert_rewrite(f"jupyter_qcred.testing.{_module}")

# ruff: noqa: E402 - what is imported before that is not rewritten
from jupyter_qcred.testing.adapters import AdapterContract
from jupyter_qcred.testing.case import ExchangeCase, script
from jupyter_qcred.testing.exchanges import ExchangeContract
from jupyter_qcred.testing.held import HeldKernel
from jupyter_qcred.testing.issuers import IssuerContract
from jupyter_qcred.testing.leaks import assert_shows_nothing_of
from jupyter_qcred.testing.loopback import Scripted
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor, bearer

__all__ = [
    "AdapterContract",
    "ExchangeCase",
    "ExchangeContract",
    "HeldKernel",
    "IssuerContract",
    "Scripted",
    "Vendor",
    "assert_shows_nothing_of",
    "bearer",
    "outlives_rotations",
    "script",
]
