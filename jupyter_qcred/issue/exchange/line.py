"""One request to a vendor, and its answer: bounded in time and size, and nothing besides.

Nothing of the environment is used: no proxies, no netrc, no CA variables. No redirect is followed,
no cookie kept, nothing retried. An answer is taken as it comes, without compression.
"""

from __future__ import annotations

import base64
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import requests
from requests import exceptions as http
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as ReadingTimeoutError

from jupyter_qcred.core.errors import ConfigError, IssuerBrokenError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.exchange.failures import VendorUnreachableError
from jupyter_qcred.issue.masked import Masked
from jupyter_qcred.issue.unsent import never_sent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_qcred.core.errors import QcredError

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
_LONGEST_WAIT: Final = 300.0  # seconds we let an answer ask for
_PIECE: Final = 16 * 1024
_VISIBLE: Final = frozenset(map(chr, range(0x20, 0x7F)))


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one request may take, and how large its answer may be.

    Attributes:
        connect: seconds until a connection stands.
        read: seconds between two pieces of the answer.
        whole: seconds for the answer's body as a whole.
        body: bytes of the answer.
    """

    connect: float = 4.0
    read: float = 8.0
    whole: float = 12.0
    body: int = 256 * 1024


@dataclass(frozen=True, slots=True)
class Ask:
    """A POST. Its representation shows nothing that it carries.

    Attributes:
        url: where to.
        body: the whole body, encoded.
        kind: what the body is.
        headers: what goes along; a Secret is sent as its value.
    """

    url: str
    body: Secret
    kind: str = FORM
    headers: Mapping[str, str | Secret] = field(default_factory=dict)


def form(fields: Mapping[str, str | Secret]) -> Secret:
    """Return a form's body, without fields that are empty."""
    return Secret(urlencode({name: _plain(value) for name, value in fields.items() if value}))


def document(value: Mapping[str, Any]) -> Secret:
    """Return a JSON body."""
    return Secret(json.dumps(value))


def basic(user: str | Secret, password: Secret, quote: Callable[[str], str]) -> Secret:
    """Return the header of HTTP's basic authentication, each part quoted first."""
    pair = f"{quote(_plain(user))}:{quote(password.reveal())}"
    return Secret(f"Basic {base64.b64encode(pair.encode()).decode()}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status.

    Attributes:
        status: HTTP status.
        kind: media type, in lower case and without parameters.
        content: the body.
        cookies: what it sets.
        retry_after: seconds that it asks to wait; None where it does not.
        elapsed: seconds since the request was made.
        now: the vendor's clock, seconds since 1970; ours where it does not tell.
        skew: seconds that the vendor's clock is ahead of ours; 0 where it does not tell.
    """

    status: int
    kind: str
    content: Secret
    cookies: Mapping[str, Secret]
    retry_after: float | None
    elapsed: float
    now: float
    skew: float

    @property
    def ok(self) -> bool:
        """Whether the status says that it was done."""
        return 200 <= self.status < 300

    def json(self) -> Masked | None:
        """Return the JSON object; None where the body is none, or is not declared to be JSON."""
        if self.kind != JSON and not self.kind.endswith("+json"):
            return None
        with suppress(ValueError, RecursionError):
            read = json.loads(self.content.reveal(), object_hook=Masked)
            return read if isinstance(read, Masked) else None
        return None


class Line:
    """Where an exchange sends its requests.

    Attributes:
        title: who is asked, for messages.
        credential: for which profile.
    """

    def __init__(
        self,
        title: str,
        credential: str,
        *,
        ca_file: str = "",
        limits: Limits | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.title = title
        self.credential = credential
        self._ca_file = ca_file
        self._limits = limits or Limits()
        self._wall = wall

    def named(self, ask: Ask) -> str:
        """Who is asked and where, for messages: never a path, which may hold anything."""
        return f"{self.title} at {urlsplit(ask.url).netloc}"

    def post(self, ask: Ask) -> Answer:
        """Send one request; return the answer whatever its status.

        Raises:
            VendorUnreachableError: no answer came, or it broke off.
            IssuerBrokenError: it is larger than any answer of this kind.
            ConfigError: the request cannot be sent as it is.
        """
        self._check(ask)
        failure: QcredError
        adapter = HTTPAdapter(max_retries=0)
        try:
            answer = self._exchanged(adapter, ask)
        except (OSError, HTTPError) as error:  # requests' own are OSErrors
            failure = self._unreachable(error, ask)
        else:
            if answer is not None:
                return answer
            failure = IssuerBrokenError(
                f"{self.named(ask)} gave an answer without an end, or in a form not asked for",
                next_step="Check that the address is that of the exchange; it is retried by itself",
                credential=self.credential,
                ambiguous=True,
            )
        finally:
            adapter.close()
        # Outside of the handler: the request hangs on that exception.
        raise failure

    def _check(self, ask: Ask) -> None:
        if self._ca_file and not Path(self._ca_file).is_file():
            raise ConfigError(
                f"there is no file {self._ca_file}",
                next_step="Correct the option ca_file of the profile's exchange",
                credential=self.credential,
            )
        # http.client would show the value in its refusal.
        if any(not _VISIBLE.issuperset(_plain(value)) for value in ask.headers.values()):
            raise ConfigError(
                f"what is stored for {self.credential} has characters that no key has",
                next_step="Store it again, in one line",
                credential=self.credential,
            )

    def _exchanged(self, adapter: HTTPAdapter, ask: Ask) -> Answer | None:
        began = time.monotonic()
        response = adapter.send(
            _prepared(ask),
            stream=True,
            timeout=(self._limits.connect, self._limits.read),
            verify=self._ca_file or True,
        )
        try:
            content = self._content(response)
            return None if content is None else self._answer(response, content, began)
        finally:
            response.close()

    def _content(self, response: requests.Response) -> Secret | None:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            return None
        until = time.monotonic() + self._limits.whole
        read, pieces = 0, []
        while piece := response.raw.read1(_PIECE):
            pieces.append(piece)
            read += len(piece)
            if read > self._limits.body:
                return None
            if time.monotonic() > until:
                raise http.ReadTimeout
        return Secret(b"".join(pieces).decode("utf-8", "replace"))

    def _answer(self, response: requests.Response, content: Secret, began: float) -> Answer:
        headers, ours = response.headers, self._wall()
        theirs = _moment(headers.get("Date", ""))
        now = ours if theirs is None else theirs
        return Answer(
            status=response.status_code,
            kind=headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            content=content,
            cookies=_cookies(response),
            retry_after=_wait(headers.get("Retry-After", ""), now),
            elapsed=time.monotonic() - began,
            now=now,
            skew=now - ours,
        )

    def _unreachable(self, failure: Exception, ask: Ask) -> VendorUnreachableError:
        who, sent = self.named(ask), not never_sent(failure)
        next_step = _NO_WAY
        if isinstance(failure, http.SSLError):
            reason, next_step = f"no trusted TLS connection to {who}", _NO_TRUST
        elif isinstance(failure, http.ConnectTimeout):
            reason = f"{who} did not accept a connection in time"
        elif isinstance(failure, http.Timeout | ReadingTimeoutError):
            reason = f"{who} did not answer in time"
        elif not sent:
            reason = f"{who} cannot be reached"
        else:
            reason = f"{who} broke the connection"
        return VendorUnreachableError(
            reason, next_step=next_step, credential=self.credential, ambiguous=sent
        )


_NO_WAY: Final = (
    "Check that the server may reach that address (proxies of the environment are not used); it "
    "is retried by itself"
)
_NO_TRUST: Final = (
    "Set the option ca_file of the profile's exchange to the authority that signed the "
    "certificate, where it is not a public one"
)


def _plain(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _prepared(ask: Ask) -> requests.PreparedRequest:
    prepared = requests.PreparedRequest()
    prepared.method, prepared.url = "POST", ask.url
    prepared.body = ask.body.reveal().encode()
    prepared.headers = CaseInsensitiveDict(
        {
            "Accept": JSON,
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": "jupyter_qcred",
            "Content-Type": ask.kind,
            "Content-Length": str(len(prepared.body)),
        }
        | {name: _plain(value) for name, value in ask.headers.items()}
    )
    return prepared


def _cookies(response: requests.Response) -> dict[str, Secret]:
    found: dict[str, Secret] = {}
    for line in response.raw.headers.getlist("Set-Cookie"):
        with suppress(CookieError):
            found |= {name: Secret(morsel.value) for name, morsel in SimpleCookie(line).items()}
    return found


def _moment(text: str) -> float | None:
    with suppress(ValueError, TypeError, OverflowError):
        return parsedate_to_datetime(text).timestamp()
    return None


def _wait(text: str, now: float) -> float | None:
    """Return the seconds of a ``Retry-After``, which may be a date (RFC 9110, 10.2.3)."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(float(text), _LONGEST_WAIT)
    moment = _moment(text)
    return None if moment is None else min(max(0.0, moment - now), _LONGEST_WAIT)
