"""The exchange and the adapter pass what every exchange and adapter passes."""

from __future__ import annotations

from jupyter_qcred.testing import AdapterContract, ExchangeCase, ExchangeContract
from jupyter_qcred.testing.case import BODY

KEY = "acme-key-0123456789"
GIVEN = "acme-token-9876543210"


class TestAcmeExchange(ExchangeContract):
    """A key for a token of fifteen minutes."""

    cases = {
        "key": ExchangeCase(
            exchange="acme",
            fields={"api_key": KEY},
            good=lambda: ((200, {"token": GIVEN, "expires_in": 900}),),
            refusal=(400, {"code": "key-unknown", "message": BODY}),
            options={"team": "physics"},
            values={"token": GIVEN},
            ttl=900.0,
        )
    }


class TestAcmeAdapter(AdapterContract):
    """A session with the token of the moment."""

    vendor = "acme"

    def public(self, url):
        """Where Acme is; its session is told for each request."""
        self.url = url
        return {"url": url}

    def work(self, client):
        """Ask for devices."""
        client.get(f"{self.url}/devices").raise_for_status()
