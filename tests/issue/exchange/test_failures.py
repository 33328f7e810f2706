"""Each failure of a vendor has words of its own, which tell what happened and show nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from email.utils import formatdate
from time import time

import pytest
from support.leaks import assert_shows_nothing_of

from jupyter_qcred.core.errors import (
    IssuerBrokenError,
    IssuerThrottledError,
    IssuerUnreachableError,
    NotEntitledError,
)
from jupyter_qcred.issue.exchange.registry import exchange_named
from jupyter_qcred.testing import Scripted, script
from jupyter_qcred.testing.exchanges import FAIR, SHORT
from jupyter_qcred.testing.loopback import Dated, Raw, nowhere

from .cases import BODY, CASES, KEY, jwt

ALL = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
SIGN_IN = {"Content-Type": "text/html"}
PAGE = f"<html><body>Sign in to the hotel's network {BODY} {KEY}</body></html>".encode()


def handing_in(case, key):
    """Return the same case with another key."""
    fields = {name: key if KEY in old else old for name, old in case.fields.items()}
    return replace(case, fields=fields)


def failed(case, address, kind, limits=FAIR):
    """Do the exchange, which fails; return the error, which shows nothing."""
    with pytest.raises(kind) as caught:
        case.run(address, limits)
    assert_shows_nothing_of(caught.value, *case.secrets)
    return caught.value


def refused(case, kind, *answer, ahead=0.0):
    """The same at a vendor whose clock is some seconds ahead."""
    with Dated(script(answer), formatdate(time() + ahead)) as vendor:
        return failed(case, vendor.address, kind)


@ALL
@pytest.mark.parametrize(("left", "words"), [(-300, "not valid at this time"), (300, "does not")])
def test_an_assertion_that_has_expired_is_said_to_have(case, left, words):
    """By its own word, where the vendor says only that it is not valid; no clock is blamed."""
    case = handing_in(case, jwt(exp=time() + left))
    error = refused(case, NotEntitledError, *case.refusal)
    assert words in error.reason
    assert "clock" not in error.next_step


@ALL
def test_an_assertion_that_has_expired_for_the_vendor_alone_names_the_clock(case):
    """Ours is behind: what we take for good is over there."""
    case = handing_in(case, jwt(exp=time() + 300))
    error = refused(case, NotEntitledError, *case.refusal, ahead=600)
    assert "not valid at this time" in error.reason
    assert "s behind the vendor's: set it right" in error.next_step


@pytest.mark.parametrize("claims", [{}, {"exp": "soon"}, {"exp": True}, {"exp": None}])
def test_an_assertion_that_does_not_say_when_it_ends_is_just_not_accepted(claims):
    """Nothing is guessed."""
    case = handing_in(CASES["token exchange"], jwt(**claims))
    assert "does not accept" in refused(case, NotEntitledError, *case.refusal).reason


@ALL
def test_each_failure_has_words_of_its_own(case):
    """Who reads one knows what happened, and who failed."""
    expired = handing_in(case, jwt(exp=time() - 300))
    told = {
        "bad key": refused(case, NotEntitledError, *case.refusal),
        "expired assertion": refused(expired, NotEntitledError, *case.refusal),
        "clock behind": refused(case, NotEntitledError, *case.refusal, ahead=600),
        "clock ahead": refused(case, NotEntitledError, *case.refusal, ahead=-600),
        "no right": refused(case, NotEntitledError, 403, {"message": BODY}),
        "rate limit": refused(case, IssuerThrottledError, 429, PAGE, SIGN_IN),
        "vendor's failure": refused(case, IssuerBrokenError, 500, PAGE, SIGN_IN),
        "malformed": refused(case, IssuerBrokenError, 200, PAGE, SIGN_IN),
    }
    with Raw(lambda _, closing: closing.wait(60)) as vendor:
        told["slow"] = failed(case, vendor.address, IssuerUnreachableError, SHORT)
    with nowhere() as address:
        told["away"] = failed(case, address, IssuerUnreachableError)
    # The stubs are at different ports.
    words = {name: re.sub(r"127\.0\.0\.1:\d+", "there", str(one)) for name, one in told.items()}
    assert len(set(words.values())) == len(words), words
    title = exchange_named(case.exchange).title
    assert [name for name, one in told.items() if title not in one.reason] == []


def test_a_page_to_sign_in_at_is_no_answer_even_with_a_success():
    """What stands between us and the vendor, as in a hotel, is taken for no refusal of a key."""
    with Scripted(script((200, PAGE, SIGN_IN))) as vendor:
        error = failed(CASES["ibm-iam key"], vendor.address, IssuerBrokenError)
    assert "makes no sense" in error.reason
    assert error.retryable
