"""The pages of a login by a person: to the issuer's page, back from it, and what came of it.

What the browser brings back stands in an address, and addresses get into logs and histories. So the
query is taken out of the request before anything else sees it, and the answer leads the browser on
to an address that holds nothing.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from jupyter_qcred.core.errors import NeedsLoginError, QcredError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.server.page import POLICY, Page, rendered

from .base import AUTH_RESOURCE, PARTS, Verb, guarded

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import TypeVar

    from jupyter_qcred.deliver.logins import Logins
    from jupyter_qcred.deliver.overview import LoginOverview
    from jupyter_qcred.deliver.service import CredentialService

    T = TypeVar("T")

PAGES: Final = "qcred/oidc"
"""Below the base URL: what people's browsers open."""

PATIENCE: Final = 60.0
"""Seconds that a person looks at a blank page while the issuer answers."""

LONGEST: Final = 16 * 1024
"""Bytes of a code or a state."""

_NONE: Final = "none"


def page(base_url: str, *parts: str) -> str:
    """Return the path of one of these pages."""
    return url_path_join(base_url, PAGES, *parts)


def writing(method: Verb) -> Verb:
    """Ask the server's authorizer for more than GET says: a login changes something."""
    return authorized(action="write")(method)


class PageHandler(JupyterHandler):
    """A page for people, which is not part of the API."""

    auth_resource = AUTH_RESOURCE
    SUPPORTED_METHODS = ("GET",)

    @property
    def service(self) -> CredentialService:
        """The service of this server."""
        service: CredentialService = self.settings[PARTS].service
        return service

    @property
    def content_security_policy(self) -> str:
        """Nothing but the page itself, whatever the server allows elsewhere."""
        return POLICY

    def set_default_headers(self) -> None:
        """Let no browser keep the page, frame it, or tell others of its address."""
        super().set_default_headers()
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")

    async def logins(self) -> Logins:
        """The logins of this server."""
        return (await self.service.workers.run(self.service.parts)).logins

    async def ask(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine where logins live, while this server's own loop goes on."""
        return await self.service.ask(coroutine, PATIENCE)

    def show(self, what: Page, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Send a page."""
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(rendered(what))

    def show_problem(self, error: QcredError) -> None:
        """Say what failed and what to do next."""
        forbidden = error.code == "not_entitled"
        status = HTTPStatus.FORBIDDEN if forbidden else HTTPStatus.CONFLICT
        self.show(Page("Not logged in", error.reason, error.next_step), status)

    def lead_on(self, *parts: str) -> None:
        """Send the browser to an address that holds nothing."""
        self.redirect(page(self.base_url, *parts), status=HTTPStatus.SEE_OTHER)

    def write_error(self, status_code: int, **_kwargs: Any) -> None:
        """Say it in a page like the others; nothing of the request is repeated."""
        phrase = HTTPStatus(status_code).phrase
        reason = f"The Jupyter server answered: {phrase}"
        self.show(Page("Not logged in", reason, "Begin again"), HTTPStatus(status_code))


class OpenHandler(PageHandler):
    """``/login/<handle>``: where the URL of a login leads, and from here to the issuer's page."""

    @web.authenticated
    @writing
    async def get(self, handle: str) -> None:
        """Send the browser to the issuer's page."""
        logins, who = await self.logins(), str(self.current_user.username)
        back = f"{self.request.protocol}://{self.request.host}{page(self.base_url, 'callback')}"
        try:
            url = await self.ask(logins.open(handle, who, back))
        except QcredError as error:
            self.show_problem(error)
            return
        self.redirect(url.reveal(), status=HTTPStatus.SEE_OTHER)


class CallbackHandler(PageHandler):
    """``/callback``: where the issuer's page sends the browser back to."""

    _brought: dict[str, Secret]

    def initialize(self) -> None:
        """Take the query out of the request, before anything could log or repeat it."""
        request = self.request
        self._brought = {
            name: Secret(_one(request.query_arguments.get(name, [])))
            for name in ("state", "code", "error")
        }
        request.uri, request.query = request.path, ""
        if "Referer" in request.headers:  # the provider's page, whose address holds the state
            del request.headers["Referer"]
        request.query_arguments.clear()
        request.arguments.clear()
        request.body_arguments.clear()

    # Not `web.authenticated`, which keeps the address for after the login at this server.
    async def get(self) -> None:
        """Finish the login, and lead on to what came of it."""
        if self.current_user is None:
            self.lead_on("result", _NONE)
            return
        await self._finish()

    @writing
    async def _finish(self) -> None:
        logins, brought = await self.logins(), self._brought
        refused = bool(brought["error"])
        who = str(self.current_user.username)
        finishing = logins.finish(brought["state"], brought["code"], who, refused=refused)
        try:
            handle = await self.ask(finishing)
        except NeedsLoginError:
            handle = _NONE
        except TimeoutError:
            handle = "latest"
        self.lead_on("result", handle)


class ResultHandler(PageHandler):
    """``/result/<handle>``: what came of a login."""

    @guarded
    async def get(self, handle: str) -> None:
        """Show it."""
        logins = await self.logins()

        async def look() -> LoginOverview | None:
            return logins.find(handle) if handle != "latest" else logins.overview()

        login = await self.ask(look())
        if login is None:
            self.show(_UNKNOWN, HTTPStatus.CONFLICT)
        elif login.state == "done":
            self.show(_DONE)
        elif login.state == "failed":
            self.show(Page("Not logged in", login.reason, login.next_step), HTTPStatus.CONFLICT)
        else:
            self.show(_UNDER_WAY)


_DONE: Final = Page("You are logged in", "You may close this window", "")
_UNDER_WAY: Final = Page(
    "Still under way",
    "The issuer takes its time to answer",
    "JupyterLab's panel of credentials and `jupyter qcred login` show what comes of it",
)
_UNKNOWN: Final = Page(
    "Not logged in",
    "This answer belongs to no login that waits for one in this browser: it was begun elsewhere, "
    "is finished, was replaced, or came too late",
    "Begin again from JupyterLab's panel of credentials, or by `jupyter qcred login`",
)


def _one(values: list[bytes]) -> str:
    """Return the only value; empty where there is none, or none that could be meant."""
    if len(values) != 1 or len(values[0]) > LONGEST:
        return ""
    return values[0].decode(errors="replace")
