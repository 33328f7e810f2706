"""``%qcred`` and ``%%qcred``: the same as the helper, for people who like magics."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Any

from jupyter_qcred.core.errors import NotOnPlatformError, QcredError, RedirectedError

from .current import current_client

if TYPE_CHECKING:
    from collections.abc import Callable

    from .credential import Credential
    from .table import Table

_USAGE = "usage: %qcred [status | list | doctor | get NAME | renew NAME | revoke NAME]"
_CELL_USAGE = "usage: %%qcred NAME, and below it what needs the credential's variables"


def qcred_magic(line: str) -> Table | Credential | str | None:
    """Show this kernel's credentials, never their values.

    ``%qcred`` or ``%qcred status``: what is held; ``%qcred list``: what may be asked for;
    ``%qcred doctor``: what is wrong; ``%qcred get|renew|revoke NAME``.
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
        case ["doctor"]:
            from .doctor import doctor

            return doctor()
        case ["get", name]:
            return helper.get(name)
        case ["renew", name]:
            return helper.renew(name)
        case ["revoke", name]:
            return f"{name}: {helper.revoke(name)}"
        case _:
            raise QcredError("%qcred did not understand that", next_step=_USAGE)


def cell_magic(shell: Any) -> Callable[[str, str], None]:
    """Return ``%%qcred NAME`` for an IPython shell."""

    def qcred_cell(line: str, cell: str) -> None:
        """Run a cell with the environment variables of a credential, as ``qcred.use(NAME)`` does.

        They are what they were after it, also when the cell fails.
        """
        from . import helper

        match line.split():
            case [name]:
                steps = _steps(shell, cell)
                block = _entered(helper.use(name))
            case _:
                raise _one_line(QcredError("%%qcred needs one name", next_step=_CELL_USAGE))
        try:
            for step in steps:
                exec(step, shell.user_ns)  # noqa: S102 - the cell is its user's own
        finally:
            block.__exit__(None, None, None)

    return qcred_cell


def _entered(block: Any) -> Any:
    try:
        block.__enter__()
    except QcredError as error:
        raise _one_line(error) from None
    return block


def _one_line(error: QcredError) -> Exception:
    """Return what IPython shows in one line, while the cell counts as failed."""
    from IPython.core.error import UsageError

    return UsageError(f"{type(error).__name__}: {error}")


def _steps(shell: Any, cell: str) -> list[Any]:
    """Compile a cell as IPython does: its last expression is displayed.

    Not by ``run_cell``: the cell round it would count as done although this one has failed.
    """
    code = shell.transform_cell(cell)
    name = shell.compile.cache(code)  # tracebacks show its lines
    body = shell.transform_ast(shell.compile.ast_parse(code, filename=name)).body
    last = [body.pop()] if body and isinstance(body[-1], ast.Expr) else []
    return [
        shell.compile(ast.Module(body, type_ignores=[]), name, "exec"),
        shell.compile(ast.Interactive(last), name, "single"),
    ]


def tell_of_folder(_info: object = None) -> None:
    """Tell in the next cell's output what would send an SDK's requests elsewhere, once.

    What is about an account alone is told when a client is made: many a folder has its own.
    """
    try:
        store = current_client().store
    except NotOnPlatformError:
        return
    for why in store.untold_cautions(RedirectedError.code):
        store.cautioned(why)
        print(f"jupyter_qcred: {why}", file=sys.stderr)  # noqa: T201 - for the cell's reader


def register(shell: Any) -> None:
    """Add ``%qcred`` and ``%%qcred`` to an IPython shell, and look at the folder with its cells."""
    shell.register_magic_function(qcred_magic, magic_kind="line", magic_name="qcred")
    shell.register_magic_function(cell_magic(shell), magic_kind="cell", magic_name="qcred")
    shell.events.register("pre_run_cell", tell_of_folder)
