"""``%qcred``: the same as the helper, for people who like magics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_qcred.core.errors import QcredError

if TYPE_CHECKING:
    from .credential import Credential
    from .table import Table

_USAGE = "usage: %qcred [status | list | get NAME | renew NAME | revoke NAME]"


def qcred_magic(line: str) -> Table | Credential | str | None:
    """Show this kernel's credentials, never their values.

    ``%qcred`` or ``%qcred status``: what is held; ``%qcred list``: what may be asked for;
    ``%qcred get|renew|revoke NAME``.
    """
    try:
        return _run(line.split())
    except QcredError as error:
        # A magic's user reads one line, not a traceback.
        print(f"{type(error).__name__}: {error}")  # noqa: T201
        return None


def _run(words: list[str]) -> Table | Credential | str:
    from . import helper

    match words:
        case [] | ["status"]:
            return helper.status()
        case ["list"]:
            return helper.list()
        case ["get", name]:
            return helper.get(name)
        case ["renew", name]:
            return helper.renew(name)
        case ["revoke", name]:
            return f"{name}: {helper.revoke(name)}"
        case _:
            raise QcredError("%qcred did not understand that", next_step=_USAGE)


def register(shell: Any) -> None:
    """Add ``%qcred`` to an IPython shell."""
    shell.register_magic_function(qcred_magic, magic_kind="line", magic_name="qcred")
