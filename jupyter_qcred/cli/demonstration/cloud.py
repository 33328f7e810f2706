"""A quantum cloud on the loopback interface, which accepts a credential only while it lives.

Its credentials are tokens of the demo's OpenBao: at each request the cloud asks OpenBao about the
one that is presented, so that a revocation shows at once. It logs nothing.
"""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self

from jupyter_qcred.cli.demonstration import circuit
from jupyter_qcred.cli.demonstration.grant import CREDENTIAL_POLICY
from jupyter_qcred.core.errors import NeedsLoginError, QcredError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.vault.call import Call
from jupyter_qcred.issue.vault.client import Endpoint, VaultClient

if TYPE_CHECKING:
    from collections.abc import Callable

_DEAD: Final = "no such credential is alive"
_JOBS: Final = "/v1/jobs"
_LONGEST_BODY: Final = 64 * 1024
_MOST_JOBS: Final = 1000
_LOOK_UP: Final = Call("looking a credential up", "GET", "auth/token/lookup-self", changes=False)


@dataclass(frozen=True, slots=True)
class Job:
    """A circuit that was run.

    Attributes:
        id: from 1.
        holder: accessor of the credential it was submitted with.
        shots: how often the circuit was run.
        counts: how often each outcome was measured.
        when: it was run.
    """

    id: int
    holder: str
    shots: int
    counts: dict[str, int]
    when: datetime


def counts_in_words(job: Job) -> str:
    """``00 x 504, 11 x 496``."""
    return ", ".join(f"{outcome} x {count}" for outcome, count in job.counts.items())


class RefusedError(Exception):
    """The cloud's answer is an error."""

    def __init__(self, status: HTTPStatus, words: str) -> None:
        super().__init__(words)
        self.status = status


class Cloud:
    """The cloud, running while it is entered.

    Args:
        openbao: address of the OpenBao that knows the credentials.

    Attributes:
        jobs: all that were run, in order.
        presented: the accepted credentials by accessor, so that they can be presented again.
        url: where it listens.
    """

    def __init__(self, openbao: str) -> None:
        self._openbao = VaultClient(Endpoint(openbao))
        self._lock = threading.Lock()
        self.jobs: list[Job] = []
        self.presented: dict[str, Secret] = {}
        handler = type("Handler", (_Handler,), {"cloud": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._openbao.close()

    def present(self, credential: Secret) -> int:
        """Present a credential over HTTP, as its finder would; return the answer's status.

        Raises:
            OSError, http.client.HTTPException: no answer.
        """
        link = http.client.HTTPConnection("127.0.0.1", self._server.server_port, timeout=10)
        try:
            link.request("GET", _JOBS, headers={"Authorization": f"Bearer {credential.reveal()}"})
            return link.getresponse().status
        finally:
            link.close()

    def admit(self, authorization: str) -> str:
        """Return the accessor of the live credential in a request's ``Authorization``.

        Raises:
            RefusedError: 401 when there is no live one, 503 when OpenBao can't tell.
        """
        scheme, _, text = authorization.partition(" ")
        credential = Secret(text.strip())
        if scheme.lower() != "bearer" or not credential:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "send `Authorization: Bearer CREDENTIAL`")
        try:
            answer = self._openbao.send(_LOOK_UP, token=credential)
        except NeedsLoginError:  # it can't be a token
            raise RefusedError(HTTPStatus.UNAUTHORIZED, _DEAD) from None
        except QcredError:
            raise RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE, "credentials can't be checked now"
            ) from None
        facts = answer.body.section("data")
        if not answer.ok or facts.get("policies") != [CREDENTIAL_POLICY]:
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED, "this credential is not, or no longer, valid"
            )
        holder = str(facts["accessor"])
        self.presented[holder] = credential
        return holder

    def submit(self, holder: str, request: dict[str, Any]) -> Job:
        """Run a circuit.

        Raises:
            RefusedError: 400, it can't be run; 429, too many jobs.
        """
        text, shots = request.get("circuit"), request.get("shots", 1000)
        if not isinstance(text, str) or not isinstance(shots, int):
            raise RefusedError(HTTPStatus.BAD_REQUEST, "expected a text `circuit` and `shots`")
        try:
            counts = circuit.run(circuit.parse(text), shots)
        except circuit.CircuitError as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, str(error)) from None
        with self._lock:
            if len(self.jobs) >= _MOST_JOBS:
                raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "this cloud has run enough")
            now = datetime.now().astimezone()
            job = Job(len(self.jobs) + 1, holder, shots, counts, now)
            self.jobs.append(job)
        return job


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, calls the cloud, writes the answer."""

    cloud: Cloud
    timeout = 10

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _get(self, holder: str, _body: bytes) -> tuple[HTTPStatus, dict[str, Any]]:
        own = [job for job in self.cloud.jobs if job.holder == holder]
        if self.path == _JOBS:
            return HTTPStatus.OK, {"jobs": [job.id for job in own]}
        for job in own:
            if self.path == f"{_JOBS}/{job.id}":
                return HTTPStatus.OK, {"id": job.id, "status": "done", "counts": job.counts}
        raise RefusedError(HTTPStatus.NOT_FOUND, "this credential has no such job")

    def _post(self, holder: str, body: bytes) -> tuple[HTTPStatus, dict[str, Any]]:
        if self.path != _JOBS:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"POST {_JOBS} submits a circuit")
        try:
            request = json.loads(body)
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict):
            raise RefusedError(HTTPStatus.BAD_REQUEST, "expected a JSON object")
        job = self.cloud.submit(holder, request)
        return HTTPStatus.CREATED, {"id": job.id, "status": "done"}

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LONGEST_BODY:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too long")
        return self.rfile.read(int(length))

    def _answer(self, work: Callable[[str, bytes], tuple[HTTPStatus, dict[str, Any]]]) -> None:
        try:
            # Read in any case: closing on unread data would reset the answer away.
            body = self._body()
            status, answer = work(self.cloud.admit(self.headers.get("Authorization", "")), body)
        except RefusedError as refusal:
            status, answer = refusal.status, {"error": str(refusal)}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Log nothing."""
