"""What a person has to know about a kernel's credentials, as it is shown from outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf

from jupyter_qcred.core.errors import (
    IssuerUnreachableError,
    LeaseExpiredError,
    NeedsLoginError,
    NotEntitledError,
)
from jupyter_qcred.deliver.notices import Notices


class Clock:
    """Moves when it is told to."""

    at = 1000.0

    def now(self) -> float:
        return self.at

    def wall(self) -> datetime:
        return datetime(2026, 1, 2, tzinfo=UTC) + timedelta(seconds=self.at)


def test_a_notice_says_why_until_when_and_since_when() -> None:
    """The error's own words, the seconds left at that moment, and whether it is still held."""
    clock = Clock()
    notices = Notices(clock)
    notices.put("ionq", NeedsLoginError("The login has expired"), 90.0)
    clock.at += 30.0
    (shown,) = notices.overview(clock.now(), {"ionq"})
    assert (shown.credential, shown.code) == ("ionq", "needs_login")
    assert (shown.reason, shown.next_step) == (
        "The login has expired", "Log in to the issuer again, then retry",
    )  # fmt: skip
    assert (shown.held, shown.ends_in) == (True, 60.0)
    assert shown.since == "2026-01-02T00:16:40+00:00"
    clock.at += 100.0
    (shown,) = notices.overview(clock.now(), ())
    assert (shown.held, shown.ends_in) == (False, 0.0)


def test_the_same_trouble_keeps_its_beginning() -> None:
    """Failing again is no new notice; failing in another way is."""
    clock = Clock()
    notices = Notices(clock)
    notices.put("ionq", IssuerUnreachableError("It does not answer"), 90.0)
    clock.at += 10.0
    notices.put("ionq", IssuerUnreachableError("It still does not answer"), 80.0)
    (shown,) = notices.overview(clock.now(), {"ionq"})
    assert (shown.reason, shown.since) == (
        "It still does not answer", "2026-01-02T00:16:40+00:00",
    )  # fmt: skip
    notices.put("ionq", NotEntitledError("No"))
    (shown,) = notices.overview(clock.now(), {"ionq"})
    assert (shown.code, shown.ends_in) == ("not_entitled", None)
    assert shown.since == "2026-01-02T00:16:50+00:00"


def test_what_never_ends_has_no_countdown() -> None:
    """A static key, whatever is wrong with it."""
    clock = Clock()
    notices = Notices(clock)
    notices.put("ibm-quantum", LeaseExpiredError("It was revoked"), inf)
    (shown,) = notices.overview(clock.now(), ())
    assert shown.ends_in is None


def test_a_notice_goes_when_all_is_well() -> None:
    """Only that one, and it need not be there."""
    clock = Clock()
    notices = Notices(clock)
    notices.put("ionq", NotEntitledError("No"))
    notices.put("", NotEntitledError("Nothing at all"))
    notices.settle("ionq")
    notices.settle("nobody")
    assert [one.credential for one in notices.overview(clock.now(), ())] == [""]
