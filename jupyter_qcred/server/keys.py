"""Keys that a person gives the browser to be stored, and that never come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_qcred.audit.events import Stored
from jupyter_qcred.core.errors import ConfigError, NotEntitledError
from jupyter_qcred.issue.builtin import VENDORS
from jupyter_qcred.issue.embedded.openbao import STORE, EmbeddedOpenBao, check_name
from jupyter_qcred.issue.supply import IssuerSupply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.deliver.service import CredentialService


class AlreadyStoredError(Exception):
    """There is a key of that name, and it was not said that it is to be replaced."""


@dataclass(frozen=True, slots=True)
class KeyStore:
    """Stores keys in the embedded OpenBao of this server's user.

    Attributes:
        service: whose issuer it is.
        allowed: the operator lets browsers store keys.
    """

    service: CredentialService
    allowed: bool = True

    @property
    def usable(self) -> bool:
        """Whether keys can be stored from here: not where a Vault is configured."""
        return self.allowed and self.service.enabled and IssuerSupply(self.service).embedded

    def check(self) -> None:
        """Say why nothing can be stored from here.

        Raises:
            NotEntitledError: it is turned off.
            ConfigError: credentials come from elsewhere.
        """
        if self.usable:
            return
        if self.service.enabled and self.allowed:
            raise ConfigError(
                "Credentials come from a Vault here, and the embedded OpenBao is not used",
                next_step="Store the key there, by `bao kv put` or its own page",
            )
        raise NotEntitledError(
            "This server does not store keys for browsers",
            next_step="Store it by `jupyter qcred put NAME` in a terminal, or ask your operator",
        )

    def store(
        self, name: str, fields: Mapping[str, Secret], *, replace: bool, who: str = ""
    ) -> None:
        """Store a key, and look for it in everything from now on. Blocks, for seconds at times.

        Args:
            name: of the credential.
            fields: its parts by name; not empty.
            replace: one that is there may go.
            who: whoever stores it, for the audit; empty for the server's user.

        Raises:
            AlreadyStoredError: there is one, which stays.
            QcredError: not such a name, not possible here, or OpenBao does not start.
        """
        check_name(name)
        self.check()
        embedded: EmbeddedOpenBao = EmbeddedOpenBao(parent=self.service)
        with embedded.hold():  # so that it is started once for both
            if not replace and name in embedded.stored():
                raise AlreadyStoredError
            # Armed first: the notebook that it was pasted into may be saved at any moment.
            self._arm(name, fields)
            replaced = embedded.put(name, fields)
        self.service.parts().audit.emit(
            Stored(
                user=self.service.user,
                server=self.service.server_id,
                credential=name,
                change="replaced" if replaced else "added",
                by="browser",
                who=who or self.service.user,
                store=STORE,
                path=str(embedded.layout.directory),
            )
        )

    def _arm(self, name: str, fields: Mapping[str, Secret]) -> None:
        public = VENDORS[name].public if name in VENDORS else frozenset()
        values = [value.reveal() for field, value in fields.items() if field not in public]
        self.service.redactor.arm(name, values)


def main_field(name: str) -> str:
    """Return what the one value of a credential is called."""
    vendor = VENDORS.get(name)
    return (vendor.main if vendor else "") or "value"
