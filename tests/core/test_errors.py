"""Our errors: a cause, a next step, and the same class on both sides of the channel."""

from __future__ import annotations

import pytest

from jupyter_qcred.core import errors
from jupyter_qcred.core.errors import (
    IssuerError,
    IssuerUnreachableError,
    NotEntitledError,
    QcredError,
    error_from_code,
)

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, QcredError)
]


def test_the_message_is_a_cause_and_a_next_step():
    """Two sentences, whatever full stops were given."""
    error = NotEntitledError("the policy refuses.", next_step="Ask Bob.", credential="ionq")
    assert str(error) == "the policy refuses. Ask Bob."
    assert error.reason == "the policy refuses"
    assert error.next_step == "Ask Bob"
    assert error.credential == "ionq"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_says_what_to_do(kind):
    """No error leaves its reader without a next step of its own."""
    error = kind("it failed")
    assert error.next_step
    assert error.next_step == kind.default_next_step.rstrip(".")
    assert kind is QcredError or kind.default_next_step != QcredError.default_next_step
    assert kind.__name__.endswith("Error")
    assert kind.__doc__


def test_codes_are_unique():
    """A code names one class."""
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_crosses_the_channel_as_itself(kind):
    """Code and words are enough to raise the same error in the kernel."""
    error = kind("it failed", next_step="Try again", credential="ionq")
    rebuilt = error_from_code(
        error.code, error.reason, next_step=error.next_step, credential=error.credential
    )
    assert type(rebuilt) is kind
    assert str(rebuilt) == str(error)
    assert rebuilt.credential == "ionq"


def test_an_unknown_code_is_still_an_error_of_ours():
    """A code that we don't know gives the root class with its words."""
    error = error_from_code("invented", "it failed")
    assert type(error) is QcredError
    assert error.reason == "it failed"


def test_issuer_errors_say_what_a_retry_is_worth():
    """Outages are retryable by class; a lost answer is marked on the error itself."""
    assert not IssuerError("no").retryable
    assert IssuerUnreachableError("no").retryable
    assert not IssuerUnreachableError("no").ambiguous
    assert IssuerUnreachableError("no", ambiguous=True).ambiguous
