"""Amazon Braket: a device, whose ``run`` takes a circuit and the number of shots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.kernel.adapters.amazon_braket import BRAKET

from .machine import Field

if TYPE_CHECKING:
    from collections.abc import Mapping

SV1: Final = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"
"""Amazon's own simulator: always there, and paid by the second rather than by the shot."""

_REGION: Final = "us-east-1"


class AmazonBraket:
    """``live``: SV1, unless another device is named by its ARN."""

    sdk = BRAKET
    simulator = BRAKET
    stand_in = "Braket's LocalSimulator"
    asks = (
        Field(name="secret_key", label="secret access key"),
        Field(name="access_key", label="access key id"),
        Field(name="session_token", label="session token, if there is one", optional=True),
        Field(name="region", label=f"region (empty: {_REGION})", secret=False, default=_REGION),
    )

    def address(self, public: Mapping[str, str]) -> str:
        """Return the address of Braket in the credential's region."""
        region = public.get("region") or _REGION
        return public.get("endpoint") or f"https://braket.{region}.amazonaws.com"

    def live(self, client: Any, device: str) -> Any:
        """Return an ``AwsDevice``."""
        return BRAKET.load("braket.aws").AwsDevice(device or SV1, aws_session=client)

    def local(self) -> Any:
        """Return a ``LocalSimulator``."""
        return BRAKET.load("braket.devices").LocalSimulator()
