"""What every answer must keep to besides the document. Loaded by schemathesis."""

from __future__ import annotations

import os
from typing import Any

import schemathesis

SECRETS = os.environ["QCRED_TEST_SECRETS"].split()
"""Values that the server holds."""

REFUSALS = {
    403: "This server does not let you do that",
    405: "This address does not know this verb",
    # A form that is none: refused before anybody asks who sent it.
    400: "The request is not what this address takes",
}
"""What is told to whoever is not logged in, and the same wherever it is told."""


@schemathesis.check
def holds_no_value(ctx: Any, response: Any, case: Any) -> None:
    """No answer holds a credential, the server's token, or a token of the issuer."""
    text = f"{response.text}{dict(response.headers)}"
    assert not any(secret in text for secret in SECRETS), "the answer holds a secret"


@schemathesis.check
def refuses_strangers(ctx: Any, response: Any, case: Any) -> None:
    """Without a login nothing is told but that one is needed."""
    if case.method == "OPTIONS":
        assert not response.text
        return
    assert response.status_code in REFUSALS, f"answered with {response.status_code}"
    told = response.json()
    assert told.keys() == {"message", "code", "reason", "next_step"}
    assert told["reason"] == REFUSALS[response.status_code]
