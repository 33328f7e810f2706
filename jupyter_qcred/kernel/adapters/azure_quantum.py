"""Azure Quantum: a ``TokenCredential``, as azure-core defines it, for every Azure client."""

from __future__ import annotations

import time
from typing import Any, Final

from jupyter_qcred.kernel.credential import TIMEOUT, Credential
from jupyter_qcred.kernel.current import current_client

from .environment import scoped
from .fields import needed
from .sdk import Sdk

CORE: Final = Sdk(distribution="azure-core", least="1.31", below="2")
QUANTUM: Final = Sdk(distribution="azure-quantum", least="3", below="4")

_ARM: Final = "https://management.azure.com/"
_NOTHING: Final = dict.fromkeys(
    f"AZURE_QUANTUM_{name}"
    for name in (
        *("CONNECTION_STRING", "ENV", "SUBSCRIPTION_ID"),
        *("WORKSPACE_LOCATION", "WORKSPACE_NAME", "WORKSPACE_RG"),
    )
)
"""Read where something was left out. A connection string says where tokens are sent, and the
resource manager is not asked then (azure-quantum 3.13, ``default_from_env_vars``)."""

_ASK_AGAIN: Final = 240.0
"""Seconds a token is said to live at most: azure-core asks for another with 300 left."""


class AzureQuantum:
    """``credential``: a ``TokenCredential``; ``client``: an azure-quantum ``Workspace``.

    Public fields used: ``subscription_id``, ``resource_group``, ``workspace``, ``resource_id``,
    ``location``, ``arm_endpoint``, and ``arm_credential``: the name of the credential whose token
    is for the resource manager, where this one's is for the quantum service alone.
    """

    sdk = QUANTUM

    def credential(self, credential: Credential) -> Any:
        """Return a ``TokenCredential`` for any Azure client."""
        return _token_credential(credential, credential.public.get("arm_credential", ""))

    def client(self, credential: Credential, **options: Any) -> Any:
        """Return a ``Workspace``.

        Args:
            credential: whose token is for ``https://quantum.microsoft.com``.
            options: of ``Workspace``; and ``arm_credential``.
        """
        quantum = QUANTUM.load("azure.quantum")
        public = credential.public
        arm = options.pop("arm_credential", public.get("arm_credential", ""))
        given = {
            "subscription_id": public.get("subscription_id"),
            "resource_group": public.get("resource_group"),
            "name": public.get("workspace"),
            "resource_id": public.get("resource_id"),
            "location": public.get("location"),
            "environment": "PRODUCTION",
            "arm_endpoint": public.get("arm_endpoint", _ARM),
        }
        options = {name: value for name, value in given.items() if value} | options
        with scoped(_NOTHING):
            return quantum.Workspace(credential=_token_credential(credential, arm), **options)


def _token_credential(credential: Credential, arm: str) -> Any:
    core = CORE.load("azure.core.credentials")

    def chosen(scopes: tuple[str, ...]) -> Credential:
        is_arm = any(scope.startswith("https://management.") for scope in scopes)
        return _held(arm) if arm and is_arm else credential

    class QcredTokenCredential:
        """Serves the current token for every scope."""

        def get_token(self, *scopes: str, **_: Any) -> Any:
            token, end = _token(chosen(scopes))
            return core.AccessToken(token, int(min(end, time.time() + _ASK_AGAIN)))

        def get_token_info(self, *scopes: str, options: Any = None) -> Any:  # noqa: ARG002 - theirs
            token, end = _token(chosen(scopes))
            # To be asked again at the next request, without a lie about the end; azure-core adds
            # up to a minute at random.
            return core.AccessTokenInfo(token, int(end), refresh_on=int(time.time()) - 3600)

        def close(self) -> None:
            """Nothing is open."""

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

    return QcredTokenCredential()


def _held(name: str) -> Credential:
    client = current_client()
    if client.store.find(name) is None:
        client.ask("get", name, TIMEOUT)
    return Credential(name, client)


def _token(credential: Credential) -> tuple[str, float]:
    left = credential.expires_in
    token = needed(credential, credential.reveal_all(), "")
    return token, time.time() + (3600.0 if left is None else left)
