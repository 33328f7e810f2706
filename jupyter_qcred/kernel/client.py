"""The kernel's end of the channel: one thread reads, any thread asks."""

from __future__ import annotations

import itertools
import os
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from jupyter_qcred.core import wire
from jupyter_qcred.core.errors import (
    IssuerUnreachableError,
    NotOnPlatformError,
    QcredError,
    WireError,
    error_from_code,
    fresh,
)
from jupyter_qcred.core.secret import Secret

from .store import Held, Store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_qcred.core.clock import Clock

_READ = 65536


class Arms(Protocol):
    """The part of a redactor that the channel needs."""

    def arm(self, credential: str, values: Iterable[str]) -> object:
        """Redact these values from now on."""
        ...


class Channel(Protocol):
    """What a client needs of a socket."""

    def recv(self, size: int, /) -> bytes:
        """Wait for what comes next; empty at the end."""
        ...

    def sendall(self, data: bytes, /) -> None:
        """Send whole lines; raises OSError once nobody listens."""
        ...

    def close(self) -> None:
        """End it, on this side of a fork only."""
        ...


class Client:
    """Keeps the store in step with the server, and asks it on behalf of the helper.

    A value is armed in the redactor before it enters the store. When the server goes away the store
    is wiped; in a forked child the channel is closed and the store emptied, while the redactor
    stays armed, because the child can still print what its parent had revealed.
    """

    def __init__(self, channel: Channel, redactor: Arms, clock: Clock) -> None:
        self.store = Store(clock)
        self._channel = channel
        self._redactor = redactor
        self._clock = clock
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[wire.Answer]] = {}
        self._catalog: dict[str, str] = {}
        self._catalog_known = threading.Event()
        self._closed: QcredError | None = None
        self._pid = os.getpid()

    def start(self) -> None:
        """Begin to read, in a daemon thread."""
        os.register_at_fork(after_in_child=self._after_fork)
        threading.Thread(target=self._read, name="qcred-channel", daemon=True).start()

    # -- asking --------------------------------------------------------------------------------

    def ask(self, op: str, credential: str, timeout: float) -> wire.Answer:
        """Send a request and wait for its answer.

        Args:
            op: get, renew or revoke.
            credential: its name.
            timeout: longest wait in seconds.

        Raises:
            QcredError: the server's refusal, as its own class; or the server has gone, or did not
                answer in time.
        """
        number = next(self._ids)
        answer: Future[wire.Answer] = Future()
        with self._lock:
            if self._closed is not None:
                raise fresh(self._closed)
            self._waiting[number] = answer
        try:
            self._send(wire.Ask(id=number, op=op, credential=credential))
            reply = answer.result(timeout)
        except FutureTimeoutError:
            raise IssuerUnreachableError(
                f"No answer about {credential} within {timeout:g} s",
                next_step="Try again; the server goes on trying by itself",
                credential=credential,
            ) from None
        finally:
            with self._lock:
                self._waiting.pop(number, None)
        if not reply.ok:
            raise error_from_code(
                reply.code, reply.reason, next_step=reply.next_step or None, credential=credential
            )
        return reply

    def catalog(self, timeout: float) -> dict[str, str]:
        """Return what this kernel may ask for, as ``{name: vendor}``.

        Raises:
            QcredError: the server has gone, or has not told within ``timeout`` seconds.
        """
        if self._closed is not None:
            raise fresh(self._closed)
        if not self._catalog_known.wait(timeout):
            raise IssuerUnreachableError(f"The server told nothing within {timeout:g} s")
        return dict(self._catalog)

    def arm(self, credential: str, values: Iterable[str]) -> None:
        """Redact what did not come over the channel, such as what a person typed."""
        self._redactor.arm(credential, values)

    def redacted(self, credential: str, where: str, count: int) -> None:
        """Tell the server that something was redacted; it becomes an audit event. Never raises."""
        with suppress(QcredError):  # the server has gone, and with it the audit
            self._send(wire.Redacted(credential=credential, where=where, count=count))

    # -- reading -------------------------------------------------------------------------------

    def _read(self) -> None:
        lines = wire.LineBuffer()
        why: QcredError = NotOnPlatformError(
            "The Jupyter server that issued this kernel's credentials has gone",
            next_step="Restart the kernel from a running server",
        )
        try:
            while chunk := self._channel.recv(_READ):
                for message in lines.feed(chunk):
                    self._handle(message)
        except WireError as error:
            why = error
        except OSError:
            pass  # reset: the server has gone
        if os.getpid() == self._pid:
            self._end(why)

    def _end(self, why: QcredError) -> None:
        self.store.wipe(why)
        with self._lock:
            self._closed = why
            waiting, self._waiting = self._waiting, {}
        self._catalog_known.set()
        for answer in waiting.values():
            answer.set_exception(fresh(why))
        self._channel.close()

    def _handle(self, message: wire.Message) -> None:
        if isinstance(message, wire.Deliver):
            self._delivered(message)
        elif isinstance(message, wire.Extend):
            self.store.extend(message.lease_id, message.expires_in)
        elif isinstance(message, wire.Withdraw):
            self.store.withdraw(message.credential, _why(message), again=message.again)
        elif isinstance(message, wire.Beat):
            self.store.beat(message.expires_in)
        elif isinstance(message, wire.Notice):
            self._noticed(message)
        elif isinstance(message, wire.Catalog):
            self._catalog = message.credentials
            self._catalog_known.set()
        elif isinstance(message, wire.Answer):
            with self._lock:
                waiting = self._waiting.pop(message.id, None)
            if waiting is not None:
                waiting.set_result(message)
        else:
            raise WireError(f"a {message.kind} message, which a server does not send")

    def _noticed(self, message: wire.Notice) -> None:
        if message.credential:
            self.store.notice(message.credential, _why(message), message.ends_in)
        else:
            self.store.caution(_why(message))

    def _delivered(self, message: wire.Deliver) -> None:
        self._redactor.arm(message.credential, message.values.values())
        left = message.expires_in
        self.store.put(
            Held(
                name=message.credential,
                lease_id=message.lease_id,
                vendor=message.vendor,
                main=message.main,
                values={name: Secret(value) for name, value in message.values.items()},
                public=message.public,
                expires_at=None if left is None else self._clock.now() + left,
                renewable=message.renewable,
                revocable=message.revocable,
                labels=message.labels,
            )
        )
        with suppress(NotOnPlatformError):  # gone meanwhile: the next read says so, and wipes
            self._send(wire.Ack(lease_id=message.lease_id))

    def _send(self, message: wire.Message) -> None:
        line = wire.encode(message)
        if os.getpid() != self._pid:
            raise _forked()
        try:
            with self._lock:
                self._channel.sendall(line)
        except OSError:
            raise NotOnPlatformError(
                "The Jupyter server that issued this kernel's credentials has gone",
                next_step="Restart the kernel from a running server",
            ) from None

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._closed = _forked()
        self._waiting = {}
        self.store.after_fork()
        # Closes the child's copy of the descriptor only; the parent's stays connected.
        self._channel.close()


def _why(message: wire.Withdraw | wire.Notice) -> QcredError:
    return error_from_code(
        message.code,
        message.reason,
        next_step=message.next_step or None,
        credential=message.credential,
    )


def _forked() -> NotOnPlatformError:
    return NotOnPlatformError(
        "This is a forked child of the kernel, which holds no credentials",
        next_step="Call the vendor from the kernel itself, or hand the child what it needs",
    )
