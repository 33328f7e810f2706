"""Begin a login by a person: the answer is a page to open in that person's browser."""

from __future__ import annotations

from inspect import isawaitable
from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import NeedsLoginError
from jupyter_qcred.deliver.overview import as_json

from .base import CredentialsHandler, guarded
from .oidc import page

if TYPE_CHECKING:
    from jupyter_qcred.deliver.logins import Logins
    from jupyter_qcred.deliver.overview import LoginOverview


async def begin(logins: Logins, who: str) -> tuple[str, LoginOverview]:
    """Begin a login, where logins live; return its handle and how it stands."""
    handle = logins.begin(who)
    login = logins.find(handle)
    if login is None:
        raise NeedsLoginError("The login is over before it began")
    return handle, login


class LoginHandler(CredentialsHandler):
    """``/login``."""

    SUPPORTED_METHODS = ("POST", "OPTIONS")
    _track_activity = True

    @guarded
    async def post(self) -> None:
        """Begin a login, and answer with its page here, which leads on to the issuer's."""
        parts = await self.service.workers.run(self.service.parts)
        handle, login = await self.ask(begin(parts.logins, await self._who()))
        here = f"{self.request.protocol}://{self.request.host}"
        self.respond({"url": here + page(self.base_url, "login", handle), "login": as_json(login)})

    async def _who(self) -> str:
        """Return who has to finish it; empty where the request does not tell.

        A server that knows its users by a cookie alone makes up another name for each request that
        comes without, such as one with a token. Then whoever opens the page has to.
        """
        provider = self.identity_provider
        if provider.is_token_authenticated(self) or not provider.auth_enabled:
            known = provider.get_user_cookie(self)
            if (await known if isawaitable(known) else known) is None:
                return ""
        return str(self.current_user.username)
