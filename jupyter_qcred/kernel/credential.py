"""What ``qcred.get()`` returns: a handle that shows nothing and always serves the current value."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NoReturn, final

from jupyter_qcred.core.duration import format_duration
from jupyter_qcred.core.errors import (
    IssuerError,
    LeaseExpiredError,
    QcredError,
    QcredWarning,
    fresh,
)
from jupyter_qcred.core.secret import SecretLeakError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .client import Client
    from .store import Gone, Held, Store

TIMEOUT = 30.0
"""Seconds that a use waits for the server, which itself waits for the issuer."""


def warn_once(store: Store, name: str, depth: int = 3) -> None:
    """Tell what a person has to know about a credential, at its first use after it was noticed."""
    warned = store.untold(name)
    if warned is None:
        return
    left = None if warned.ends_at is None else store.until(warned.ends_at)
    when = "has ended" if not left else f"ends in {format_duration(left)}"
    text = f"{name} {when}: {warned.why.reason}. {warned.why.next_step}."
    warnings.warn(text, QcredWarning, stacklevel=depth)


@final
class Credential:
    """One credential of this kernel, by its name.

    The value is looked up at each ``reveal()``: after a renewal the same object serves the new
    value, and a lease that has ended, as while the machine slept, is asked for anew. It holds no
    value itself, and refuses pickle and copy, since a name is enough to get it anew.
    """

    __slots__ = ("__client", "name")

    def __init__(self, name: str, client: Client) -> None:
        self.name = name
        self.__client = client

    def _held(self) -> Held:
        store = self.__client.store
        warn_once(store, self.name, depth=4)
        held = store.find(self.name)
        if held is not None:
            return held
        gone = store.why_gone(self.name)
        if gone is None:
            raise LeaseExpiredError(
                f"{self.name} is not held by this process",
                next_step=f'Call `qcred.get("{self.name}")` in the kernel itself',
                credential=self.name,
            )
        if gone.again:
            self._ask_again(gone)
            held = store.find(self.name)
        if held is None:
            raise fresh(gone.why)
        return held

    def _ask_again(self, gone: Gone) -> None:
        try:
            self.__client.ask("get", self.name, TIMEOUT)
        except IssuerError as error:
            raise LeaseExpiredError(
                f"{gone.why.reason}; now {error.reason}",
                next_step=error.next_step,
                credential=self.name,
            ) from None

    def reveal(self, field: str | None = None) -> str:
        """Return the secret string, or that of another field of the same credential.

        Args:
            field: name of a field; by default the one that is the credential itself.

        Raises:
            LeaseExpiredError: the lease has ended and there is no new one; the message says why.
            QcredError: there is no such field, or the issuer refuses.
        """
        held = self._held()
        name = field or held.main
        if name in held.values:
            return held.values[name].reveal()
        if name in held.public:
            return held.public[name]
        known = ", ".join(sorted({*held.values, *held.public}))
        raise QcredError(
            f"{self.name} has no field {name!r}",
            next_step=f"Its fields are: {known}",
            credential=self.name,
        )

    def reveal_all(self) -> dict[str, str]:
        """Return all fields, secret and public, as they belong together: of one delivery.

        The one that is the credential itself is there under the empty name as well.

        Raises:
            LeaseExpiredError: as for ``reveal``.
        """
        held = self._held()
        fields = {name: value.reveal() for name, value in held.values.items()}
        return {**held.public, **fields, "": fields.get(held.main, "")}

    @property
    def vendor(self) -> str:
        """Which quantum cloud it is for."""
        return self._held().vendor

    @property
    def lease_id(self) -> str:
        """Non-secret handle of the current lease."""
        return self._held().lease_id

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of all fields, secret and public."""
        held = self._held()
        return tuple(sorted({*held.values, *held.public}))

    @property
    def public(self) -> Mapping[str, str]:
        """Fields that are no secrets, such as a region."""
        return dict(self._held().public)

    @property
    def labels(self) -> Mapping[str, str]:
        """Environment, project, cost centre."""
        return dict(self._held().labels)

    @property
    def expires_in(self) -> float | None:
        """Seconds left unless it is renewed, which happens by itself.

        For a static key these are of the right to hold it here: the vendor's key lives on.
        """
        return self.__client.store.remaining(self._held())

    def __repr__(self) -> str:
        store = self.__client.store
        held = store.find(self.name)
        if held is None:
            return f"<Credential {self.name}: ended>"
        left = store.remaining(held)
        life = "static key" if left is None else f"{format_duration(left)} left"
        return f"<Credential {self.name}: {life}, value hidden>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __dir__(self) -> list[str]:
        return [
            *("expires_in", "fields", "labels", "lease_id"),
            *("name", "public", "reveal", "reveal_all", "vendor"),
        ]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise SecretLeakError(
            f"a credential cannot be pickled or copied; pass its name and call "
            f'qcred.get("{self.name}") there'
        )

    def __copy__(self) -> NoReturn:
        self.__reduce_ex__(None)

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__reduce_ex__(None)
