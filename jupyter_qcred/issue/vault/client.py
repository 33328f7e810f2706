"""One pooled connection to a Vault or OpenBao server, safe for several threads.

hvac builds the requests; everything that it would take from the environment is closed off: no
proxies, no netrc, no CA variables, no ``VAULT_TOKEN``, no ``~/.vault-token``, no redirects. The
token goes with each call, never into the client: threads use different ones at once.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from json import loads
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from hvac.adapters import RawAdapter
from urllib3.exceptions import HTTPError

from jupyter_qcred.core.errors import ConfigError, NeedsLoginError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.masked import Masked
from jupyter_qcred.issue.vault import classify, problems
from jupyter_qcred.issue.vault.call import Answer, Call
from jupyter_qcred.issue.vault.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.core.errors import QcredError
    from jupyter_qcred.issue.vault.transport import Reply

_LONGEST_WAIT: Final = 300  # seconds we let an answer ask for: it may come from a broken proxy
_ERROR_START: Final = 200  # characters of a text answer looked at for a known phrase


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the server is and how long it may take.

    Attributes:
        address: ``https://host:port``, ``http://host:port`` or ``unix:///abs/socket``.
        namespace: namespace header, empty for the root.
        ca_file: bundle of trusted authorities; empty means certifi's.
        connect_timeout: seconds until a connection stands.
        read_timeout: seconds between two bytes of the answer.
        revoke_timeout: the same for revocations, which walk a whole tree.
    """

    address: str
    namespace: str = ""
    ca_file: str = ""
    connect_timeout: float = 2.0
    read_timeout: float = 10.0
    revoke_timeout: float = 60.0


class VaultClient:
    """Sends one request at a time and thread, and turns every failure into one of our errors."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.issuer = f"OpenBao at {endpoint.address}"
        transport = Transport(endpoint.address, endpoint.ca_file)
        self._adapter = RawAdapter(
            base_uri=transport.base_uri,
            token="",  # None would make hvac look for somebody's token
            session=transport,
            allow_redirects=False,
            namespace=endpoint.namespace or None,
        )

    def close(self) -> None:
        """Drop the pooled connections."""
        self._adapter.close()

    def send(
        self,
        call: Call,
        *,
        token: Secret | None,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Send one request; return the answer whatever its status.

        Args:
            call: what to ask.
            token: what to ask with; None for a login.
            body: JSON object; a Secret in it is sent as its value.
            query: the same, behind the path. Libraries log whole URLs: see ``unlogged`` first.

        Raises:
            QcredError: no answer came; see ``classify.of_transport``.
        """
        failure: QcredError
        path = _quoted(call) + (f"?{urlencode(_plain(query))}" if query else "")
        if token and not _fits_header(token):
            raise NeedsLoginError(
                "the token holds spaces or characters that no token has",
                next_step="Check the file or setting that it comes from",
            )
        try:
            reply = self._adapter.request(
                call.method,
                f"/v1/{path}",
                headers={"X-Vault-Token": token.reveal()} if token else {},
                raise_exception=False,
                json=None if body is None else _plain(body),
                timeout=self._timeout(call),
            )
        except (OSError, HTTPError) as error:
            failure = classify.of_transport(error, call, self.issuer)
        else:
            return _answer(reply)
        # Raised outside of the handler: the request, token included, hangs on that exception and
        # would stay reachable as the context of ours.
        raise failure

    def request(
        self, call: Call, *, token: Secret | None, body: Mapping[str, Any] | None = None
    ) -> Masked:
        """Send one request; return the JSON object of a good answer.

        Raises:
            QcredError: anything else; ``LeaseExpiredError`` when ``token`` is dead,
                ``NotEntitledError`` when it lives and lacks the right.
        """
        answer = self.send(call, token=token, body=body)
        if answer.ok:
            return answer.body
        raise self.problem(answer, call, token)

    def problem(self, answer: Answer, call: Call, token: Secret | None) -> QcredError:
        """Return our error for an answer; a 403 is settled by asking about the token."""
        if answer.status == 403 and token and not self.alive(token):
            return problems.dead_token(call, self.issuer)
        return classify.of_answer(answer, call, self.issuer)

    def alive(self, token: Secret) -> bool:
        """Whether Vault knows the token."""
        call = Call("looking the token up", "GET", "auth/token/lookup-self", changes=False)
        answer = self.send(call, token=token)
        if answer.status == 403:
            # A live token without the right to look itself up is refused by the policy check, which
            # reports a list; a dead one does not get that far.
            return answer.says("1 error occurred")
        if not answer.ok:
            raise classify.of_answer(answer, call, self.issuer)
        return True

    def _timeout(self, call: Call) -> tuple[float, float]:
        limits = self._endpoint
        slow = "revoke" in call.path
        return limits.connect_timeout, limits.revoke_timeout if slow else limits.read_timeout


def _fits_header(token: Secret) -> bool:
    """Whether http.client takes it; it would show the value in its refusal."""
    text = token.reveal()
    return text.isascii() and text.isprintable() and " " not in text


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.reveal() if isinstance(value, Secret) else value for name, value in body.items()
    }


def _quoted(call: Call) -> str:
    """Return the path for a URL; a path that would lead elsewhere is refused."""
    if any(part in {"", ".", ".."} for part in call.path.split("/")):
        raise ConfigError(
            f"{call.path!r} is no path of the issuer",
            next_step="Write it without empty parts, `.` and `..`",
            credential=call.credential,
        )
    return quote(call.path, safe="/", errors="surrogatepass")


def _answer(reply: Reply) -> Answer:
    body: Any = None
    valid = not reply.data
    with suppress(ValueError):  # a proxy's page, a cut body: judged by `valid`
        body = loads(reply.data, object_hook=Masked) if reply.data else Masked()
        valid = isinstance(body, Masked)
    if not isinstance(body, Masked):
        body = Masked()
    listed = body.get("errors")
    texts = listed if isinstance(listed, list) else []
    if not valid:
        texts = [reply.data[:_ERROR_START].decode(errors="replace")]
    errors = tuple(str(text).lower() for text in texts)
    wait = _seconds(reply.headers.get("Retry-After", ""))
    return Answer(reply.status, body, errors, valid, wait)


def _seconds(text: str) -> float | None:
    """Return the seconds of a ``Retry-After``; its other form, a date, is not sent by Vault."""
    text = text.strip()
    return float(min(int(text), _LONGEST_WAIT)) if text.isascii() and text.isdigit() else None
