"""A client of our API which holds every answer against the document."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import yaml
from jsonschema import Draft202012Validator
from support.deployment import CANARY
from support.sweep import texts_with

import jupyter_qcred.server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.jupyter import JupyterServer

ROOT = "/qcred/api/"
DOCUMENT: dict[str, Any] = yaml.safe_load(
    (Path(jupyter_qcred.server.__file__).parent / "openapi.yaml").read_text(encoding="utf-8")
)


class Api:
    """Asks one server with its token.

    Attributes:
        answers: the text of each answer.
    """

    def __init__(self, server: JupyterServer, document: dict[str, Any] = DOCUMENT) -> None:
        self._server = server
        self._document = document
        self.answers: list[str] = []

    def get(self, path: str, /, **query: str) -> Any:
        return self._ask("get", path, 200, params=query)

    def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        return self._ask("post", path, status, json=body)

    def put(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        return self._ask("put", path, status, json=body)

    def delete(self, path: str, *, status: int = 200) -> Any:
        return self._ask("delete", path, status)

    def refused(self, verb: str, path: str, status: int, **how: Any) -> Any:
        return self._ask(verb.lower(), path, status, **how)

    def _ask(self, verb: str, path: str, status: int, **how: Any) -> Any:
        headers = {"Authorization": self._server.authorization, **how.pop("headers", {})}
        url = f"{self._server.url}{ROOT.strip('/')}/{path}"
        answer = requests.request(verb, url, headers=headers, timeout=60, **how)
        self.answers.append(answer.text)
        assert answer.status_code == status, f"{verb} {path}: {answer.status_code} {answer.text}"
        body = answer.json()
        if route := self._route(verb, path):
            self.check(self._document, verb, route, status, body)
        return body

    def _route(self, verb: str, path: str) -> str | None:
        for route, operations in self._document["paths"].items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", route)
            if verb in operations and re.fullmatch(pattern, ROOT + path):
                return str(route)
        return None

    @staticmethod
    def check(document: dict[str, Any], verb: str, route: str, status: int, body: Any) -> None:
        """Hold one answer against its schema."""
        response = document["paths"][route][verb]["responses"][str(status)]
        if "$ref" in response:
            response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        schema = response["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(body)


@contextmanager
def asking(server: JupyterServer) -> Iterator[Api]:
    """The API; at the end every kernel is gone and no answer held a value."""
    client = Api(server)
    yield client
    for kernel in server.api("GET", "api/kernels"):
        server.api("DELETE", f"api/kernels/{kernel['id']}")
    assert texts_with(CANARY, client.answers) == []


def cookie_login(server: JupyterServer) -> requests.Session:
    """Return a browser that has logged in by the login page, and holds its cookies."""
    browser = requests.Session()
    token = server.authorization.removeprefix("token ")
    browser.get(f"{server.url}login", timeout=30)
    form = {"password": token, "_xsrf": browser.cookies["_xsrf"]}
    answer = browser.post(f"{server.url}login", data=form, timeout=30, allow_redirects=False)
    assert answer.status_code == 302, answer.text
    return browser
