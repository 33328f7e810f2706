"""The kernel's half without a server: what it holds is put there by a test."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from jupyter_qcred.core.clock import SystemClock
from jupyter_qcred.core.errors import LeaseExpiredError, UnknownCredentialError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.kernel.credential import Credential
from jupyter_qcred.kernel.current import set_client
from jupyter_qcred.kernel.store import Held, Store

if TYPE_CHECKING:
    from collections.abc import Mapping


class HeldKernel:
    """A store, and nobody to ask; ``import jupyter_qcred`` finds it."""

    def __init__(self) -> None:
        self.store = Store(SystemClock())
        self._numbers = itertools.count(1)
        set_client(self)  # type: ignore[arg-type]

    def ask(self, op: str, credential: str, timeout: float) -> None:  # noqa: ARG002 - as the real one
        """Refuse, as a server does that knows no such profile."""
        raise UnknownCredentialError(f"{credential} is not known here", credential=credential)

    def deliver(
        self,
        vendor: str,
        values: Mapping[str, str],
        *,
        main: str = "",
        public: Mapping[str, str] | None = None,
        expires_in: float | None = 3600.0,
        name: str = "",
    ) -> Credential:
        """Put a credential into the store, in the place of the one before."""
        now = SystemClock().now()
        self.store.put(
            Held(
                name=name or vendor,
                lease_id=f"lease-{next(self._numbers)}",
                vendor=vendor,
                main=main or next(iter(values)),
                values={field: Secret(value) for field, value in values.items()},
                public=public or {},
                expires_at=None if expires_in is None else now + expires_in,
                renewable=True,
                revocable=True,
                labels={},
            )
        )
        return Credential(name or vendor, self)  # type: ignore[arg-type]

    def end(self, name: str) -> None:
        """End the lease, as at a revocation."""
        why = LeaseExpiredError("It was revoked", credential=name)
        self.store.withdraw(name, why, again=False)
