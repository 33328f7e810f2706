"""What a server's save looks for, with the settings of the user and values of their own."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_core.paths import jupyter_data_dir

from jupyter_qcred.core.clock import SystemClock
from jupyter_qcred.deliver.service import CredentialService
from jupyter_qcred.server.issued_file import IssuedFile
from jupyter_qcred.server.rules import RuleBook
from jupyter_qcred.server.save_check import SaveCheck
from jupyter_qcred.server.save_policy import SavePolicy
from jupyter_qcred.server.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from traitlets.config import Config

    from jupyter_qcred.redact import Redactor
    from jupyter_qcred.server.unknown import Allowed

DEFAULTS: Final[dict[str, Any]] = {
    "redact_unknown": True,
    "ignored_rules": [],
    "redact_text_files": False,
    "allowed_fingerprints": [],
    "fingerprint_key_file": "",
    "remember_days": 90,
    "receipt_in_metadata": False,
}
"""Of ``SaveRedaction``, whose own module loads half a server, and takes seconds to."""


def save_check(config: Config, arm: Callable[[Redactor], None]) -> SaveCheck:
    """Return the check of a server with this configuration.

    Args:
        config: as a server reads it.
        arm: tells a redactor which values to look for.

    Raises:
        QcredError: what ``arm`` raises.
    """
    redactor = CredentialService(config=config).redactor
    arm(redactor)
    settings = DEFAULTS | dict(config.get("SaveRedaction", {}))
    directory = Path(jupyter_data_dir()) / "qcred"
    rules = RuleBook(
        settings["redact_unknown"],
        settings["ignored_rules"],
        settings["allowed_fingerprints"],
        directory / "allowed.json",
        Path(settings["fingerprint_key_file"] or directory / "fingerprint.key"),
        IssuedFile(directory / "issued.json", settings["remember_days"], SystemClock()),
        logging.getLogger("jupyter_qcred"),
    )
    policy = SavePolicy(
        unknown=Unknown(rules, _left),
        text_files=settings["redact_text_files"],
        metadata=settings["receipt_in_metadata"],
        values=lambda: redactor.plain,
    )
    return SaveCheck(redactor, policy)


def live_redactor(config: Config, arm: Callable[[Redactor], None]) -> Redactor:
    """Return the redactor of a kernel that such a server starts."""
    redactor = CredentialService(config=config).redactor
    arm(redactor)
    return redactor


def _left(_allowed: Allowed) -> None:
    """A server audits each use of an allowance; here there is nobody who saves."""
