"""Logins by a person, step by step: in time, by one user, and one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from support import deployment
from support.provider import Provider, answer_of, let_in
from support.stack import Stack

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerUnreachableError,
    NeedsLoginError,
    NotEntitledError,
)
from jupyter_qcred.core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

    from support.openbao import OpenBao

    from jupyter_qcred.deliver.overview import LoginOverview

BACK = "http://127.0.0.1:8888/qcred/oidc/callback"


class Stage:
    """A service at which people log in, and a person who goes where they are sent."""

    def __init__(self, openbao: OpenBao, home: Path) -> None:
        issuer = {"auth_method": "oidc", "auth_role": "jupyter"}
        self.stack = Stack(openbao, home, issuer=issuer)
        self.logins = self.stack.parts.logins

    def wait(self, step: Coroutine[Any, Any, Any]) -> Any:
        return self.stack.service.engine.wait(step, 60)

    def begin(self, who: str = "alice") -> str:
        return str(self.stack.on_loop(lambda: self.logins.begin(who)))

    def open(self, handle: str, who: str = "alice") -> dict[str, str]:
        """Open it, and log in at the provider; return what comes back."""
        url = self.wait(self.logins.open(handle, who, BACK)).reveal()
        answer = requests.get(url, timeout=30, allow_redirects=False)
        return answer_of(answer.headers["Location"])

    def finish(self, brought: dict[str, str], who: str = "alice") -> LoginOverview:
        state, code = Secret(brought["state"]), Secret(brought["code"])
        self.wait(self.logins.finish(state, code, who, refused=False))
        return self.now()

    def now(self) -> LoginOverview:
        overview: LoginOverview = self.stack.on_loop(self.logins.overview)
        return overview

    def told(self) -> list[tuple[str, str, str]]:
        """What the audit has: step, who and why."""
        return [(one["step"], one["who"], one["reason"]) for one in self.stack.events("login")]


@pytest.fixture(scope="module")
def provider(openbao: OpenBao) -> Iterator[Provider]:
    deployment.provide(openbao)
    with Provider() as made:
        let_in(openbao, made, BACK)
        yield made


@pytest.fixture
def stage(openbao: OpenBao, provider: Provider, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(openbao, tmp_path / "home")
    yield made
    made.stack.close()


def test_it_begins_is_opened_and_is_done(stage: Stage) -> None:
    """Each step can be seen, and the audit has the beginning and the end."""
    assert (stage.now().needed, stage.now().state) == (True, "none")
    handle = stage.begin()
    assert stage.now().state == "begun"
    brought = stage.open(handle)
    assert (stage.now().state, stage.now().handle) == ("opened", handle)
    assert (stage.finish(brought).state, stage.now().needed) == ("done", False)
    assert stage.told() == [("begun", "alice", ""), ("done", "alice", "")]


def test_what_comes_back_too_late_is_refused(stage: Stage) -> None:
    """Although OpenBao would still take it; another login can be begun at once."""
    brought = stage.open(stage.begin())
    stage.stack.clock.add(301)
    with pytest.raises(NeedsLoginError, match="belongs to no login"):
        stage.finish(brought)
    assert (stage.now().state, stage.now().code) == ("failed", "needs_login")
    assert "in time" in stage.now().reason
    assert stage.told()[-1] == ("failed", "alice", "needs_login")
    assert stage.finish(stage.open(stage.begin())).state == "done"


def test_one_that_is_opened_too_late_is_over(stage: Stage) -> None:
    """And so is one that another one replaced."""
    handle = stage.begin()
    stage.stack.clock.add(301)
    with pytest.raises(NeedsLoginError):
        stage.open(handle)
    first, second = stage.begin(), stage.begin()
    with pytest.raises(NeedsLoginError):
        stage.open(first)
    assert stage.finish(stage.open(second)).state == "done"


def test_whoever_opens_a_nameless_login_has_to_finish_it(stage: Stage) -> None:
    """Begun at a command line: the first browser that opens it is the one."""
    handle = stage.begin("")
    brought = stage.open(handle, "alice")
    with pytest.raises(NotEntitledError):
        stage.open(handle, "mallory")
    assert stage.finish(brought, "mallory").code == "not_entitled"
    with pytest.raises(NeedsLoginError):
        stage.finish(brought, "alice")
    assert stage.now().needed


def test_a_page_that_is_opened_again_begins_anew(stage: Stage) -> None:
    """A reload: the answer of the earlier one is of no use, that of the later one is."""
    handle = stage.begin()
    earlier, later = stage.open(handle), stage.open(handle)
    with pytest.raises(NeedsLoginError):
        stage.finish(earlier)
    assert stage.finish(later).state == "done"


def test_a_second_login_takes_over_from_a_living_token(stage: Stage, openbao: OpenBao) -> None:
    """What kernels hold goes on, below the new server token."""
    stage.finish(stage.open(stage.begin()))
    kernel = stage.stack.kernel()
    cred = stage.stack.get(kernel, deployment.KEY)
    first = stage.stack.parts.server_token.current()
    stage.finish(stage.open(stage.begin()))
    second = stage.stack.parts.server_token.current()
    assert first is not None
    assert second is not None
    assert first is not second
    assert stage.stack.on_loop(lambda: stage.stack.parts.server_token.alive(first))
    assert cred.reveal() == deployment.CANARY


def test_an_issuer_that_is_away_fails_the_login_and_says_so(
    fresh_openbao: OpenBao, provider: Provider, tmp_path: Path
) -> None:
    """The reason is the issuer's state, not the person."""
    let_in(fresh_openbao, provider, BACK)
    stage = Stage(fresh_openbao, tmp_path / "home")
    try:
        handle = stage.begin()
        fresh_openbao.stop()
        with pytest.raises(IssuerUnreachableError):
            stage.open(handle)
        assert stage.told()[-1] == ("failed", "alice", "issuer_unreachable")
        fresh_openbao.start()
        assert stage.finish(stage.open(stage.begin())).state == "done"
    finally:
        stage.stack.close()


def test_a_server_that_logs_in_by_itself_invites_nobody(
    openbao: OpenBao, provider: Provider, tmp_path: Path
) -> None:
    """There is nothing to see, and nothing to begin."""
    with Stack(openbao, tmp_path / "home") as stack:
        logins = stack.parts.logins
        assert stack.on_loop(logins.overview) is None
        with pytest.raises(ConfigError, match="by itself"):
            stack.on_loop(lambda: logins.begin("alice"))
