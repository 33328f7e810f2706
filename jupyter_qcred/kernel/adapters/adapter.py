"""What an adapter is: the way from a credential of ours to a vendor's own objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from jupyter_qcred.kernel.credential import Credential

    from .sdk import Sdk


class Adapter(Protocol):
    """One SDK of one vendor.

    An entry point of the group ``jupyter_qcred.adapters`` names a class that takes no arguments.
    The entry point's name is the vendor's, and may go on after a full stop where a vendor has
    several SDKs: ``ionq.my-sdk``. It comes before the built-in ones of that vendor.

    What it returns serves the value that is current at each request, so that it goes on working
    after a renewal and stops when the lease has ended. It shows no value in a ``repr``, a log or
    an exception.

    Attributes:
        sdk: the distribution that makes the client.
    """

    sdk: Sdk

    def credential(self, credential: Credential) -> Any:
        """Return the SDK's own credential object.

        Raises:
            SdkError: the SDK is missing, of a version that does not fit, or has no such object.
        """
        ...

    def client(self, credential: Credential, **options: Any) -> Any:
        """Return a client of the vendor; options are those of the SDK's own client.

        Raises:
            SdkError: the SDK is missing, or of a version that does not fit.
        """
        ...
