"""Vendors on the loopback interface that issue values for some seconds, and know when one is dead.

A ``Cloud`` has two addresses, as vendors do: one hands out short-lived values for a long-lived key,
and the other one does the work, for whoever presents a value that lives.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from jupyter_qcred.testing.loopback import Scripted
from jupyter_qcred.testing.vendor import Vendor, bearer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

KEY = "long-lived-key-0123456789-ABCDEFGHIJKLMNOPQR"
"""What is stored at the issuer. No kernel and no file of a server may have it."""

LIFE = 15
"""Seconds that a value lives: three rotations in half a minute, and time for a busy machine."""

XML = {"Content-Type": "text/xml"}
Answer = tuple[Any, ...]


class Cloud:
    """One vendor.

    Args:
        issue: called with the cloud and the body of a request for a value; returns the answer.
        answer: of the service, called with method, path and body.
        presented: what a request's headers present, without the scheme.
        keys: values that live until somebody ends them, where nothing shorter is issued.
        how: of ``Vendor``.
    """

    def __init__(
        self,
        answer: Callable[[str, str, bytes], Any],
        *,
        issue: Callable[[Cloud, str], Answer] | None = None,
        presented: Callable[[Mapping[str, str]], str] = bearer,
        keys: tuple[str, ...] = (),
        **how: Any,
    ) -> None:
        self.ends = dict.fromkeys(keys, float("inf"))
        self.issued: list[str] = list(keys)
        self._door = Scripted(lambda _method, path, body: self._issue(issue, path, body))
        self._service = Vendor(presented, answer, **how)
        self._service.accepts = self.accepts

    def _issue(
        self, issue: Callable[[Cloud, str], Answer] | None, path: str, body: bytes
    ) -> Answer:
        return (404, b"") if issue is None else issue(self, f"{path}\n{body.decode()}")

    def accepts(self, shown: str) -> bool:
        """Whether a value was issued here and lives."""
        return time.time() < self.ends.get(shown, 0)

    def new(self, value: str = "") -> str:
        """Issue a value that lives for ``LIFE`` seconds."""
        made = value or f"value-{len(self.issued)}-{secrets.token_urlsafe(32)}"
        self.issued.append(made)
        self.ends[made] = time.time() + LIFE
        return made

    @property
    def door(self) -> str:
        """Where values are issued."""
        return self._door.address

    @property
    def url(self) -> str:
        """Where the work is done."""
        return self._service.url

    @property
    def authority(self) -> Path:
        """Who signed the service's certificate."""
        return self._service.authority

    @property
    def taken(self) -> list[str]:
        """The values with which work was done, in turn."""
        calls = self._service.calls
        return [call.presented for call in calls if call.status == 200 and call.presented]

    @property
    def refused(self) -> int:
        """How many requests came with a dead value, or with none."""
        return sum(call.status != 200 for call in self._service.calls)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._service.close()
        self._door.close()


def jwt() -> str:
    """Return a token that says itself when it ends."""
    now = int(time.time())
    parts = ({"alg": "none"}, {"iat": now, "exp": now + LIFE, "jti": secrets.token_hex(8)})
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(text.rstrip("=") for text in texts), secrets.token_urlsafe(24)])


def oauth(cloud: Cloud, asked: str) -> Answer:
    """Give a bearer for the key, as every token endpoint does."""
    if KEY not in asked:
        return 400, {"error": "invalid_grant"}
    token = cloud.new(jwt())
    return 200, {"access_token": token, "token_type": "Bearer", "expires_in": LIFE}


def google(cloud: Cloud, asked: str) -> Answer:
    """Give a federated token for the key, and one of the service account for that."""
    if asked.startswith("/iam"):
        end = datetime.fromtimestamp(time.time() + LIFE, UTC).isoformat()
        return 200, {"accessToken": cloud.new(), "expireTime": end}
    if KEY not in asked:
        return 400, {"error": "invalid_grant"}
    return 200, {"access_token": "federated-token-in-between", "expires_in": LIFE}


def quantinuum(cloud: Cloud, _asked: str) -> Answer:
    """Set the cookie of an access token; the key came as a cookie, too."""
    return 200, b"", {"Set-Cookie": f"myqos_id={cloud.new(jwt())}; Path=/; HttpOnly; Secure"}


def sts(cloud: Cloud, asked: str) -> Answer:
    """Give the three parts of a role's session, whose key id belongs to its token."""
    assert "Action=AssumeRole&" in f"{asked}&"
    token = cloud.new(f"session-token-{secrets.token_hex(24)}")
    end = datetime.fromtimestamp(time.time() + LIFE, UTC).isoformat()
    return (
        200,
        f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult><Credentials>
    <AccessKeyId>ASIA{token[-16:]}</AccessKeyId>
    <SecretAccessKey>secret-of-{token}</SecretAccessKey>
    <SessionToken>{token}</SessionToken>
    <Expiration>{end}</Expiration>
  </Credentials></AssumeRoleResult>
</AssumeRoleResponse>""".encode(),
        XML,
    )
