"""Quantinuum Nexus: an ``httpx.Auth`` of ours at the one client that qnexus has.

qnexus keeps one ``httpx.Client`` for the process and asks for it by ``get_nexus_client()``
(qnexus 0.51, ``qnexus.client``). Its own ``Auth`` reads and writes tokens in files below the home.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from jupyter_qcred.core.errors import RedirectedError

from .fields import needed
from .sdk import Sdk

if TYPE_CHECKING:
    from collections.abc import Generator

    from jupyter_qcred.kernel.credential import Credential

SDK: Final = Sdk(distribution="qnexus", least="0.51", below="0.52", private=True)

_DOMAIN: Final = "nexus.quantinuum.com"


class Quantinuum:
    """``credential``: an ``httpx.Auth``; ``client``: the module ``qnexus``, logged in.

    The credential is an access token, as the exchange gives it from a refresh token. Public fields
    used: ``domain``, and ``url`` where it is not ``https://<domain>``.
    """

    sdk = SDK

    def credential(self, credential: Credential) -> Any:
        """Return an ``httpx.Auth`` for Nexus."""
        base: Any = SDK.load("httpx").Auth
        host = urlsplit(_url(credential)).hostname or ""

        class QcredAuth(base):  # type: ignore[misc]
            def auth_flow(self, request: Any) -> Generator[Any, Any, None]:
                if request.url.host != host:
                    raise RedirectedError(
                        f"qnexus was about to send {credential.name} to another host than {host}",
                        next_step="Make the client anew by `qcred.client`",
                        credential=credential.name,
                    )
                token = needed(credential, credential.reveal_all(), "")
                request.headers["Cookie"] = f"myqos_id={token}"
                yield request

        return QcredAuth()

    def client(self, credential: Credential, **options: Any) -> Any:
        """Return the module, whose functions use this credential from now on.

        Args:
            credential: whose access token is sent.
            options: none.
        """
        if options:
            raise TypeError(f"no such options: {', '.join(options)}")
        qnexus = SDK.load("qnexus")
        config = SDK.load("qnexus.config").CONFIG
        target = urlsplit(_url(credential))
        # Files and variables may say otherwise; tokens go where the profile says.
        config.protocol, config.domain = target.scheme, target.hostname or _DOMAIN
        config.port = target.port or (443 if target.scheme == "https" else 80)
        config.store_tokens, config.httpx_verify = False, True
        client = SDK.load("qnexus.client").get_nexus_client(reload=True)
        client.cookies.clear()
        client.auth = self.credential(credential)
        return qnexus


def _url(credential: Credential) -> str:
    public = credential.public
    return public.get("url") or f"https://{public.get('domain', _DOMAIN)}"
