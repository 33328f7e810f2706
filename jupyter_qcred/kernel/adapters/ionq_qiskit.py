"""IonQ by qiskit-ionq: a key that is looked up when the header is written.

The SDK keeps what it is given as the key, and writes it into a header by an f-string for each
request (qiskit-ionq 1.1, ``IonQClient.api_headers``): so it is given an object whose ``format`` is
the current key, while all else that shows it shows a mask.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn

from jupyter_qcred.core.secret import MASK, SecretLeakError

from .environment import scoped
from .fields import needed
from .sdk import Sdk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_qcred.kernel.credential import Credential

SDK: Final = Sdk(distribution="qiskit-ionq", least="1.1", below="1.2", private=True)

_URL: Final = "https://api.ionq.co/v0.4"


class IonqQiskit:
    """``client``: an ``IonQProvider``. There is no credential object in this SDK.

    Public field used: ``url``.
    """

    sdk = SDK

    def credential(self, credential: Credential) -> Any:
        """Refuse: the SDK knows a key only.

        Raises:
            SdkError: always.
        """
        raise SDK.has_no_credential(credential)

    def client(self, credential: Credential, **options: Any) -> Any:
        """Return an ``IonQProvider``; options are its own."""
        qiskit_ionq = SDK.load("qiskit_ionq")
        # Given, since the SDK takes IONQ_API_URL of a .env in the working directory otherwise.
        options.setdefault("url", credential.public.get("url", _URL))
        with quietly(options["url"]):
            return qiskit_ionq.IonQProvider(token=_Current(credential), **options)


@contextmanager
def quietly(url: str) -> Iterator[None]:
    """Let the SDK make its objects at this address.

    For each backend it asks how many qubits there are, without a key, where the environment says;
    and it warns of a setting of the transpiler, whether or not anything is transpiled.
    """
    with (
        scoped(dict.fromkeys(("QISKIT_IONQ_API_URL", "IONQ_API_URL"), url)),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", UserWarning)
        yield


class _Current:
    """Written into an f-string it is the current key."""

    __slots__ = ("_credential",)

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def __format__(self, spec: str) -> str:
        return needed(self._credential, self._credential.reveal_all(), "")

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise SecretLeakError("a client of qcred cannot be pickled; make it anew there")

    def __deepcopy__(self, memo: object) -> _Current:
        return self  # it holds a name, and qiskit copies backends
