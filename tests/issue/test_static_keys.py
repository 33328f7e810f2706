"""What a key-value store holds is said to live on, wherever a lease of it is shown."""

from __future__ import annotations

import logging

import pytest

from jupyter_qcred.issue.builtin import VENDORS, builtin_profiles
from jupyter_qcred.issue.exchange.registry import NAMES
from jupyter_qcred.issue.profile_file import profiles_from_mapping
from jupyter_qcred.issue.static_keys import EXCHANGES, is_static, labelled, warn

MEANS = "ending the lease does not invalidate it"


def profile(source: object, vendor: str = "ionq", **more: object):
    return profiles_from_mapping({"one": {"vendor": vendor, "source": source, **more}}, "t")["one"]


EXCHANGE = {"kind": "exchange", "exchange": "ibm-iam", "from": "kv2:qcred/ibm"}
SOURCES = [
    ("kv2:qcred/ionq", True),
    ("kv1:old/ionq", True),
    ("dynamic:database/creds/x", False),
    ("oidc:identity/oidc/token/x", False),
    (EXCHANGE, False),
]


@pytest.mark.parametrize(("source", "static"), SOURCES, ids=str)
def test_only_a_stored_key_that_is_delivered_is_a_static_key(source, static, caplog):
    """What an exchange gives for it is not; the label and the warning go together."""
    one = profile(source, labels={"project": "q7"})
    with caplog.at_level(logging.WARNING):
        warn([one], logging.getLogger("test-static"))
    assert is_static(one) is static
    expected = {"project": "q7", **({"static-key": MEANS} if static else {})}
    assert labelled(one).labels == expected
    assert len(caplog.records) == static


def test_the_warning_names_the_profile_the_vendor_and_what_is_better(caplog):
    """Where the vendor has something shorter, its exchange is named."""
    ours = [profile("kv2:qcred/a", "ionq"), profile("kv2:qcred/b", "ibm-quantum")]
    with caplog.at_level(logging.WARNING):
        warn(ours, logging.getLogger("test-static"))
    ionq, ibm = (record.getMessage() for record in caplog.records)
    assert ionq == f"Profile one delivers a static key: {MEANS}. To end it, revoke it at ionq."
    assert ibm.endswith("The exchange ibm-iam gives kernels a short-lived one.")


@pytest.mark.parametrize("vendor", VENDORS)
def test_whoever_delivers_a_stored_key_is_warned_whatever_the_vendor(vendor, caplog):
    """Where there is an exchange, the warning says so; where there is none, it does not."""
    with caplog.at_level(logging.WARNING):
        warn([profile("kv2:qcred/a", vendor)], logging.getLogger("test-static"))
    (record,) = caplog.records
    told = record.getMessage()
    assert f"delivers a static key: {MEANS}" in told
    assert f"revoke it at {vendor}" in told
    assert ("The exchange" in told) is (vendor in EXCHANGES)


def test_built_in_profiles_are_labelled_without_a_warning(caplog):
    """Nobody configured them, and most of them hold nothing."""
    with caplog.at_level(logging.WARNING):
        warn(builtin_profiles().values(), logging.getLogger("test-static"))
    assert caplog.records == []
    assert all("static-key" in labelled(one).labels for one in builtin_profiles().values())


def test_every_exchange_that_is_recommended_exists():
    """And for vendors that are known."""
    assert set(EXCHANGES.values()) <= set(NAMES)
    assert EXCHANGES.keys() <= VENDORS.keys()
