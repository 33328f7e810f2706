"""Pasqal Cloud: a ``TokenProvider``, which the SDK asks before each request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .fields import needed
from .sdk import Sdk

if TYPE_CHECKING:
    from jupyter_qcred.kernel.credential import Credential

SDK: Final = Sdk(distribution="pasqal-cloud", least="0.20", below="0.25")

_URL: Final = "https://apis.pasqal.cloud"


class Pasqal:
    """``credential``: a ``TokenProvider``; ``client``: a ``PasqalCloudClient``.

    Public fields used: ``project_id``, and ``url``, under which ``core-fast`` and ``account`` are.
    """

    sdk = SDK

    def credential(self, credential: Credential) -> Any:
        """Return a ``TokenProvider``, also for ``pulser_pasqal``."""
        base: Any = SDK.load("pasqal_cloud.authentication").TokenProvider

        class QcredTokenProvider(base):  # type: ignore[misc]
            def get_token(self) -> str:
                return needed(credential, credential.reveal_all(), "")

        return QcredTokenProvider()

    def client(self, credential: Credential, **options: Any) -> Any:
        """Return a ``PasqalCloudClient``; options are its own."""
        module = SDK.load("pasqal_cloud.pasqal_cloud_client")
        public = credential.public
        if "endpoints" not in options and "region" not in options:
            url = public.get("url", _URL).rstrip("/")
            endpoints = SDK.load("pasqal_cloud.endpoints").Endpoints
            options["endpoints"] = endpoints(core=f"{url}/core-fast", account=f"{url}/account")
        options.setdefault("project_id", public.get("project_id"))
        return module.PasqalCloudClient(token_provider=self.credential(credential), **options)
