"""IQM: the header of each request comes from a callback, which the SDK has and does not offer.

``IQMServerClient`` makes a ``TokenManager`` of what it is given, and asks at its construction
already (iqm-client 36, ``iqm.iqm_server_client``). So its attribute for the callback is a property
here, with ours behind it. The client is given no token that ``serialize()`` could show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import QcredError

from .environment import scoped
from .fields import needed
from .sdk import Sdk

if TYPE_CHECKING:
    from jupyter_qcred.kernel.credential import Credential

SDK: Final = Sdk(distribution="iqm-client", least="36", below="37", private=True)

_NOTHING: Final = dict.fromkeys(("IQM_TOKEN", "IQM_TOKENS_FILE", "IQM_QUANTUM_COMPUTER"))


class Iqm:
    """``client``: an ``IQMServerClient``. There is no credential object in this SDK.

    Public fields used: ``server_url`` or ``url``, and ``quantum_computer``.
    """

    sdk = SDK

    def credential(self, credential: Credential) -> Any:
        """Refuse: the SDK knows a token only.

        Raises:
            SdkError: always.
        """
        raise SDK.has_no_credential(credential)

    def client(self, credential: Credential, **options: Any) -> Any:
        """Return an ``IQMServerClient``; options are its own."""
        base = SDK.load("iqm.iqm_server_client.iqm_server_client").IQMServerClient
        public = credential.public
        options.setdefault("iqm_server_url", public.get("server_url") or public.get("url"))
        if not options["iqm_server_url"]:
            raise QcredError(
                f"{credential.name} does not say where the quantum computer is",
                next_step="Add the public field server_url to the profile, or give iqm_server_url",
                credential=credential.name,
            )
        options.setdefault("quantum_computer", public.get("quantum_computer"))
        # What the environment has would be somebody else's, and a token is refused beside ours.
        with scoped(_NOTHING):
            return _class(base, credential)(**options)


def _class(base: Any, credential: Credential) -> Any:
    class QcredIqmClient(base):  # type: ignore[misc]
        """A client whose requests take the current token."""

        @property
        def _auth_header_callback(self) -> Any:
            return lambda: f"Bearer {needed(credential, credential.reveal_all(), '')}"

        @_auth_header_callback.setter
        def _auth_header_callback(self, callback: object) -> None:
            """The SDK's own has no token to give."""

    return QcredIqmClient
