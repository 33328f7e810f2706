"""Runs in kernels: Acme has no SDK, so the client is a ``requests.Session`` that is logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.kernel.adapters.fields import needed
from jupyter_qcred.kernel.adapters.sdk import Sdk

if TYPE_CHECKING:
    from jupyter_qcred.kernel.credential import Credential

REQUESTS: Final = Sdk(distribution="requests", least="2.32", below="3")


class AcmeAdapter:
    """``client``: a ``requests.Session``; ``credential``: what its ``auth`` takes."""

    sdk = REQUESTS

    def credential(self, credential: Credential) -> Any:
        """Return a hook that puts the current token onto each request."""

        def sign(request: Any) -> Any:
            token = needed(credential, credential.reveal_all(), "token")
            request.headers["Authorization"] = f"Bearer {token}"
            return request

        return sign

    def client(self, credential: Credential, **options: Any) -> Any:
        """Return a session; options become its attributes, as ``verify="authority.pem"``."""
        session = REQUESTS.load("requests").Session()
        session.trust_env = False  # a netrc file would replace the token
        session.auth = self.credential(credential)
        for name, value in options.items():
            setattr(session, name, value)
        return session
