"""What a kernel holds is kept alive, replaced in time, and told about before it ends."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from support.deployment import CANARY, CLOUD_POLICY, KEY, LIVE, PROFILES
from support.openbao import wait_until

from jupyter_qcred.core.errors import LeaseExpiredError, NeedsLoginError, QcredWarning
from jupyter_qcred.deliver.oversight import Oversight
from jupyter_qcred.issue.vault import roles

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.openbao import OpenBao
    from support.stack import Stack

    from jupyter_qcred.deliver.overview import NoticeOverview
    from jupyter_qcred.kernel.client import Client

    MakeStack = Callable[..., Stack]

CERTIFICATE: dict[str, Any] = {
    "vendor": "test-cloud",
    "source": {
        "kind": "dynamic",
        "path": "pki/issue/kernel",
        "parameters": {"common_name": "kernel.example.com", "ttl": "10m"},
    },
    "main": "private_key",
    "public": ["certificate", "issuing_ca", "serial_number", "private_key_type"],
}

POLICIES = ["qcred-kernel", "qcred-sources", "test-cloud"]


def living(seconds: int) -> dict[str, Any]:
    """Profiles whose live credential has a TTL of its own."""
    source = PROFILES[LIVE]["source"] | {"parameters": {"ttl": f"{seconds}s"}}
    return PROFILES | {LIVE: PROFILES[LIVE] | {"source": source}}


def kernel_role(openbao: OpenBao, **role: Any) -> None:
    body = roles.kernel_role(POLICIES, 86400) | role
    openbao.root.write_data("auth/token/roles/qcred-kernel", data=body)


def server_role(openbao: OpenBao, **role: Any) -> None:
    body = roles.server_role(600) | role
    openbao.root.write_data("auth/token/roles/qcred-server", data=body)


def shown(stack: Stack) -> tuple[NoticeOverview, ...]:
    """What people see of the first kernel's troubles."""
    status = asyncio.run(stack.service.ask(Oversight(stack.service).status(), 30))
    return status.kernels[0].notices


def issued(stack: Stack, what: str) -> list[str]:
    """Accessors of the tokens of one kind, oldest first."""
    return [event["accessor"] for event in stack.events("issued", what=what)]


def lease_of(client: Client, name: str) -> str:
    held = client.store.find(name)
    return "" if held is None else held.lease_id


# -- the ordinary way -----------------------------------------------------------------------------


def test_a_new_value_is_armed_before_it_is_there_and_the_old_one_stays_armed(
    make_stack: MakeStack,
) -> None:
    """Nothing a kernel ever held shows, at no moment of a rotation."""
    stack = make_stack(living(60))
    kernel = stack.kernel()
    credential = stack.get(kernel, LIVE)
    first = credential.reveal()
    lease = credential.lease_id
    stack.clock.add(45)
    stack.wake()
    wait_until("it was replaced", lambda: lease_of(kernel, LIVE) not in ("", lease))
    second = credential.reveal()
    assert second != first
    armed = [value for name, value in kernel._redactor.values if name == LIVE]
    assert armed == [first, first, second]  # delivered at the start, at the request, and anew
    assert {first, second} <= stack.service.redactor.plain.keys()
    assert [event["replaced"] for event in stack.events("renewed")] == [True]


def test_an_old_lease_is_revoked_once_the_kernel_has_the_new_value(
    make_stack: MakeStack, fresh_openbao: OpenBao, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replaced lease of an engine ends long before its time, and after its successor came."""
    monkeypatch.setattr("jupyter_qcred.deliver.renewal._GRACE", 0.3)
    stack = make_stack({"certificate": CERTIFICATE})
    enable_certificates(fresh_openbao)
    kernel = stack.kernel()
    first = stack.get(kernel, "certificate").lease_id
    stack.clock.add(450)
    stack.wake()
    wait_until("it was replaced", lambda: lease_of(kernel, "certificate") not in ("", first))
    assert stack.events("revoked") == []
    wait_until("the old one is revoked", lambda: stack.events("revoked", lease_id=first))
    (event,) = stack.events("revoked", lease_id=first)
    assert (event["outcome"], event["cause"]) == ("confirmed", "replaced")
    assert lease_of(kernel, "certificate")
    assert stack.on_loop(lambda: stack.parts.revoker.outstanding) == 0


def enable_certificates(openbao: OpenBao) -> None:
    """A certificate authority as an engine whose leases Vault ends."""
    root = openbao.root
    root.sys.enable_secrets_engine("pki")
    root.write_data("pki/root/generate/internal", data={"common_name": "example.com"})
    role = {"allow_any_name": True, "generate_lease": True, "max_ttl": "1h"}
    root.write_data("pki/roles/kernel", data=role)
    openbao.policy("qcred-sources", 'path "pki/issue/kernel" { capabilities = ["update"] }')


def test_who_asks_at_once_shares_one_issue(make_stack: MakeStack) -> None:
    """Twenty requests for one credential, then twenty renewals of it: one issue each."""
    stack = make_stack()
    kernel = stack.kernel()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: kernel.ask("get", LIVE, 20), range(20)))
        assert len(stack.events("issued", credential=LIVE)) == 1
        list(pool.map(lambda _: kernel.ask("renew", LIVE, 20), range(20)))
    renewals = len(stack.events("issued", credential=LIVE)) - 1
    # Who comes when one is done begins the next.
    assert 1 <= renewals <= 10
    assert len(stack.events("issued", what="session token")) == 1


# -- the end of a maximum -------------------------------------------------------------------------


def test_a_session_at_its_maximum_moves_to_a_new_token_before(
    make_stack: MakeStack, fresh_openbao: OpenBao, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new token, new leases in the kernel, then the old token is revoked: never a gap."""
    monkeypatch.setattr("jupyter_qcred.deliver.renewal._GRACE", 0.3)
    stack = make_stack()
    kernel_role(fresh_openbao, token_explicit_max_ttl="6s")
    kernel = stack.kernel()
    credentials = {name: stack.get(kernel, name) for name in (KEY, LIVE)}
    leases = {name: one.lease_id for name, one in credentials.items()}
    (old,) = issued(stack, "session token")
    wait_until(
        "both have moved",
        lambda: all(lease_of(kernel, name) not in ("", leases[name]) for name in leases),
    )
    wait_until("the old token is revoked", lambda: fresh_openbao.lookup_accessor(old) is None)
    new = issued(stack, "session token")[-1]
    assert fresh_openbao.lookup_accessor(new) is not None
    wait_until("it is on record", lambda: stack.events("revoked", accessor=old))
    (event,) = stack.events("revoked", accessor=old)
    assert (event["outcome"], event["cause"]) == ("confirmed", "replaced")
    assert all(one.reveal() for one in credentials.values())
    assert stack.events("alert") == []


def test_a_server_token_at_its_maximum_is_succeeded_before(
    make_stack: MakeStack, fresh_openbao: OpenBao
) -> None:
    """A login in good time: the sessions move below the new server token, and nothing is lost."""
    stack = make_stack()
    server_role(fresh_openbao, token_period=0, token_explicit_max_ttl="9s")
    kernel = stack.kernel()
    credential = stack.get(kernel, KEY)
    lease = credential.lease_id
    wait_until("a second server token", lambda: len(issued(stack, "server token")) == 2)
    wait_until("the kernel has moved", lambda: lease_of(kernel, KEY) not in ("", lease))
    assert credential.reveal() == CANARY
    old, new = issued(stack, "session token")
    wait_until("the old one is revoked", lambda: fresh_openbao.lookup_accessor(old) is None)
    assert fresh_openbao.lookup_accessor(new) is not None
    assert stack.events("alert") == []


def test_where_only_a_person_can_log_in_it_is_told_before_the_end(
    make_stack: MakeStack, fresh_openbao: OpenBao, tmp_path: Any
) -> None:
    """State, next step, one warning and an alert while all still works; a login mends it."""
    file = tmp_path / "vault-token"
    login = fresh_openbao.login_token()
    file.write_text(login)
    method = {"auth_method": "token_file", "token_file": str(file)}
    stack = make_stack(issuer=method)
    server_role(fresh_openbao, token_period=0, token_explicit_max_ttl="9s")
    kernel = stack.kernel()
    credential = stack.get(kernel, KEY)
    lease = credential.lease_id
    fresh_openbao.root.auth.token.revoke(login)
    warned = wait_until("the kernel knows", lambda: kernel.store.notices().get(KEY))
    assert isinstance(warned.why, NeedsLoginError)
    assert "bao login" in warned.why.next_step
    assert 0 < warned.ends_at - stack.clock.now() < 9
    (notice,) = [one for one in shown(stack) if one.credential == KEY]
    assert (notice.code, notice.held) == ("needs_login", True)
    assert notice.ends_in is not None
    assert 0 <= notice.ends_in < 9
    with pytest.warns(QcredWarning, match=f"{KEY} ends in .* is dead .*bao login"):
        assert credential.reveal() == CANARY
    assert credential.reveal() == CANARY  # without a second warning, which would be an error
    (alert,) = stack.events("alert", credential=KEY)
    assert (alert["kind"], alert["reason"]) == ("ending", "needs_login")
    file.write_text(fresh_openbao.login_token())
    wait_until("it has moved", lambda: stack.wake() or lease_of(kernel, KEY) not in ("", lease))
    wait_until("there is nothing to say any more", lambda: not kernel.store.notices())
    wait_until("and nothing to show", lambda: not shown(stack))


def test_a_right_that_was_taken_away_is_told_before_the_end(
    make_stack: MakeStack, fresh_openbao: OpenBao
) -> None:
    """The policy was changed mid-session: told while it is held, withdrawn at the end, had anew."""
    stack = make_stack(living(60))
    kernel = stack.kernel()
    credential = stack.get(kernel, LIVE)
    fresh_openbao.policy("test-cloud", 'path "auth/token/lookup-self" { capabilities = ["read"] }')
    stack.clock.add(45)
    stack.wake()
    warned = wait_until("the kernel knows", lambda: kernel.store.notices().get(LIVE))
    assert warned.why.code == "not_entitled"
    with pytest.warns(QcredWarning, match="Ask your operator"):
        assert credential.reveal()
    assert [alert["kind"] for alert in stack.events("alert")] == ["ending"]
    assert [(one.code, one.held) for one in shown(stack)] == [("not_entitled", True)]
    stack.clock.add(16)
    stack.wake()
    wait_until("it is withdrawn", lambda: kernel.store.find(LIVE) is None)
    wait_until("with the reason", lambda: kernel.store.why_gone(LIVE).why.code == "not_entitled")
    assert [(one.code, one.held) for one in shown(stack)] == [("not_entitled", False)]
    fresh_openbao.policy("test-cloud", CLOUD_POLICY)
    assert credential.reveal()
    assert shown(stack) == ()
    assert kernel.store.notices() == {}


# -- sleep ----------------------------------------------------------------------------------------


def test_after_an_hour_s_sleep_the_next_use_gets_a_new_value(
    make_stack: MakeStack, fresh_openbao: OpenBao
) -> None:
    """Twenty kernels: nothing old is served, one login, and the same handles work again."""
    stack = make_stack()
    kernels = [stack.kernel(f"kernel-{number}") for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        credentials = list(pool.map(lambda kernel: stack.get(kernel, KEY), kernels))
        before = [credential.lease_id for credential in credentials]
        tokens = issued(stack, "session token")
        stack.clock.add(3600)
        # Before anybody on the server has noticed: the kernel's own half looks at the clock.
        assert [kernel.store.find(KEY) for kernel in kernels] == [None] * 20
        assert list(pool.map(lambda credential: credential.reveal(), credentials)) == [CANARY] * 20
    assert not set(before) & {credential.lease_id for credential in credentials}
    assert len(issued(stack, "server token")) == 2
    wait_until(
        "the old session tokens are revoked",
        lambda: not set(tokens) & fresh_openbao.accessors(),
    )


def test_after_a_sleep_it_comes_by_itself_too(make_stack: MakeStack) -> None:
    """Nobody uses it: it is withdrawn, and a little later there again."""
    stack = make_stack()
    kernel = stack.kernel()
    lease = stack.get(kernel, KEY).lease_id
    stack.clock.add(3600)
    stack.wake()
    wait_until("it is there", lambda: lease_of(kernel, KEY) not in ("", lease))


def test_after_a_sleep_where_only_a_person_can_log_in(
    make_stack: MakeStack, fresh_openbao: OpenBao, tmp_path: Any
) -> None:
    """The use says so with the next step; after the login it works without anything else."""
    file = tmp_path / "vault-token"
    login = fresh_openbao.login_token()
    file.write_text(login)
    stack = make_stack(issuer={"auth_method": "token_file", "token_file": str(file)})
    kernel = stack.kernel()
    credential = stack.get(kernel, KEY)
    fresh_openbao.root.auth.token.revoke(login)
    stack.clock.add(3600)
    with pytest.raises(NeedsLoginError, match="bao login"):
        credential.reveal()
    wait_until("it is shown", lambda: kernel.store.notices()[KEY].why.code == "needs_login")
    file.write_text(fresh_openbao.login_token())
    with pytest.warns(QcredWarning, match="has ended"):
        wait_until("it works", lambda: reveals(credential))


def reveals(credential: Any) -> bool:
    try:
        return bool(credential.reveal())
    except NeedsLoginError:
        return False  # a refused login stands for a second


# -- the issuer away ------------------------------------------------------------------------------


def test_an_outage_is_two_lines_and_over_for_all_at_once(
    make_stack: MakeStack, fresh_openbao: OpenBao, caplog: pytest.LogCaptureFixture
) -> None:
    """Thirty kernels whose renewals fail: the log stays readable, and all are served after it."""
    caplog.set_level(logging.INFO)
    stack = make_stack(living(600))
    kernels = [stack.kernel(f"kernel-{number}") for number in range(30)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda kernel: stack.get(kernel, LIVE), kernels))
    leases = {lease_of(kernel, LIVE) for kernel in kernels}
    fresh_openbao.stop()
    stack.clock.add(401)
    stack.wake()
    wait_until("the breaker is open", stack.parts.guard.whole.outage)
    fresh_openbao.start()
    wait_until(
        "all have a new value",
        lambda: (
            not leases & {lease_of(kernel, LIVE) for kernel in kernels} - {""}
            and all(lease_of(kernel, LIVE) for kernel in kernels)
        ),
        30,
    )
    lines = [record.getMessage() for record in caplog.records if record.levelname != "DEBUG"]
    assert len(lines) == 2, lines
    assert "cannot be reached: nothing is issued" in lines[0]
    assert "serves again after" in lines[1]
    assert stack.events("alert") == []  # it was over long before anything was near its end


def test_a_use_during_an_outage_says_what_is_known(
    make_stack: MakeStack, fresh_openbao: OpenBao
) -> None:
    """At once and not after a timeout: since when it is away, and when it is tried next."""
    stack = make_stack(living(60))
    kernel = stack.kernel()
    credential = stack.get(kernel, LIVE)
    fresh_openbao.stop()
    stack.clock.add(61)
    stack.wake()
    wait_until("the breaker is open", stack.parts.guard.whole.outage)
    with pytest.raises(LeaseExpiredError, match=r"cannot be reached, since .* UTC; the next try"):
        credential.reveal()
    fresh_openbao.start()
    wait_until("it is back", lambda: lease_of(kernel, LIVE), 30)


def test_sealed_and_unsealed(make_stack: MakeStack, fresh_openbao: OpenBao) -> None:
    """The cause has its name, and the renewal comes by itself once somebody has unsealed it."""
    stack = make_stack(living(60))
    kernel = stack.kernel()
    lease = stack.get(kernel, LIVE).lease_id
    fresh_openbao.seal()
    stack.clock.add(41)
    stack.wake()
    outage = wait_until("the breaker is open", stack.parts.guard.whole.outage)
    assert outage.code == "issuer_sealed"
    assert lease_of(kernel, LIVE) == lease
    fresh_openbao.unseal()
    wait_until("it was renewed", lambda: lease_of(kernel, LIVE) not in ("", lease), 30)


def test_rate_limited_by_its_own_quota(
    make_stack: MakeStack, fresh_openbao: OpenBao, caplog: pytest.LogCaptureFixture
) -> None:
    """Twelve kernels against ten requests a second: all get theirs, and the log stays calm."""
    stack = make_stack()
    quota = {"rate": 10, "interval": "1s"}
    root = fresh_openbao.root
    root.write_data("sys/quotas/config", data={"enable_rate_limit_response_headers": True})
    root.write_data("sys/quotas/rate-limit/few", data=quota | {"path": "auth/token/"})
    kernels = [stack.kernel(f"kernel-{number}") for number in range(12)]
    wait_until("all have it", lambda: all(lease_of(kernel, KEY) for kernel in kernels), 60)
    root.delete("sys/quotas/rate-limit/few")
    assert len([r for r in caplog.records if r.levelname == "WARNING"]) <= 4


def test_restarted_without_its_data(make_stack: MakeStack, fresh_openbao: OpenBao) -> None:
    """Every token is unknown: the next use logs in anew, and nothing is owed for ever."""
    stack = make_stack()
    kernel = stack.kernel()
    credential = stack.get(kernel, KEY)
    lease = credential.lease_id
    # What a restore from an old backup looks like to us: our whole tree is gone.
    for accessor in issued(stack, "server token"):
        fresh_openbao.root.auth.token.revoke_accessor(accessor)
    stack.wake()
    wait_until("a second login", lambda: len(issued(stack, "server token")) == 2)
    wait_until("it is there", lambda: lease_of(kernel, KEY) not in ("", lease))
    wait_until("nothing is owed", lambda: stack.parts.revoker.outstanding == 0)
