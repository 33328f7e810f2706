"""Revoke at the issuer, for operators: whoever's sessions, wherever their servers run.

Tokens are found by what every one of ours carries: the role that made it, and the metadata of
``tree.metadata``. A server that lost its session tokens this way opens new ones for whoever asks,
as long as its own login is good; so whom it is about is locked out first.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar

from jupyter_qcred.core.backoff import delays
from jupyter_qcred.core.errors import IssuerError, NotEntitledError, QcredError
from jupyter_qcred.core.lease import Accessor, Outcome
from jupyter_qcred.issue.vault import auth, revocation
from jupyter_qcred.issue.vault.call import Call
from jupyter_qcred.issue.vault.client import VaultClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.masked import Masked
    from jupyter_qcred.issue.vault.settings import VaultSettings

T = TypeVar("T")
R = TypeVar("R")

CREATE: Final = "auth/token/create/"
"""What the path of every token begins with that a token role made."""

_AT_ONCE: Final = 8
_ATTEMPTS: Final = 5
_ADVICE: Final = "Log in with a token that has the policy qcred-operator; it ships with the package"


@dataclass(frozen=True, slots=True)
class Found:
    """A token or a lease that can be revoked.

    Attributes:
        kind: which of them.
        handle: a token's accessor, or a lease's id. It reads nothing; who may, revokes by it.
        path: where it was made: ``auth/token/create/<role>``, or the path of a dynamic source.
        user: name of the server's user; empty for leases, which carry none, and for tokens of
            earlier versions' servers.
        server: our name of the Jupyter server, in the audit of that server.
        kernel: Jupyter's kernel id, chosen by clients.
        session: the intent, ``session`` in the audit.
        issued: when it was made; None where that is not told.
        expires_in: seconds that it lives unless renewed; None where that is not told.
    """

    kind: Literal["token", "lease"]
    handle: str
    path: str
    user: str = ""
    server: str = ""
    kernel: str = ""
    session: str = ""
    issued: datetime | None = None
    expires_in: float | None = None

    @property
    def role(self) -> str:
        """The token role that made it; empty for a lease."""
        return self.path.removeprefix(CREATE) if self.path.startswith(CREATE) else ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one revocation; ``reason`` is empty where it was confirmed."""

    found: Found
    confirmed: bool
    reason: str = ""


class Operator:
    """An operator's login, held for one command and dropped after it if it was made for it.

    ``on_progress`` is told how many of how many are done, from several threads.

    Raises:
        ConfigError: the address or the login is not set.
    """

    def __init__(
        self,
        settings: VaultSettings,
        on_progress: Callable[[str, int, int], None] = lambda _doing, _done, _of: None,
    ) -> None:
        self._identity = settings.identity()
        self._client = VaultClient(settings.endpoint())
        self._on_progress = on_progress
        self._login: auth.Login | None = None
        self._away = ""

    def __enter__(self) -> Self:
        """Log in.

        Raises:
            QcredError: the login failed.
        """
        try:
            self._login = auth.log_in(self._client, self._identity)
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._login is not None and self._login.ours:
            revocation.drop(self._client, self._login.token)
        self._client.close()

    @property
    def issuer(self) -> str:
        """The issuer in a few words."""
        return self._client.issuer

    @property
    def _token(self) -> Secret:
        assert self._login is not None, "used inside of `with`"
        return self._login.token

    # -- finding -------------------------------------------------------------------------------

    def tokens(self, roles: Iterable[str], user: str = "") -> list[Found]:
        """Return the live tokens which these roles made, role by role, and then oldest first.

        Args:
            roles: names of token roles, those above before those below.
            user: only those made for this user of a Jupyter server; empty for everybody's.

        Raises:
            NotEntitledError: the login lacks the policy ``qcred-operator``.
            QcredError: the issuer failed.
        """
        paths = [f"{CREATE}{role}" for role in roles]
        accessors = self._list(
            Call("listing tokens", "LIST", "auth/token/accessors", changes=False)
        )
        looked = self._each("looked at", accessors, partial(_patiently, self._look_up))
        wanted = [
            found
            for found in looked
            if found is not None and found.path in paths and (not user or found.user == user)
        ]
        return sorted(
            wanted,
            key=lambda one: (paths.index(one.path), one.issued is None, one.issued, one.handle),
        )

    def leases(self, path: str) -> list[Found]:
        """Return the leases of a dynamic source, whoever asked for them.

        Raises:
            NotEntitledError: the login lacks the policy ``qcred-operator``.
            QcredError: the issuer failed.
        """
        call = Call("listing leases", "LIST", f"sys/leases/lookup/{path}", changes=False)
        return [
            Found("lease", f"{path}/{name}", path)
            for name in self._list(call)
            if not name.endswith("/")  # a longer path: another source
        ]

    def _list(self, call: Call) -> list[str]:
        answer = self._client.send(call, token=self._token)
        if answer.status == 404 and answer.valid and not answer.errors:
            return []  # there are none
        if not answer.ok:
            raise self._refused(self._client.problem(answer, call, self._token))
        keys = answer.body.section("data").get("keys")
        return [str(key) for key in keys] if isinstance(keys, list) else []

    def _look_up(self, accessor: str) -> Found | None:
        """Return what a token was made for; None for one that has died meanwhile."""
        path = "auth/token/lookup-accessor"
        call = Call("looking a token up", "POST", path, changes=False)
        answer = self._client.send(call, token=self._token, body={"accessor": accessor})
        if answer.status in {400, 403, 404} and answer.says("accessor"):
            return None
        if not answer.ok:
            raise self._refused(self._client.problem(answer, call, self._token))
        return _found(accessor, answer.body.section("data"))

    @staticmethod
    def _refused(problem: QcredError) -> QcredError:
        if isinstance(problem, NotEntitledError):
            return NotEntitledError(problem.reason, next_step=_ADVICE)
        return problem

    # -- revoking ------------------------------------------------------------------------------

    def revoke(self, found: Sequence[Found]) -> list[Result]:
        """Revoke each by its handle; what fails is told in its result.

        Role by role, in the order in which the roles occur: the issuer fails to end a token while
        it is ending the one above.

        Raises:
            LeaseExpiredError: the operator's own token has died.
        """
        results: list[Result] = []
        for path in dict.fromkeys(one.path for one in found):
            part = [one for one in found if one.path == path]
            results += self._each(
                "revoked", part, self._revoke_or_tell, before=len(results), of=len(found)
            )
        return results

    def _revoke_or_tell(self, found: Found) -> Result:
        if self._away:
            return Result(found, confirmed=False, reason=self._away)
        try:
            return _patiently(self._revoke, found)
        except IssuerError as error:
            # The others would only find out the same, one long wait after the other.
            self._away = error.reason
            return Result(found, confirmed=False, reason=error.reason)

    def _revoke(self, found: Found) -> Result:
        try:
            if found.kind == "lease":
                outcome = revocation.revoke_lease(self._client, self._token, found.handle)
            else:
                accessor = Accessor(found.handle)
                outcome = revocation.revoke_accessor(self._client, self._token, accessor)
        except IssuerError as error:
            if error.retryable:
                raise
            return Result(found, confirmed=False, reason=error.reason)
        reasons = {
            Outcome.CONFIRMED: "",
            Outcome.UNSUPPORTED: "the login may not revoke it",
            Outcome.FAILED: "the issuer could not carry it out",
        }
        return Result(found, outcome is Outcome.CONFIRMED, reasons[outcome])

    def _each(
        self, doing: str, items: Sequence[T], do: Callable[[T], R], *, before: int = 0, of: int = 0
    ) -> list[R]:
        """Do it to each, several at once, and count, with those ``before`` and all there are."""
        results: list[R] = []
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="qcred-operator") as pool:
            try:
                for result in pool.map(do, items):
                    results.append(result)
                    self._on_progress(doing, before + len(results), of or len(items))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return results


def _patiently(do: Callable[[T], R], item: T) -> R:
    """Try again where the issuer limits us or is away for a moment."""
    waits: Iterator[float] = islice(delays(0.5, 8.0), _ATTEMPTS - 1)
    while True:
        try:
            return do(item)
        except IssuerError as error:
            wait = next(waits, None)
            if not error.retryable or wait is None:
                raise
            time.sleep(wait)


def _found(accessor: str, facts: Masked) -> Found:
    meta: dict[str, Any] = facts.section("meta")
    created, ttl = facts.get("creation_time"), facts.get("ttl")
    return Found(
        kind="token",
        handle=accessor,
        path=str(facts.get("path") or ""),
        user=str(meta.get("user") or ""),
        server=str(meta.get("server") or ""),
        kernel=str(meta.get("kernel") or ""),
        session=str(meta.get("intent") or ""),
        issued=datetime.fromtimestamp(created, UTC) if isinstance(created, int) else None,
        expires_in=float(ttl) if isinstance(ttl, int) and ttl > 0 else None,
    )
