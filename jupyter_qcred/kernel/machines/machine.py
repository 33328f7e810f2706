"""What a machine is: where a tutorial's circuit or problem runs, live or here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from jupyter_qcred.core.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.kernel.adapters.sdk import Sdk


class Field(Record):
    """One field of a vendor's credential, as a person is asked for it.

    Attributes:
        name: as adapters look for it.
        label: what a person calls it.
        secret: it is not shown while it is typed, and nowhere later.
        default: where nothing is typed; a secret without one is needed.
        optional: nothing needs to be typed.
    """

    name: str
    label: str
    secret: bool = True
    default: str = ""
    optional: bool = False


KEY: Final = Field(name="value", label="API key")


class Machine(Protocol):
    """One SDK's way to run something, and its stand-in.

    Attributes:
        sdk: the distribution that makes the live one's client.
        simulator: the distribution that runs it here.
        stand_in: what the simulator is called, in a few words.
        asks: the fields of a credential, for a person who types them; the first is the main one.
    """

    sdk: Sdk
    simulator: Sdk
    stand_in: str
    asks: tuple[Field, ...]

    def address(self, public: Mapping[str, str]) -> str:
        """Return a URL that has to be reachable for the live one.

        Args:
            public: the credential's public fields.
        """
        ...

    def live(self, client: Any, device: str) -> Any:
        """Return what runs at the vendor.

        Args:
            client: of the adapter for ``sdk``.
            device: the vendor's name of it; empty: the one that suits a tutorial.

        Raises:
            SdkError: a library is missing, or of a version that does not fit.
        """
        ...

    def local(self) -> Any:
        """Return what runs here, and is used in the same way.

        Raises:
            SdkError: the simulator's library is missing, or of a version that does not fit.
        """
        ...
