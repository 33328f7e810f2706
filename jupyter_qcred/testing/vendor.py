"""A vendor on the loopback interface that takes one credential and rejects every other one."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

from requests.structures import CaseInsensitiveDict

from jupyter_qcred.testing import loopback
from jupyter_qcred.testing.loopback import QuietHandler, Served

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Call(NamedTuple):
    """One request as it came in, and what was said to it."""

    method: str
    path: str
    presented: str
    status: int


class Vendor(Served):
    """Answers in the vendor's format to whom presents what is alive, and 401 to everybody else.

    Args:
        presented: returns what a request's headers present, without the scheme. Among them are
            ``:method``, ``:path`` and the body's ``:sha256``, for those who check signatures.
        answer: called with method, path and body; returns what becomes JSON.
        open_paths: beginnings of paths that need no credential.
        media: returns the content type of the answer to a request with these headers.
        tls: folder for a certificate of its own; plain HTTP without.
    """

    def __init__(
        self,
        presented: Callable[[Mapping[str, str]], str],
        answer: Callable[[str, str, bytes], Any],
        *,
        open_paths: tuple[str, ...] = (),
        media: Callable[[Mapping[str, str]], str] | None = None,
        tls: Path | None = None,
    ) -> None:
        self.alive = ""
        self.accepts: Callable[[str], bool] = lambda shown: shown == self.alive
        self.calls: list[Call] = []
        outer = self

        class Handler(QuietHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                got = CaseInsensitiveDict(self.headers.items())
                # As HTTP/2 has them: a signature covers more than headers.
                got[":method"], got[":path"] = self.command, self.path
                got[":sha256"] = hashlib.sha256(body).hexdigest()
                shown = presented(got)
                good = bool(shown) and outer.accepts(shown)
                status = 200 if good or self.path.startswith(open_paths or ("\0",)) else 401
                content: Any = {"error": "unauthorized"}
                if status == 200:
                    content = answer(self.command, self.path, body)
                outer.calls.append(Call(self.command, self.path, shown, status))
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                kind = "application/json" if media is None else media(got)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_PUT(self) -> None:  # noqa: N802 - http.server asks for it
                self.answer()

        context = None
        if tls is not None:
            self.authority = certificate(tls)
            context = loopback.tls(self.authority, tls / "key.pem")
        super().__init__(Handler, context)

    @property
    def url(self) -> str:
        """Its address."""
        return self.address

    @property
    def presented(self) -> list[str]:
        """What was presented, in turn."""
        return [call.presented for call in self.calls]


def bearer(headers: Mapping[str, str]) -> str:
    """Return the token of an ``Authorization: Bearer``."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token if scheme == "Bearer" else ""


def aws_token(headers: Mapping[str, str]) -> str:
    """Return the session token, where the key id that belongs to it has signed.

    They belong together when they end alike: ``ASIA`` and the last 16 letters of the token.
    """
    token = headers.get("X-Amz-Security-Token", "")
    signed = re.search(r"Credential=ASIA([\w-]+)/", headers.get("Authorization", ""))
    return token if signed and token.endswith(signed[1]) else "a mixture"


def certificate(folder: Path) -> Path:
    """Make a certificate for the loopback interface; return its file, beside ``key.pem``."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req",  # noqa: S607 - wherever it is
         "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-keyout", folder / "key.pem", "-out", made, "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    return made
