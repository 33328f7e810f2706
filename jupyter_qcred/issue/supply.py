"""Which issuer this process uses: the configured one, else the user's own embedded OpenBao."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from traitlets import TraitError

from jupyter_qcred.core.errors import ConfigError, NotStoredError
from jupyter_qcred.issue.person import BY_PERSON, nobody_yet

if TYPE_CHECKING:
    from traitlets.config import LoggingConfigurable

    from jupyter_qcred.core.errors import NeedsLoginError
    from jupyter_qcred.issue.embedded.hold import Hold
    from jupyter_qcred.issue.issuer import Issuer


class IssuerSupply:
    """Makes the issuer at first use, so that a server start asks nothing.

    Attributes:
        embedded: it is the user's own OpenBao.
        login_mount: auth mount at which a person logs in; empty where the server does by itself.
    """

    def __init__(self, parent: LoggingConfigurable) -> None:
        self._parent = parent
        self._lock = threading.Lock()
        self._issuer: Issuer | None = None
        self._hold: Hold | None = None
        self._address = ""
        section: dict[str, Any] = parent.config.get("VaultIssuer", {})
        self.embedded = not section.get("address", "")
        by_person = not self.embedded and section.get("auth_method", "") == BY_PERSON
        self.login_mount = str(section.get("auth_mount", "") or BY_PERSON) if by_person else ""
        self._configured = str(section.get("address", ""))

    def describe(self) -> str:
        """Name the issuer for messages and audit, without making it."""
        issuer = self._issuer
        return issuer.describe() if issuer is not None else "issuer not contacted yet"

    @property
    def contacted(self) -> bool:
        """Whether anybody has asked for the issuer yet."""
        return self._issuer is not None

    def nobody_yet(self) -> NeedsLoginError | None:
        """What there is to say while nobody has logged in; None where no person has to."""
        return nobody_yet(f"OpenBao at {self._configured}") if self.login_mount else None

    @staticmethod
    def load() -> None:
        """Import what issuing needs, so that the first kernel does not wait for it."""
        import jupyter_qcred.issue.vault.issuer  # noqa: F401

    def issuer(self) -> Issuer:
        """Return the issuer; starts or joins the embedded OpenBao where that is the one.

        Raises:
            NotStoredError: no Vault is configured, and nothing was ever stored in the embedded one.
            ConfigError: a setting is wrong.
            QcredError: the embedded one does not start.
        """
        with self._lock:
            if self._hold is not None and self._hold.address != self._address:
                # Its supervisor was killed, and the one that took over listens elsewhere.
                self._issuer = self._reach(self._hold)
            if self._issuer is None:
                self._issuer = self._make()
            return self._issuer

    def _make(self) -> Issuer:
        try:
            return self._make_embedded() if self.embedded else self._make_configured()
        except TraitError as error:
            # Our traits' messages name the setting and what is wrong with it, never a secret.
            raise ConfigError(str(error)) from None

    def _make_configured(self) -> Issuer:
        from jupyter_qcred.issue.vault.issuer import VaultIssuer

        return VaultIssuer(parent=self._parent)

    def _make_embedded(self) -> Issuer:
        from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao

        embedded: EmbeddedOpenBao = EmbeddedOpenBao(parent=self._parent)
        if not embedded.initialised():
            raise NotStoredError("No key is stored yet, and no Vault is configured")
        self._hold = hold = embedded.hold()
        return self._reach(hold)

    def _reach(self, hold: Hold) -> Issuer:
        from jupyter_qcred.issue.vault.issuer import VaultIssuer

        self._address = hold.address
        return VaultIssuer(
            parent=self._parent,
            address=hold.address,
            auth_method="approle",
            role_id=hold.role_id,
            secret_id_file=hold.secret_id_file,
        )

    def close(self) -> None:
        """Drop connections, and let go of the embedded OpenBao."""
        with self._lock:
            if self._issuer is not None:
                self._issuer.close()
            if self._hold is not None:
                self._hold.release()
            self._issuer = self._hold = None
