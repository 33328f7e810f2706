"""What ``qcred.get()`` returns: a handle that shows nothing and always serves the current value."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, final

from jupyter_qcred.core.duration import format_duration
from jupyter_qcred.core.errors import LeaseExpiredError, QcredError
from jupyter_qcred.core.secret import SecretLeakError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .store import Held, Store


@final
class Credential:
    """One credential of this kernel, by its name.

    The value is looked up at each ``reveal()``: after a renewal the same object serves the new
    value, and after the end of the lease it raises. It holds no value itself, and refuses pickle
    and copy, since a name is enough to get it anew.
    """

    __slots__ = ("__store", "name")

    def __init__(self, name: str, store: Store) -> None:
        self.name = name
        self.__store = store

    def _held(self) -> Held:
        held = self.__store.find(self.name)
        if held is not None:
            return held
        why = self.__store.why_gone(self.name)
        if why is None:
            raise LeaseExpiredError(
                f"{self.name} is not held by this process",
                next_step=f'Call `qcred.get("{self.name}")` in the kernel itself',
                credential=self.name,
            )
        raise type(why)(why.reason, next_step=why.next_step, credential=self.name)

    def reveal(self, field: str | None = None) -> str:
        """Return the secret string, or that of another field of the same credential.

        Args:
            field: name of a field; by default the one that is the credential itself.

        Raises:
            LeaseExpiredError: the lease has ended; the message says why.
            QcredError: there is no such field.
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
        return self.__store.remaining(self._held())

    def __repr__(self) -> str:
        held = self.__store.find(self.name)
        if held is None:
            return f"<Credential {self.name}: ended>"
        left = self.__store.remaining(held)
        life = "static key" if left is None else f"{format_duration(left)} left"
        return f"<Credential {self.name}: {life}, value hidden>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __dir__(self) -> list[str]:
        return [
            *("expires_in", "fields", "labels", "lease_id"),
            *("name", "public", "reveal", "vendor"),
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
