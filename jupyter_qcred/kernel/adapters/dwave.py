"""D-Wave Leap: the token is put onto each request, in the place of a stand-in.

The client is made with a stand-in, which is what it logs at DEBUG and keeps in its configuration.
``create_session`` makes the session of each worker thread, ``solvers_session`` the one for solvers
(dwave-cloud-client 0.14, ``dwave.cloud.client.base``): both get an ``auth`` of ours. Below
DEBUG, at its own level TRACE, the SDK logs the headers that it sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .fields import needed
from .sdk import Sdk

if TYPE_CHECKING:
    from jupyter_qcred.kernel.credential import Credential

SDK: Final = Sdk(distribution="dwave-cloud-client", least="0.14", below="0.15", private=True)

_STAND_IN: Final = "served-by-jupyter-qcred"
_ENDPOINT: Final = "https://cloud.dwavesys.com/sapi/"


class Dwave:
    """``client``: a ``dwave.cloud.Client``. There is no credential object in this SDK.

    Public fields used: ``endpoint`` or ``url``, and ``solver``.
    """

    sdk = SDK

    def credential(self, credential: Credential) -> Any:
        """Refuse: the SDK knows a token only.

        Raises:
            SdkError: always.
        """
        raise SDK.has_no_credential(credential)

    def client(self, credential: Credential, **options: Any) -> Any:
        """Return a client.

        Args:
            credential: a SAPI token.
            options: of ``dwave.cloud.Client``; and ``client``: ``base``, ``qpu`` or ``hybrid``.
        """
        kind = options.pop("client", "base")
        base = SDK.load(f"dwave.cloud.client.{kind}").Client
        public = credential.public
        # Given, so that neither a dwave.conf nor the metadata service says where to send tokens.
        options.setdefault("endpoint", public.get("endpoint") or public.get("url") or _ENDPOINT)
        if public.get("solver"):
            options.setdefault("defaults", {"solver": {"name": public["solver"]}})
        return _class(base, credential)(token=_STAND_IN, **options)


def _class(base: Any, credential: Credential) -> Any:
    def put_token(request: Any) -> Any:
        request.headers["X-Auth-Token"] = needed(credential, credential.reveal_all(), "")
        return request

    class QcredClient(base):  # type: ignore[misc]
        """A client whose sessions take the current token for each request."""

        def create_session(self) -> Any:
            session = super().create_session()
            session.auth = put_token
            return session

        @property
        def solvers_session(self) -> Any:
            solvers = super().solvers_session
            solvers.session.auth = put_token
            return solvers

    return QcredClient
