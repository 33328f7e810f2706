"""OpenBao refuses, throttles, is sealed, or comes back empty, in the middle of a session."""

from __future__ import annotations

import shutil
import signal
from typing import TYPE_CHECKING

import hvac
import pytest
from support import deployment
from support.deployment import events
from support.faults import REVOKE
from support.openbao import wait_until

from jupyter_qcred.issue.vault import roles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.faults import AuditedOpenBao
    from support.jupyter import JupyterServer
    from support.relay import Relay
    from support.serving import Service

    Start = Callable[..., Service]
    MakeServer = Callable[..., JupyterServer]

LOOK_ALONE = 'path "auth/token/lookup-self" { capabilities = ["read"] }'


def with_credentials(start: Start) -> Service:
    """A process whose kernel holds both credentials."""
    service = start("none")
    wait_until("both are delivered", lambda: len(events(service.home, "delivered")) == 2, 20)
    return service


def revoked(service: Service) -> list[str]:
    return [event["outcome"] for event in events(service.home, "revoked", what="session token")]


def test_a_permission_that_is_taken_away_calls_nothing_revoked(
    bao: AuditedOpenBao, relay: Relay, start_service: Start
) -> None:
    """While the token lives nothing is on record; its TTL ends it."""
    deployment.provide(bao, period="5s")
    service = with_credentials(start_service)
    bao.policy(roles.KERNEL_ROLE, LOOK_ALONE)
    refused = relay.trap(REVOKE, cut=False)
    service.tell("end")
    assert refused.sprung.wait(5)
    assert bao.live_sessions()
    assert revoked(service) == []
    wait_until("the token has expired", lambda: not bao.live_sessions(), 7)


def use_up(bao: AuditedOpenBao) -> None:
    """Revoke tokens until OpenBao refuses."""
    while True:
        client = bao.client(bao.login_token(ttl="1m"))
        try:
            client.auth.token.revoke_self()
        except hvac.exceptions.RateLimitExceeded:
            return
        finally:
            client.adapter.close()


@pytest.mark.parametrize("mood", ["throttled", "sealed", "cut off"])
def test_a_revocation_waits_for_better_times(
    bao: AuditedOpenBao, relay: Relay, start_service: Start, mood: str
) -> None:
    """Refused for now is not refused for good: it is tried until it is confirmed."""
    deployment.provide(bao, period="1h")
    service = with_credentials(start_service)
    (session,) = bao.live_sessions()
    if mood == "throttled":
        quota = {"rate": 0.01, "interval": "60s", "path": "auth/token/revoke-self"}
        bao.root.write_data("sys/quotas/rate-limit/strict", data=quota)
        use_up(bao)
    elif mood == "sealed":
        bao.seal()
    else:
        relay.refuse()
    refused = relay.trap(REVOKE, cut=False)
    service.tell("end")
    if mood == "cut off":
        wait_until("it was said", lambda: "cannot be reached" in service.log())
        relay.heal()
    else:
        assert refused.sprung.wait(10)
        assert revoked(service) == []
        if mood == "sealed":
            bao.unseal()
        else:
            assert session in bao.accessors()
            bao.root.delete("sys/quotas/rate-limit/strict")
    wait_until("it is confirmed", lambda: revoked(service) == ["confirmed"], 40)
    assert session not in bao.accessors()


def test_a_partition_ends_what_cannot_be_reached(
    bao: AuditedOpenBao, relay: Relay, start_service: Start
) -> None:
    """Nothing passes in either direction: the TTL ends the tree, SIGTERM the server."""
    deployment.provide(bao, period="3s")
    service = with_credentials(start_service)
    relay.drop()
    wait_until("all of it is dead", lambda: not bao.live_tree(), 6)
    service.process.send_signal(signal.SIGTERM)
    service.process.wait(5)


def test_after_a_partition_everything_is_issued_anew(
    bao: AuditedOpenBao, relay: Relay, start_service: Start
) -> None:
    """The kernel's credentials come back by themselves, from a new session."""
    deployment.provide(bao, period="3s")
    service = with_credentials(start_service)
    before = bao.live_sessions()
    relay.drop(up=False)
    wait_until("all of it is dead", lambda: not bao.live_tree(), 6)
    relay.heal()
    wait_until("there is a session again", lambda: bao.live_sessions() - before, 40)
    wait_until("both are delivered", lambda: len(events(service.home, "delivered")) >= 4, 20)
    service.tell("end")
    wait_until("it is revoked", lambda: not bao.live_sessions())


def test_an_openbao_that_lost_its_data_is_logged_in_to_afresh(
    bao: AuditedOpenBao, start_service: Start, tmp_path: Path
) -> None:
    """Restored from nothing: all tokens are unknown, and the next use makes new ones."""
    deployment.provide(bao, period="4s")
    service = with_credentials(start_service)
    login = "auth/approle/role/jupyter"
    role_id = bao.root.read(f"{login}/role-id")["data"]["role_id"]
    secret_id = (service.home / ".jupyter" / "secret-id").read_text()

    bao.stop()
    shutil.rmtree(bao.data)
    bao.data.mkdir()
    bao.audit_path.unlink()
    bao.root_token = ""
    bao.start()
    deployment.provide(bao, period="4s")
    bao.approle_login()
    bao.root.write_data(f"{login}/role-id", data={"role_id": role_id})
    bao.root.write_data(f"{login}/custom-secret-id", data={"secret_id": secret_id})

    wait_until("there is a session again", bao.live_sessions, 60)
    service.tell("end")
    wait_until("it is revoked", lambda: not bao.live_sessions(), 20)
