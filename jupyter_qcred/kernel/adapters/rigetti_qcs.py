"""Rigetti QCS: an OAuth session whose tokens are managed outside of the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .fields import needed
from .sdk import Sdk

if TYPE_CHECKING:
    from jupyter_qcred.kernel.credential import Credential

SDK: Final = Sdk(distribution="qcs-sdk-python", least="0.21", below="0.32")


class RigettiQcs:
    """``credential``: an ``OAuthSession``; ``client``: a ``QCSClient``, as pyquil takes it.

    Public fields used: ``url``, ``grpc_url``, ``client_id``, ``issuer``.
    """

    sdk = SDK

    def credential(self, credential: Credential) -> Any:
        """Return an ``OAuthSession``."""
        qcs = SDK.load("qcs_sdk.client")
        public = credential.public
        server = qcs.AuthServer.default()
        if public.get("issuer") and public.get("client_id"):
            server = qcs.AuthServer(client_id=public["client_id"], issuer=public["issuer"])
        current = qcs.ExternallyManaged(lambda _: needed(credential, credential.reveal_all(), ""))
        return qcs.OAuthSession(current, server)

    def client(self, credential: Credential, **options: Any) -> Any:
        """Return a ``QCSClient``; options are its own."""
        qcs = SDK.load("qcs_sdk.client")
        public = credential.public
        given = {
            "api_url": public.get("url", "https://api.qcs.rigetti.com"),
            "grpc_api_url": public.get("grpc_url", "https://grpc.qcs.rigetti.com"),
        }
        return qcs.QCSClient(oauth_session=self.credential(credential), **(given | options))
