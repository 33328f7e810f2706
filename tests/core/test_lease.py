"""The life of a lease: a state machine that never says "revoked" too early."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_qcred.core.lease import (
    ENDED,
    Lease,
    LeaseId,
    LeaseRuleError,
    LeaseState,
    Outcome,
)

STEPS = {
    "delivered": Lease.delivered,
    "renewed": lambda lease: lease.renewed(lease.expires_at + 60),
    "revoking": Lease.revoking,
    "confirmed": lambda lease: lease.answered(Outcome.CONFIRMED),
    "unsupported": lambda lease: lease.answered(Outcome.UNSUPPORTED),
    "failed": lambda lease: lease.answered(Outcome.FAILED),
    "expired": Lease.expired,
}

# The diagram of the module's docstring, as a table: state, step, next state.
ALLOWED = {
    ("issued", "delivered"): "live",
    ("issued", "renewed"): "live",
    ("issued", "revoking"): "revoking",
    ("issued", "expired"): "expired",
    ("live", "delivered"): "live",
    ("live", "renewed"): "live",
    ("live", "revoking"): "revoking",
    ("live", "expired"): "expired",
    ("revoking", "revoking"): "revoking",
    ("revoking", "confirmed"): "revoked",
    ("revoking", "unsupported"): "unsupported",
    ("revoking", "failed"): "revoking",
    ("revoking", "expired"): "expired",
}


def lease(state=LeaseState.ISSUED, expires_at=100.0):
    return Lease(
        lease_id=LeaseId("l1"),
        credential="ibm-quantum",
        expires_at=expires_at,
        renewable=True,
        revocable=True,
        state=state,
    )


@pytest.mark.parametrize(
    ("state", "step"),
    [(state, step) for state in LeaseState for step in STEPS],
)
def test_every_step_from_every_state(state, step):
    """What the diagram allows happens; anything else is an error that names both states."""
    before = lease(state)
    after = ALLOWED.get((state.value, step))
    if after is None:
        with pytest.raises(LeaseRuleError, match=f"lease l1: {state.value} cannot become"):
            STEPS[step](before)
    else:
        assert STEPS[step](before).state == after
    assert before.state is state


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=12))
def test_revoked_means_confirmed(steps):
    """In any life, REVOKED comes from a confirmation only, and an end is the end."""
    current = lease()
    for step in steps:
        try:
            following = STEPS[step](current)
        except LeaseRuleError:
            continue
        assert not current.ended
        assert (following.state is LeaseState.REVOKED) == (step == "confirmed")
        assert following.ended == (following.state in ENDED)
        current = following


def test_a_renewal_is_counted():
    """A renewal moves the end and is counted; the lease before stays as it was."""
    first = lease().delivered()
    second = first.renewed(250.0)
    assert (second.expires_at, second.renewals) == (250.0, 1)
    assert (first.expires_at, first.renewals) == (100.0, 0)
    assert second.lease_id == first.lease_id


@pytest.mark.parametrize(
    ("expires_at", "now", "left"), [(100.0, 40.0, 60.0), (100.0, 100.0, 0.0), (100.0, 999.0, 0.0)]
)
def test_remaining_is_never_negative(expires_at, now, left):
    """What is left counts down to nothing."""
    assert lease(expires_at=expires_at).remaining(now) == left


def test_a_static_key_has_no_end():
    """An infinite end leaves an infinite rest."""
    assert lease(expires_at=inf).remaining(1e12) == inf
