"""IonQ by cirq-ionq: headers that are looked up for each request.

The SDK writes its headers once, and gives the same dictionary to ``requests`` for each request
(cirq-ionq 1.7, ``_IonQClient.headers``), which reads it by ``items()``: ours has the current key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .fields import needed
from .sdk import Sdk

if TYPE_CHECKING:
    from jupyter_qcred.kernel.credential import Credential

SDK: Final = Sdk(distribution="cirq-ionq", least="1.7", below="1.8", private=True)

_STAND_IN: Final = "served-by-jupyter-qcred"
_HOST: Final = "https://api.ionq.co"


class IonqCirq:
    """``client``: a ``cirq_ionq.Service``. There is no credential object in this SDK.

    Public fields used: ``remote_host`` or ``url``, without a path.
    """

    sdk = SDK

    def credential(self, credential: Credential) -> Any:
        """Refuse: the SDK knows a key only.

        Raises:
            SdkError: always.
        """
        raise SDK.has_no_credential(credential)

    def client(self, credential: Credential, **options: Any) -> Any:
        """Return a ``Service``; options are its own."""
        cirq_ionq = SDK.load("cirq_ionq")
        public = credential.public
        host = public.get("remote_host") or public.get("url") or _HOST
        options.setdefault("remote_host", host)
        service = cirq_ionq.Service(api_key=_STAND_IN, **options)
        inner = service._client  # noqa: SLF001 - the seam, guarded by the version
        inner.headers = _Headers(inner.headers, credential)
        return service


class _Headers(dict[str, str]):
    """Headers with the current key, for whoever asks for all of them."""

    def __init__(self, headers: dict[str, str], credential: Credential) -> None:
        super().__init__(headers)
        self._credential = credential

    def items(self) -> Any:
        key = needed(self._credential, self._credential.reveal_all(), "")
        return (dict(super().items()) | {"Authorization": f"apiKey {key}"}).items()
