"""The extension: links our parts into a Jupyter server."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool

from jupyter_qcred.deliver.service import CredentialService, set_current_service
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao

from .changes import Changes
from .handlers import HANDLERS, LOGIN_PAGES
from .handlers.base import PARTS, ApiParts, look
from .keys import KeyStore
from .metrics import Metrics, publish
from .saving import SaveRedaction
from .websocket import redacting_connection

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


class QcredApp(ExtensionApp):
    """Session-bound quantum-cloud credentials for this server's kernels.

    Turn it off with ``c.QcredApp.enabled = False``, or for good with
    ``jupyter server extension disable jupyter_qcred``.
    """

    name = "qcred"
    load_other_extensions = True
    classes = [CredentialService, EmbeddedOpenBao, SaveRedaction]

    enabled = Bool(True, help="Whether this server uses jupyter_qcred at all.").tag(config=True)  # noqa: FBT003
    redact_contents = Bool(True, help="Redact whatever is saved through this server.").tag(  # noqa: FBT003
        config=True
    )

    redact_outputs = Bool(
        True,  # noqa: FBT003
        help="Redact what kernels that do not redact by themselves send to browsers.",
    ).tag(config=True)

    store_keys = Bool(
        True,  # noqa: FBT003
        help="Let browsers store keys in the embedded OpenBao, such as one that was pasted into a "
        "notebook. Has no effect where a Vault is configured.",
    ).tag(config=True)

    service: CredentialService | None = None
    changes: Changes | None = None
    saving: SaveRedaction | None = None

    def _link_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """Set what only works before the server makes its managers, unless the user set it."""
        super()._link_jupyter_server_extension(serverapp)
        if not self.enabled:
            # A kernelspec may name our provisioner by itself: off means off there, too.
            set_current_service(CredentialService(parent=serverapp, enabled=False))
            return
        self.service = service = CredentialService(parent=serverapp)
        set_current_service(service)
        if service.enabled:
            _default(serverapp, "KernelProvisionerFactory", default_provisioner_name=PROVISIONER)
            _default(serverapp, "KernelManager", transport_encryption="auto")
        if self.redact_contents:
            self.saving = SaveRedaction(service, parent=self)
            self.saving.redact_exports(serverapp.config)
            if self.saving.documents_in_memory:
                _default(serverapp, "YDocExtension", ystore_class=DOCUMENT_STORE)
            self._compose_contents(serverapp)
            # An extension linked after us may bring another class, or load the configuration again.
            serverapp.observe(
                lambda _: self._compose_contents(serverapp), names="contents_manager_class"
            )

    def _compose_contents(self, serverapp: ServerApp) -> None:
        base = serverapp.contents_manager_class
        if self.saving is not None and not getattr(base, "qcred_redacts", False):
            serverapp.contents_manager_class = self.saving.contents_manager(base)

    def initialize_handlers(self) -> None:
        """Serve the API where there is something to tell."""
        if self.service is not None:
            self.handlers.extend(HANDLERS)
            self.handlers.extend(LOGIN_PAGES)

    def initialize_settings(self) -> None:
        """Give audit events a way onto the server's loop, and browsers no values.

        The connection class is composed here, when every extension had its say about it.
        """
        service, serverapp = self.service, self.serverapp
        if service is None or serverapp is None:
            return
        self.settings[PARTS] = self._api(service)
        self._count(service)
        service.event_logger = serverapp.event_logger
        service.call_on_server_loop = serverapp.io_loop.add_callback
        if self.redact_outputs:
            base = serverapp.web_app.settings[_CONNECTION]
            self.settings[_CONNECTION] = redacting_connection(base, service)

    @staticmethod
    def _count(service: CredentialService) -> None:
        metrics = Metrics(service)
        service.on_event, service.on_request = metrics.event, metrics.request
        publish(metrics)

    def _api(self, service: CredentialService) -> ApiParts:
        saving, keys = self.saving, KeyStore(service, self.store_keys)
        self.changes = Changes(
            partial(look, service),
            saving.receipts if saving is not None else None,
            service.clock,
            service.server_id,
        )
        return ApiParts(service, saving, keys, self.changes)

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:  # noqa: ARG002
        """Take care of what an earlier server left behind, beside everything else."""
        if self.service is not None and self.service.enabled:
            self.service.begin()

    async def stop_extension(self) -> None:
        """Revoke at once. Kernels are stopped after this, and an error here would stop nothing."""
        if self.service is not None:
            self.service.stop_sessions()
        if self.changes is not None:
            self.changes.close()


PROVISIONER = "qcred-provisioner"
DOCUMENT_STORE = "jupyter_qcred.server.document_store.MemoryYStore"
_CONNECTION = "kernel_websocket_connection_class"


def _default(serverapp: ServerApp, section: str, **values: Any) -> None:
    """Set a trait for classes the server makes later, unless any configuration set it."""
    config = serverapp.config
    for name, value in values.items():
        if name not in config[section]:
            config[section][name] = value
