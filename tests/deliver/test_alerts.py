"""What security people are told: once, when it is so, and never in ordinary life."""

from __future__ import annotations

import http.server
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

import requests
from support.deployment import KEY, LIVE, PROFILES
from support.openbao import wait_until

from jupyter_qcred.deliver.alerts import Streak

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.openbao import OpenBao
    from support.stack import Stack

    MakeStack = Callable[..., Stack]

SOON = {"probe_delay": 0.1, "probes_per_minute": 6000}


class Liar:
    """A proxy before OpenBao that answers some requests by itself, with a 204 and nothing done.

    Attributes:
        swallows: parts of paths that never reach OpenBao.
        asked: paths of all requests.
    """

    def __init__(self, target: str) -> None:
        self.swallows: tuple[str, ...] = ()
        self.asked: list[str] = []
        liar, session = self, requests.Session()
        session.trust_env = False

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                liar.asked.append(self.path)
                if any(part in self.path for part in liar.swallows):
                    self.send_response(204)
                    self.end_headers()
                    return
                headers = {k: v for k, v in self.headers.items() if k.lower() != "host"}
                answer = session.request(
                    self.command, target + self.path, data=body, headers=headers, timeout=20
                )
                self.send_response(answer.status_code)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def do_GET(self) -> None:
                self._pass()

            def do_POST(self) -> None:
                self._pass()

            def log_message(self, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._session = session
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._session.close()


def alerts(stack: Stack, kind: str) -> list[dict[str, Any]]:
    return stack.events("alert", kind=kind)


def all_looked_at(stack: Stack) -> bool:
    """Whether the prober has nothing to do, and keeps nothing."""
    prober = stack.parts.prober
    return bool(stack.on_loop(lambda: prober._task is not None and prober._task.done()))


def test_a_token_that_outlives_its_revocation(
    make_stack: MakeStack, fresh_openbao: OpenBao
) -> None:
    """Something in between says that it was revoked, and it works on: an alert names it."""
    with Liar(fresh_openbao.address) as liar:
        stack = make_stack(address=liar.address, Alerts=SOON)
        kernel = stack.kernel()
        stack.get(kernel, KEY)
        (token,) = stack.events("issued", what="session token")
        liar.swallows = ("auth/token/revoke-self",)
        stack.end(kernel)
        wait_until("the alert", lambda: alerts(stack, "still_alive"))
        assert stack.events("revoked", accessor=token["accessor"], outcome="confirmed")
        (alert,) = [a for a in alerts(stack, "still_alive") if a["what"] == "session token"]
        assert alert["accessor"] == token["accessor"]
        assert alert["kernel"] == "kernel"
        assert alert["session"] == token["session"]
        assert fresh_openbao.lookup_accessor(token["accessor"]) is not None
        wait_until("nothing is kept", lambda: all_looked_at(stack))
        liar.swallows = ()


def test_a_credential_that_outlives_its_revocation(
    make_stack: MakeStack, fresh_openbao: OpenBao
) -> None:
    """A token that Vault issued as a credential hangs on its session: it is asked with itself."""
    with Liar(fresh_openbao.address) as liar:
        stack = make_stack(address=liar.address, Alerts=SOON)
        kernel = stack.kernel()
        lease = stack.get(kernel, LIVE).lease_id
        liar.swallows = ("auth/token/revoke-self",)
        stack.end(kernel)
        wait_until("the alert", lambda: stack.events("alert", lease_id=lease))
        (alert,) = stack.events("alert", lease_id=lease)
        assert (alert["kind"], alert["credential"]) == ("still_alive", LIVE)
        liar.swallows = ()


def test_a_lease_that_outlives_its_revocation(
    make_stack: MakeStack, fresh_openbao: OpenBao
) -> None:
    """Where the server may look leases up, one that was given back and is there raises an alert."""
    certificate = {
        "vendor": "test-cloud",
        "source": {
            "kind": "dynamic",
            "path": "pki/issue/kernel",
            "parameters": {"common_name": "kernel.example.com", "ttl": "10m"},
        },
        "main": "private_key",
        "public": ["certificate", "issuing_ca", "serial_number", "private_key_type"],
    }
    root = fresh_openbao.root
    root.sys.enable_secrets_engine("pki")
    root.write_data("pki/root/generate/internal", data={"common_name": "example.com"})
    role = {"allow_any_name": True, "generate_lease": True, "max_ttl": "1h"}
    root.write_data("pki/roles/kernel", data=role)
    with Liar(fresh_openbao.address) as liar:
        stack = make_stack({"certificate": certificate}, address=liar.address, Alerts=SOON)
        fresh_openbao.policy(
            "test-cloud", 'path "pki/issue/kernel" { capabilities = ["update"] }\n'
        )
        may_look = 'path "sys/leases/lookup" { capabilities = ["update"] }\n'
        server = root.read("sys/policies/acl/qcred-server")["data"]["policy"]
        fresh_openbao.policy("qcred-server", server + may_look)
        kernel = stack.kernel()
        honest = stack.get(kernel, "certificate").lease_id
        assert kernel.ask("revoke", "certificate", 20).data["outcome"] == "confirmed"
        wait_until("it was looked up", lambda: "/v1/sys/leases/lookup" in liar.asked)
        wait_until("all is well", lambda: all_looked_at(stack))
        liar.swallows = ("sys/leases/revoke",)
        lease = stack.get(kernel, "certificate").lease_id
        assert kernel.ask("revoke", "certificate", 20).data["outcome"] == "confirmed"
        wait_until("the alert", lambda: stack.events("alert", lease_id=lease))
        assert stack.events("alert", lease_id=honest) == []
        liar.swallows = ()


def test_ordinary_life_raises_no_alert(make_stack: MakeStack, fresh_openbao: OpenBao) -> None:
    """Kernels come, renew, give back and go; all that ended was looked at, and nothing is kept."""
    with Liar(fresh_openbao.address) as liar:
        stack = make_stack(address=liar.address, Alerts=SOON)
        kernels = [stack.kernel(f"kernel-{number}") for number in range(5)]
        for kernel in kernels:
            stack.get(kernel, KEY)
            stack.get(kernel, LIVE)
            kernel.ask("renew", LIVE, 20)
        kernels[0].ask("revoke", KEY, 20)
        for kernel in kernels:
            stack.end(kernel)
        wait_until(
            "all are revoked",
            lambda: len(stack.events("revoked", what="session token", outcome="confirmed")) == 5,
        )
        wait_until("all were looked at", lambda: all_looked_at(stack), 20)
        # Each session token, and of each live credential the value that was replaced and the last.
        assert len([path for path in liar.asked if path.endswith("lookup-self")]) >= 5 + 10
        assert stack.parts.prober._suspects == []
        assert stack.events("alert") == []


def test_an_issuer_that_is_away_is_asked_later(
    make_stack: MakeStack, fresh_openbao: OpenBao
) -> None:
    """A question without an answer proves nothing: no alert, and it is given up in the end."""
    stack = make_stack(Alerts={"probe_delay": 60.0})
    kernel = stack.kernel()
    stack.get(kernel, KEY)
    stack.end(kernel)
    wait_until("it was revoked", lambda: stack.events("revoked", what="session token"))
    fresh_openbao.stop()
    assert not all_looked_at(stack)
    wait_until("it was given up", lambda: stack.clock.add(61) or all_looked_at(stack), 30, 0.2)
    assert alerts(stack, "still_alive") == []
    fresh_openbao.start()


def test_renewals_that_fail_again_and_again(make_stack: MakeStack, fresh_openbao: OpenBao) -> None:
    """Ten kernels whose renewals fail: one alert, with how often and why; the kernels are told."""
    source = PROFILES[LIVE]["source"] | {"parameters": {"ttl": "60s"}}
    stack = make_stack(PROFILES | {LIVE: PROFILES[LIVE] | {"source": source}})
    kernels = [stack.kernel(f"kernel-{number}") for number in range(10)]
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda kernel: stack.get(kernel, LIVE), kernels))
    fresh_openbao.stop()
    stack.clock.add(45)
    stack.wake()
    wait_until("the first failure", stack.parts.guard.whole.outage)
    assert alerts(stack, "renewal_failing") == []
    stack.clock.add(8)
    stack.wake()
    wait_until("all kernels know", lambda: all(LIVE in k.store.notices() for k in kernels), 20)
    (alert,) = [a for a in alerts(stack, "renewal_failing") if a["credential"] == LIVE]
    assert alert["reason"] == "issuer_unreachable"
    assert alert["count"] >= 2
    fresh_openbao.start()
    wait_until("it is over", lambda: not any(k.store.notices() for k in kernels), 30)


def test_a_credential_that_is_asked_for_unusually_often(make_stack: MakeStack) -> None:
    """More than so many issues within the window, and one for each kernel: once a window."""
    stack = make_stack(Alerts={"most_issues": 4, "issue_window": 600})
    kernel = stack.kernel()
    stack.get(kernel, KEY)
    for _ in range(6):
        kernel.ask("renew", KEY, 20)
    assert alerts(stack, "unusual_issuance") == []

    def again(times: int) -> None:
        for _ in range(times):
            kernel.ask("revoke", KEY, 20)
            kernel.ask("get", KEY, 20)

    again(4)
    assert alerts(stack, "unusual_issuance") == []
    again(1)
    (alert,) = wait_until("the alert", lambda: alerts(stack, "unusual_issuance"))
    assert (alert["credential"], alert["count"], alert["seconds"]) == (KEY, 6, 600)
    again(4)
    assert len(alerts(stack, "unusual_issuance")) == 1
    stack.clock.add(500)
    again(1)
    assert len(alerts(stack, "unusual_issuance")) == 1


def test_a_revocation_that_the_policy_refuses(
    make_stack: MakeStack, fresh_openbao: OpenBao
) -> None:
    """A right taken away mid-session: an alert at once, and the token dies when it is back."""
    stack = make_stack()
    kernel = stack.kernel()
    stack.get(kernel, KEY)
    allowed = fresh_openbao.root.read("sys/policies/acl/qcred-kernel")["data"]["policy"]
    fresh_openbao.policy("qcred-kernel", allowed.replace("auth/token/revoke-self", "none"))
    (token,) = stack.events("issued", what="session token")
    stack.end(kernel)
    (alert,) = wait_until("the alert", lambda: alerts(stack, "revocation_refused"))
    assert (alert["accessor"], alert["what"]) == (token["accessor"], "session token")
    assert alert["seconds"] > 0
    assert stack.events("revoked") == []
    fresh_openbao.policy("qcred-kernel", allowed)
    stack.service.engine.call(stack.parts.revoker.hurry)
    wait_until("it is dead", lambda: fresh_openbao.lookup_accessor(token["accessor"]) is None)


def test_when_a_streak_of_failures_is_told() -> None:
    """After so many at their own pace, or when half of what was left has passed; once."""
    many = Streak()
    told = [many.failed(now * 30.0, 1000.0, 5) for now in range(7)]
    assert told == [False] * 4 + [True] + [False] * 2
    probing = Streak()
    assert not any(probing.failed(now * 1.0, 1000.0, 5) for now in range(60))
    half = Streak()
    assert [half.failed(now, 60.0 - now, 5) for now in (0.0, 20.0, 30.0, 40.0)] == [
        False,
        False,
        True,
        False,
    ]
    once = Streak()
    assert not once.failed(0.0, 0.0, 5)
