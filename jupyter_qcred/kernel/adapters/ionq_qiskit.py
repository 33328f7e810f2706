"""IonQ by qiskit-ionq: a key that is looked up when the header is written.

The SDK keeps what it is given as the key, and writes it into a header by an f-string for each
request (qiskit-ionq 1.1, ``IonQClient.api_headers``): so it is given an object whose ``format`` is
the current key, while all else that shows it shows a mask.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, NoReturn

from jupyter_qcred.core.secret import MASK, SecretLeakError

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
            return _class(qiskit_ionq.IonQProvider)(token=_Current(credential), **options)


_address: ContextVar[str | None] = ContextVar("qcred_ionq", default=None)


@contextmanager
def pinned(url: str) -> Iterator[None]:
    """Let the SDK ask at this address, and not where a ``.env`` or the environment says.

    For each backend that it makes it asks how many qubits there are, without a key and without
    regard to the provider's address (qiskit-ionq 1.1, ``helpers.get_n_qubits``).
    """
    helpers = SDK.load("qiskit_ionq.helpers")
    now = helpers.resolve_credentials
    helpers.resolve_credentials = _resolving(getattr(now, "qcred_original", now))
    token = _address.set(url)
    try:
        yield
    finally:
        _address.reset(token)


def _resolving(original: Any) -> Any:
    def resolve_credentials(token: Any = None, url: str | None = None) -> Any:
        return original(token, url or _address.get())

    vars(resolve_credentials)["qcred_original"] = original
    return resolve_credentials


@contextmanager
def quietly(url: str) -> Iterator[None]:
    """Let the SDK make its objects at this address, without what it says to everybody.

    It warns of a setting of the transpiler, whether or not anything is transpiled.
    """
    with pinned(url), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def _class(base: Any) -> Any:
    class QcredProvider(base):  # type: ignore[misc]
        """A provider whose backends are made at its own address."""

        def get_backend(self, *args: Any, **options: Any) -> Any:
            with pinned(self.credentials["url"]):
                return super().get_backend(*args, **options)

    return QcredProvider


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
