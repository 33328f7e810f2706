"""The audit of what commands change in the store, in the file to which servers write as well."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from jupyter_qcred.audit.events import Stored
from jupyter_qcred.deliver.who import user_name
from jupyter_qcred.issue.embedded.openbao import STORE

if TYPE_CHECKING:
    import argparse

    from jupyter_qcred.audit.events import StoredBy, StoredChange
    from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao


def record(
    args: argparse.Namespace,
    embedded: EmbeddedOpenBao,
    name: str,
    change: StoredChange,
    by: StoredBy,
) -> None:
    """Record a change that was made. Never raises: what cannot be recorded is told and stays done.

    Args:
        args: hold ``audit_file`` where there is one.
        embedded: the store.
        name: of the credential.
        change: what became of it.
        by: the command.
    """
    if (file := getattr(args, "audit_file", None)) is None:
        return
    # What it imports costs half a second: nobody waits for it who is not recorded.
    from jupyter_qcred.audit.audit import Audit

    user = user_name()
    with closing(Audit(file=file)) as audit:
        audit.emit(
            Stored(
                user=user,
                server="",
                credential=name,
                change=change,
                by=by,
                who=user,
                store=STORE,
                path=os.fspath(embedded.layout.directory),
            )
        )
