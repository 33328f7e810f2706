"""Logins by a person: begun at this server, finished by the browser that opened them.

    begun ──a browser opens it──▶ opened ──it comes back──▶ finishing ──▶ done
      └────────────┴── too late, replaced, refused, by somebody else ──▶ failed

One at a time, in memory only. Whoever begins names themselves if they can: then nobody else can go
on. Where they cannot (the command line shows a token, and no cookie), the first user who opens the
login is the one who has to finish it. What comes back is compared with a state that only that
browser and the issuer have seen; a state that is not ours changes nothing, so that no page from
elsewhere can end a login, or finish another one in its place.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from jupyter_qcred.core.errors import ConfigError, NeedsLoginError, NotEntitledError, QcredError
from jupyter_qcred.issue.person import WAYS

from .overview import LoginOverview

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_qcred.audit.events import LoginStep
    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.guard import GuardedIssuer
    from jupyter_qcred.issue.person import Invitation
    from jupyter_qcred.issue.workers import Workers

    from .server_token import ServerToken

    OnLogin = Callable[[LoginStep, str, str], None]

State = Literal["begun", "opened", "finishing", "done", "failed"]

_OPEN: Final = frozenset({"begun", "opened"})


@dataclass(eq=False, slots=True)
class _Login:
    """One attempt.

    Attributes:
        handle: names it in URLs; no secret.
        who: Jupyter user who may go on; empty until somebody opens it.
        ends: when it is too late, on the clock.
    """

    handle: str
    who: str
    ends: float
    state: State = "begun"
    invitation: Invitation | None = None
    problem: QcredError | None = None


class Logins:
    """Runs on the engine's loop.

    Args:
        mount: auth mount of the issuer; empty where the server logs in by itself.
        timeout: seconds from the beginning of a login to its end.
        on_login: told what became of a login: ``begun``, ``done`` or ``failed``; of whom; and the
            code of the error.
    """

    def __init__(
        self,
        mount: str,
        issuer: GuardedIssuer,
        server_token: ServerToken,
        workers: Workers,
        clock: Clock,
        timeout: float,
        on_login: OnLogin,
    ) -> None:
        self._mount = mount
        self._issuer = issuer
        self._server_token = server_token
        self._workers = workers
        self._clock = clock
        self._timeout = timeout
        self._on_login = on_login
        self._login: _Login | None = None

    # -- looking -------------------------------------------------------------------------------

    def overview(self) -> LoginOverview | None:
        """Return how the login stands; None where the server logs in by itself."""
        if not self._mount:
            return None
        token, login = self._server_token, self._current()
        needed = token.current() is None or token.ending
        if login is None:
            return LoginOverview(needed=needed, state="none")
        problem = login.problem
        return LoginOverview(
            needed=needed,
            state=login.state,
            handle=login.handle,
            code=problem.code if problem else "",
            reason=problem.reason if problem else "",
            next_step=problem.next_step if problem else "",
        )

    def find(self, handle: str) -> LoginOverview | None:
        """Return the login of that handle, if it is the latest."""
        login = self._current()
        return self.overview() if login is not None and login.handle == handle else None

    def _current(self) -> _Login | None:
        login = self._login
        if login is not None and login.state in _OPEN and self._clock.now() >= login.ends:
            self._fail(login, _too_late())
        return login

    # -- one step after the other --------------------------------------------------------------

    def begin(self, who: str) -> str:
        """Begin a login, in place of one that nobody has finished; return its handle.

        Args:
            who: the Jupyter user who may go on; empty for whoever opens it.

        Raises:
            ConfigError: the server logs in by itself.
            NeedsLoginError: one is being finished at this moment.
        """
        if not self._mount:
            raise ConfigError(
                "This server logs in by itself: there is nothing for a person to do",
                next_step="`jupyter qcred status` shows how it stands",
            )
        before = self._current()
        if before is not None and before.state == "finishing":
            raise NeedsLoginError(
                "A login is being finished at this moment", next_step="Try again in a moment"
            )
        if before is not None and before.state in _OPEN:
            self._fail(before, _replaced())
        login = _Login(secrets.token_hex(16), who, self._clock.now() + self._timeout)
        self._login = login
        asyncio.get_running_loop().call_later(self._timeout + 0.1, self._current)
        self._on_login("begun", who, "")
        return login.handle

    async def open(self, handle: str, who: str, redirect_uri: str) -> Secret:
        """Return the page of the issuer to go to, for one browser.

        Raises:
            NeedsLoginError: there is no such login any more.
            NotEntitledError: somebody else began it.
            QcredError: the issuer refuses, or failed; the login has failed with it.
        """
        login = self._current()
        if login is None or login.handle != handle or login.state not in _OPEN:
            raise _gone()
        if login.who not in {"", who}:
            raise _of_another()
        login.who = who
        ask = partial(self._issuer.invite, redirect_uri)
        try:
            invitation = await self._workers.run(ask)
        except QcredError as error:
            if login.state in _OPEN:
                self._fail(login, error)
            raise
        if self._current() is not login or login.state not in _OPEN:
            raise _gone()
        login.invitation, login.state = invitation, "opened"
        return invitation.url

    async def finish(self, state: Secret, code: Secret, who: str, *, refused: bool) -> str:
        """Take what a browser brought back; return the handle of its login, done or failed.

        Args:
            state: as it came.
            code: as it came.
            who: the Jupyter user whose browser it is.
            refused: the identity provider says no, and gave no code.

        Raises:
            NeedsLoginError: the state is of no login that waits.
        """
        login, invitation = self._waiting(state)
        if login.who != who:
            # Whoever has another user's state has no business here: it is of no use any more.
            self._fail(login, _of_another())
        elif refused or not code:
            self._fail(login, _refused())
        else:
            await self._take(login, invitation, code)
        return login.handle

    def _waiting(self, state: Secret) -> tuple[_Login, Invitation]:
        login = self._current()
        if login is None or login.state != "opened" or login.invitation is None:
            raise _gone()
        if login.invitation.state != state:  # in constant time, as secrets compare themselves
            raise _gone()
        return login, login.invitation

    async def _take(self, login: _Login, invitation: Invitation, code: Secret) -> None:
        login.state, login.invitation = "finishing", None
        try:
            await self._server_token.open_by(partial(self._issuer.open_server_by, invitation, code))
        except QcredError as error:
            self._fail(login, error)
        except BaseException:
            self._fail(login, _fault())
            raise
        else:
            login.state = "done"
            self._on_login("done", login.who, "")

    def _fail(self, login: _Login, problem: QcredError) -> None:
        login.state, login.problem, login.invitation = "failed", problem, None
        self._on_login("failed", login.who, problem.code)


def _gone() -> NeedsLoginError:
    return NeedsLoginError(
        "This answer belongs to no login that waits for one: it was begun elsewhere, is finished, "
        "was replaced, or came too late",
        next_step=WAYS,
    )


def _too_late() -> NeedsLoginError:
    return NeedsLoginError("Nobody finished the login in time", next_step=WAYS)


def _replaced() -> NeedsLoginError:
    return NeedsLoginError("Another login was begun in place of this one", next_step="Finish that")


def _refused() -> NeedsLoginError:
    return NeedsLoginError(
        "The identity provider did not let you in",
        next_step="Try again; if it lasts, ask your operator whether you may use this server",
    )


def _of_another() -> NotEntitledError:
    return NotEntitledError(
        "This login belongs to another user of this Jupyter server, or to another browser",
        next_step=WAYS,
    )


def _fault() -> QcredError:
    return QcredError("The server failed", next_step="See its log, then try again")
