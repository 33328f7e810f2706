"""cirq-google: an engine over gRPC, whose calls take the token that is current."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Call, certificate

VALUES = [f"ya29.value-{number}-0123456789abcdef" for number in range(4)]


class Engine(grpc.GenericRpcHandler):
    """Answers every call with an empty message, to whom presents the live token."""

    def __init__(self) -> None:
        self.alive = ""
        self.calls = []

    def service(self, handler_call_details):
        """Look at the metadata, as Google's front end does."""
        metadata = dict(handler_call_details.invocation_metadata)
        token = metadata.get("authorization", "").removeprefix("Bearer ")
        good = token == self.alive
        self.calls.append(Call("RPC", handler_call_details.method, token, 200 if good else 401))

        def answer(request, context):
            if not good:
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "not alive")
            return b""

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """On the loopback interface, over TLS."""
    authority = certificate(tmp_path / "tls")
    key = (tmp_path / "tls" / "key.pem").read_bytes()
    monkeypatch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", str(authority))
    server = grpc.server(ThreadPoolExecutor(4))
    handler = Engine()
    server.add_generic_rpc_handlers((handler,))
    secure = grpc.ssl_server_credentials([(key, authority.read_bytes())])
    handler.url = f"localhost:{server.add_secure_port('localhost:0', secure)}"
    server.start()
    yield handler
    server.stop(None).wait()


def test_one_engine_outlives_rotations(kernel, engine, monkeypatch):
    """Without a look at the default credentials."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent/somebody-else.json")
    public = {"project": "my-project", "endpoint": engine.url}
    outlives_rotations(
        kernel, engine, "google-quantum",
        lambda value: kernel.deliver("google-quantum", {"token": value}, public=public),
        VALUES, lambda: qcred.client("google-quantum", max_retry_delay_seconds=0.1),
        lambda made: made.list_processors(),
    )  # fmt: skip
