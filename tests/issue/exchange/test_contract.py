"""The built-in exchanges pass the contract that others' pass, and what is true of dates."""

from __future__ import annotations

from email.utils import formatdate
from time import time

import pytest

from jupyter_qcred.core.errors import IssuerThrottledError
from jupyter_qcred.issue.exchange.registry import NAMES
from jupyter_qcred.testing import ExchangeContract, script
from jupyter_qcred.testing.loopback import Dated

from .cases import CASES


class TestBuiltinExchanges(ExchangeContract):
    """Each way of each of them."""

    cases = CASES


def test_every_exchange_has_its_cases():
    """Nobody adds an exchange that the contract does not look at."""
    assert {case.exchange for case in CASES.values()} == set(NAMES)


def test_a_rate_limit_may_name_a_date():
    """By the vendor's clock, not ours."""
    vendors = time() - 86400
    answer = script((429, b"", {"Retry-After": formatdate(vendors + 40)}))
    with (
        Dated(answer, formatdate(vendors)) as vendor,
        pytest.raises(IssuerThrottledError) as caught,
    ):
        CASES["ibm-iam key"].run(vendor.address)
    assert caught.value.retry_after == 40.0
