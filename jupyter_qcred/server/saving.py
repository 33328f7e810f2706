"""How this server saves: its settings, and the parts that they put together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_core.paths import jupyter_data_dir
from traitlets import Bool, Dict, Int, List, Unicode, default
from traitlets.config import LoggingConfigurable

from .contents import redacting_contents_manager
from .export import redact_exports
from .issued_file import IssuedFile
from .receipt import Receipts
from .rules import RuleBook
from .save_check import SaveCheck
from .save_policy import SavePolicy
from .threads import redacting_threads
from .unknown import Unknown

if TYPE_CHECKING:
    from traitlets.config import Config

    from jupyter_qcred.deliver.service import CredentialService
    from jupyter_qcred.detect import Allowance

    from .receipt import Receipt
    from .unknown import Allowed


class SaveRedaction(LoggingConfigurable):
    """Redacts whatever is saved or exported through this server.

    Attributes:
        receipts: the last redaction of each file.
    """

    redact_unknown = Bool(
        True,  # noqa: FBT003
        help="Redact in notebooks what has the format of a secret, though nobody issued it here. "
        "A detector that hits what it should not can be turned off by `ignored_rules`, a single "
        "text allowed by `allowed_fingerprints`.",
    ).tag(config=True)
    ignored_rules = List(
        Unicode(), help="Ids of detectors that are not used; `jupyter qcred scan` names them."
    ).tag(config=True)
    redact_text_files = Bool(
        False,  # noqa: FBT003
        help="Look for formats in other text files, too: scripts may need the key they hold. "
        "Values that were issued are redacted in every file in any case.",
    ).tag(config=True)
    allowed_fingerprints = List(
        Dict(),
        help="Texts that are no secrets: {fingerprint, reason, who, until}. Users have a list of "
        "their own, `qcred/allowed.json` in Jupyter's data directory; each use is audited.",
    ).tag(config=True)
    fingerprint_key_file = Unicode(
        help="The key of all fingerprints, made when there is none. One file for many users lets "
        "an operator allow a text for all of them."
    ).tag(config=True)
    remember_days = Int(
        90,
        min=0,
        help="Days for which the fingerprints of issued values are kept, so that one in an old "
        "notebook is still redacted; 0 keeps none.",
    ).tag(config=True)
    receipt_in_metadata = Bool(
        False,  # noqa: FBT003
        help="Notebooks say in `metadata.qcred.redacted` how many values were redacted in them.",
    ).tag(config=True)

    documents_in_memory = Bool(
        True,  # noqa: FBT003
        help="Keep the history of documents edited together (jupyter-collaboration) in memory: its "
        "database on the disk holds whatever anybody typed. Has no effect where "
        "`YDocExtension.ystore_class` is set.",
    ).tag(config=True)

    def __init__(self, service: CredentialService, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._service = service
        self._allowed: set[tuple[str, str]] = set()
        self.receipts = Receipts()
        directory = Path(jupyter_data_dir()) / "qcred"
        issued = IssuedFile(directory / "issued.json", self.remember_days, service.clock)
        self._rules = RuleBook(
            self.redact_unknown,
            self.ignored_rules,
            self.allowed_fingerprints,
            directory / "allowed.json",
            Path(self.fingerprint_key_file),
            issued,
            self.log,
        )
        self.policy = SavePolicy(
            unknown=Unknown(self._rules, self._left),
            text_files=self.redact_text_files,
            metadata=self.receipt_in_metadata,
            values=lambda: service.redactor.plain,
        )
        if self.remember_days:
            service.redactor.on_armed = self._remember

    @default("fingerprint_key_file")
    def _default_fingerprint_key_file(self) -> str:
        return str(Path(jupyter_data_dir()) / "qcred" / "fingerprint.key")

    def contents_manager(self, base: type[Any]) -> type[Any]:
        """Return a contents manager class that saves no values."""
        return redacting_contents_manager(
            base, self._service.redactor, self._redacted, self.policy, self.receipts.forget
        )

    def allow(self, allowance: Allowance) -> None:
        """Leave a text as it is from now on, at the user's wish. Blocks.

        Raises:
            ConfigError: the user's list can't be changed.
        """
        self._rules.allow(allowance)

    def title(self, rule: str) -> str:
        """Return what a detector finds, in words; empty for the name of a credential."""
        return self._rules.title(rule)

    def redact_exports(self, config: Config) -> None:
        """Redact what nbconvert makes in this server."""
        check = SaveCheck(self._service.redactor, self.policy)

        def notebook(content: Any) -> Any:
            model = {"type": "notebook", "format": "json", "content": content}
            checked, _ = check.or_refuse(model, "", self.log)
            if checked is model:
                return content
            from nbformat import from_dict

            return from_dict(checked["content"])  # type: ignore[no-untyped-call]

        redact_exports(config, notebook, lambda text: self._service.redactor.text(text).text)

    def _remember(self, credential: str, values: list[str]) -> None:
        redacting_threads().submit(self._rules.remember, credential, values)

    def _redacted(self, receipt: Receipt) -> None:
        self.receipts.add(receipt)
        self.log.warning("jupyter_qcred: %r was saved: %s", receipt.path[:200], receipt)
        self._service.parts().trail.redacted_on_save(receipt)

    def _left(self, allowed: Allowed) -> None:
        use = (allowed.path, allowed.allowance.fingerprint)
        if use not in self._allowed and len(self._allowed) < 10_000:
            self._allowed.add(use)
            self._service.parts().trail.allowed(allowed.path, allowed.rule, allowed.allowance)
