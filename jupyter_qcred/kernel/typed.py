"""A credential that a person types: hidden, and in this process's memory only."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from getpass import GetPassWarning, getpass
from typing import TYPE_CHECKING, Final, NoReturn

from jupyter_qcred.core.clock import SystemClock
from jupyter_qcred.core.errors import NotOnPlatformError
from jupyter_qcred.core.secret import Secret

from .credential import Credential
from .current import current_client
from .store import Held, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .machines.machine import Field

LABEL: Final = "typed"


class NobodyAnswersError(Exception):
    """There is no person to ask, or no way to ask without showing what is typed."""


class Typed:
    """What was typed in this process: a store, and nobody to ask for more."""

    def __init__(self) -> None:
        self.store = Store(SystemClock())
        os.register_at_fork(after_in_child=self.store.after_fork)

    def ask(self, op: str, credential: str, timeout: float) -> NoReturn:
        """Refuse, as there is no server.

        Raises:
            NotOnPlatformError: always.
        """
        del op, timeout
        raise NotOnPlatformError(
            f"{credential} was typed in another process",
            next_step="Run the cell with `qcred.requires` again",
            credential=credential,
        )

    def find(self, name: str) -> Credential | None:
        """Return what was typed under a name."""
        return None if self.store.find(name) is None else Credential(name, self)  # type: ignore[arg-type]

    def prompt(self, name: str, vendor: str, fields: Sequence[Field]) -> Credential | None:
        """Ask a person for a credential's fields; None: they left it empty.

        Raises:
            NobodyAnswersError: nobody can be asked, as in a run without a front-end.
        """
        typed: dict[str, str] = {}
        for field in fields:
            answer = _ask(f"{name}: {field.label}", field) or field.default
            if not answer and not field.optional:
                return None
            typed[field.name] = answer
        secret = {field.name for field in fields if field.secret}
        values = {key: value for key, value in typed.items() if value and key in secret}
        public = {key: value for key, value in typed.items() if value and key not in secret}
        with suppress(NotOnPlatformError):  # no server, no redaction
            current_client().arm(name, values.values())
        self.store.put(
            Held(
                name=name,
                lease_id="typed",
                vendor=vendor,
                main=fields[0].name,
                values={key: Secret(value) for key, value in values.items()},
                public=public,
                expires_at=None,
                renewable=False,
                revocable=False,
                labels={LABEL: "yes"},
            )
        )
        return Credential(name, self)  # type: ignore[arg-type]


def _ask(label: str, field: Field) -> str:
    hint = "" if not field.secret else " (hidden; leave it empty for the simulator)"
    hint = " (hidden)" if field.secret and field.optional else hint
    try:
        with warnings.catch_warnings():
            # Without a terminal it would show what is typed, after a warning.
            warnings.simplefilter("error", GetPassWarning)
            prompt = getpass if field.secret else input
            return prompt(f"{label}{hint}: ").strip()
    except (GetPassWarning, EOFError, OSError, NotImplementedError):
        # The last one is ipykernel's, where the front-end takes no input.
        raise NobodyAnswersError from None
