"""The server's API for people and their programs, and the pages of a login.

Metadata only, never a value. ``openapi.yaml``, beside this folder, says what each route of the API
takes and answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .allowed import AllowedHandler
from .changes import ChangesHandler
from .credentials import CredentialHandler
from .deliver import DeliverHandler
from .doctor import CanaryHandler, PartsHandler
from .leases import LeaseHandler, LeasesHandler, RenewHandler
from .login import LoginHandler
from .oidc import PAGES, CallbackHandler, OpenHandler, PageHandler, ResultHandler
from .outstanding import OutstandingHandler
from .redactions import RedactionsHandler
from .revoke import RevokeHandler
from .status import StatusHandler

if TYPE_CHECKING:
    from .base import CredentialsHandler

ROOT: Final = "/qcred/api"
"""Below the server's base URL."""

HANDLERS: Final[list[tuple[str, type[CredentialsHandler]]]] = [
    (f"{ROOT}/status", StatusHandler),
    (f"{ROOT}/leases", LeasesHandler),
    # Any text may stand there: it is compared with the ids that are held, and nothing else.
    (f"{ROOT}/leases/(?P<lease_id>[^/]+)", LeaseHandler),
    (f"{ROOT}/leases/(?P<lease_id>[^/]+)/renew", RenewHandler),
    (f"{ROOT}/deliver", DeliverHandler),
    (f"{ROOT}/revoke", RevokeHandler),
    (f"{ROOT}/outstanding", OutstandingHandler),
    (f"{ROOT}/changes", ChangesHandler),
    (f"{ROOT}/redactions", RedactionsHandler),
    (f"{ROOT}/allowed", AllowedHandler),
    (f"{ROOT}/credentials/(?P<name>[^/]+)", CredentialHandler),
    (f"{ROOT}/login", LoginHandler),
    (f"{ROOT}/parts", PartsHandler),
    (f"{ROOT}/canary", CanaryHandler),
]
"""The API."""

LOGIN_PAGES: Final[list[tuple[str, type[PageHandler]]]] = [
    (f"/{PAGES}/login/(?P<handle>[0-9a-f]{{32}})", OpenHandler),
    (f"/{PAGES}/callback", CallbackHandler),
    (f"/{PAGES}/result/(?P<handle>[0-9a-z]+)", ResultHandler),
]
"""What a person's browser opens to log in."""
