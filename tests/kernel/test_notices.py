"""What a kernel is told about its credentials: when to forget them, and what a person has to do."""

from __future__ import annotations

import socket
import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from support.openbao import wait_until
from support.stack import Armed, HandClock

from jupyter_qcred.core import wire
from jupyter_qcred.core.errors import (
    IssuerSealedError,
    LeaseExpiredError,
    NeedsLoginError,
    QcredError,
    QcredWarning,
)
from jupyter_qcred.kernel import helper
from jupyter_qcred.kernel.client import Client
from jupyter_qcred.kernel.credential import Credential

if TYPE_CHECKING:
    from collections.abc import Iterator

DELIVER = wire.Deliver(
    credential="ionq",
    lease_id="l1",
    vendor="ionq",
    main="value",
    values={"value": "hunter2-canary"},
    public={},
    expires_in=600.0,
    renewable=False,
    revocable=True,
    labels={},
)


class Server:
    """The other end: sends what a test says, and answers requests by a function."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self._ours, theirs = socket.socketpair()
        self.client = Client(theirs, Armed(), self.clock)
        self.client.start()
        self.heard: list[wire.Message] = []
        self.answer: Any = lambda ask: wire.Answer(id=ask.id, ok=True)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        lines = wire.LineBuffer()
        while chunk := self._ours.recv(65536):
            for message in lines.feed(chunk):
                self.heard.append(message)
                if isinstance(message, wire.Ask):
                    reply = self.answer(message)
                    if reply is not None:
                        self.send(reply)

    def send(self, *messages: wire.Message) -> None:
        for message in messages:
            self._ours.sendall(wire.encode(message))

    def deliver(self, **changes: Any) -> None:
        """Send a credential and wait until it is held."""
        message = DELIVER.replaced(**changes)
        self.send(message)
        ack = wire.Ack(lease_id=message.lease_id)
        wait_until("it is held", lambda: ack in self.heard)

    @property
    def asked(self) -> list[str]:
        return [message.op for message in self.heard if isinstance(message, wire.Ask)]

    def close(self) -> None:
        self._ours.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._ours.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()
    monkeypatch.setattr(helper, "current_client", lambda: made.client)
    yield made
    made.close()
    wait_until("the kernel's half has ended", lambda: made.client._closed is not None)


def refusing(error: QcredError) -> Any:
    return lambda ask: wire.Answer(
        id=ask.id, ok=False, code=error.code, reason=error.reason, next_step=error.next_step
    )


def notice(error: QcredError, ends_in: float | None) -> wire.Notice:
    return wire.Notice(
        credential="ionq",
        code=error.code,
        reason=error.reason,
        next_step=error.next_step,
        ends_in=ends_in,
    )


def told(server: Server) -> None:
    wait_until("the kernel knows", server.client.store.notices)


LOGIN = NeedsLoginError("the login token is dead", next_step="Log in again (`bao login`)")


def test_without_a_beat_everything_is_forgotten(server: Server) -> None:
    """The server token's time is over: no value is served, however long its lease says."""
    server.deliver()
    server.send(wire.Beat(expires_in=60.0))
    wait_until("it was heard", lambda: server.client.store._good_until)
    server.clock.add(59)
    assert server.client.store.find("ionq") is not None
    server.clock.add(2)
    assert server.client.store.find("ionq") is None
    assert "hunter2" not in repr(vars(server.client.store))
    assert server.client.store.names() == []


def test_each_beat_gives_more_time(server: Server) -> None:
    """While the server keeps its hold, nothing is forgotten."""
    server.deliver(expires_in=None)
    for _ in range(5):
        server.clock.add(50)
        until = server.clock.now() + 59
        server.send(wire.Beat(expires_in=60.0))
        good = lambda: server.client.store._good_until or 0.0  # noqa: E731
        wait_until("it was heard", lambda until=until, good=good: good() > until)
    assert server.client.store.find("ionq") is not None
    server.send(wire.Beat(expires_in=None))
    wait_until("it was heard", lambda: server.client.store._good_until is None)
    server.clock.add(1e6)
    assert server.client.store.find("ionq") is not None


def test_a_handle_asks_anew_for_what_has_expired(server: Server) -> None:
    """No user action: the same object serves the new value."""
    server.deliver()
    credential = helper.get("ionq")

    def deliver_and_answer(ask: wire.Ask) -> wire.Answer:
        server.send(DELIVER.replaced(lease_id="l2", values={"value": "hunter3-canary"}))
        return wire.Answer(id=ask.id, ok=True)

    server.answer = deliver_and_answer
    server.clock.add(601)
    assert credential.reveal() == "hunter3-canary"
    assert credential.lease_id == "l2"
    assert server.asked == ["get"]


def test_what_cannot_be_had_anew_says_both_reasons(server: Server) -> None:
    """That it has ended, and why there is no new one now."""
    server.deliver()
    server.answer = refusing(IssuerSealedError("OpenBao is sealed, since 14:02:11 UTC"))
    server.clock.add(601)
    with pytest.raises(LeaseExpiredError, match=r"has expired .*; now OpenBao is sealed"):
        Credential("ionq", server.client).reveal()
    server.answer = refusing(LOGIN)
    with pytest.raises(NeedsLoginError, match="bao login"):
        Credential("ionq", server.client).reveal()


def test_what_was_given_back_is_not_asked_for_anew(server: Server) -> None:
    """A handle that is left over must not undo what a person did."""
    server.deliver()
    why = LeaseExpiredError("ionq was given back")
    server.send(
        wire.Withdraw(
            credential="ionq",
            code=why.code,
            reason=why.reason,
            next_step=why.next_step,
            again=False,
        )
    )
    wait_until("it is gone", lambda: server.client.store.find("ionq") is None)
    with pytest.raises(LeaseExpiredError, match="was given back"):
        Credential("ionq", server.client).reveal()
    assert server.asked == []
    assert len(helper.status()) == 0


def test_a_notice_is_shown_and_warned_of_once(server: Server) -> None:
    """In status() until it is settled; as a warning at the next use, whoever uses it, once."""
    server.deliver()
    assert [row["state"] for row in helper.status()] == ["held"]
    server.send(notice(LOGIN, 240.0))
    told(server)
    (row,) = helper.status()
    assert (row["state"], row["time left"]) == ("needs_login", "10m")
    assert "bao login" in row["next step"]
    with pytest.warns(QcredWarning, match=r"ionq ends in 4m: the login token is dead\. Log in"):
        credential = helper.get("ionq")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert credential.reveal() == "hunter2-canary"
        server.send(notice(LOGIN, 200.0))  # the same again
        server.deliver(lease_id="l2")
        assert credential.reveal() == "hunter2-canary"
    assert [row["state"] for row in helper.status()] == ["held"]


def test_a_notice_without_a_value_is_shown_too(server: Server) -> None:
    """What ended, or was never there, has a row with its next step; never a value."""
    server.send(notice(LOGIN, None))
    told(server)
    (row,) = helper.status()
    assert (row["credential"], row["state"], row["time left"]) == ("ionq", "needs_login", "")
    assert "needs_login" in repr(helper.status())
    with pytest.warns(QcredWarning, match="ionq has ended"), pytest.raises(LeaseExpiredError):
        Credential("ionq", server.client).reveal()


def test_a_server_that_goes_during_a_delivery_leaves_nothing(server: Server) -> None:
    """The acknowledgement finds nobody: the value is forgotten like all others."""
    ours, theirs = socket.socketpair()
    client = Client(theirs, Armed(), server.clock)
    ours.sendall(wire.encode(DELIVER))
    ours.close()
    client.start()
    wait_until("it has ended", lambda: client._closed)
    assert client.store.find("ionq") is None
