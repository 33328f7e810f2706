"""As much of a Kubernetes API as the kubernetes auth method asks for: TokenReview.

A cluster cannot run inside a test; the review's request and answer are those of
``authentication.k8s.io/v1``.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any, Self

from support.loopback import Scripted


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class TokenReview:
    """Knows the service account tokens that it made.

    Attributes:
        reviewer: the token that OpenBao asks with.
        reviews: how many reviews were asked for.
    """

    def __init__(self) -> None:
        self._accounts: dict[str, tuple[str, str]] = {}
        self.reviewer = self.service_account("kube-system", "reviewer")
        self.reviews = 0
        self._server = Scripted(self._answer)
        self.address = self._server.address

    def service_account(self, namespace: str, name: str) -> str:
        """Return a token of a service account; its signature is for the API alone to judge."""
        now = int(time.time())
        claims = {
            "iss": "https://kubernetes.default.svc",
            "sub": f"system:serviceaccount:{namespace}:{name}",
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "kubernetes.io": {
                "namespace": namespace,
                "serviceaccount": {"name": name, "uid": f"uid-{name}"},
            },
        }
        token = f"{_part({'alg': 'RS256'})}.{_part(claims)}.{secrets.token_urlsafe(32)}"
        self._accounts[token] = (namespace, name)
        return token

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if (method, path) != ("POST", "/apis/authentication.k8s.io/v1/tokenreviews"):
            return 404, {"kind": "Status", "code": 404}
        self.reviews += 1
        review = json.loads(body)
        account = self._accounts.get(review["spec"]["token"])
        status: dict[str, Any] = {"authenticated": False}
        if account is not None:
            namespace, name = account
            user = {
                "username": f"system:serviceaccount:{namespace}:{name}",
                "uid": f"uid-{name}",
                "groups": ["system:serviceaccounts", "system:authenticated"],
            }
            status = {"authenticated": True, "user": user}
        return 201, {**review, "status": status}

    def close(self) -> None:
        """Stop the API."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
