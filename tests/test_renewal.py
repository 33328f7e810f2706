"""Credentials are kept alive while their kernel lives, and the kernel never notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.deployment import KEY, LIVE, PROFILES, events
from support.openbao import wait_until

from jupyter_qcred.issue.vault.roles import kernel_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter import JupyterServer, Kernel
    from support.openbao import OpenBao

    MakeServer = Callable[..., JupyterServer]

POLICIES = ["qcred-kernel", "qcred-sources", "test-cloud"]


def with_role(openbao: OpenBao, **role: Any) -> None:
    """Install everything, then give session tokens a life of their own."""
    deployment.provide(openbao)
    body = kernel_role(POLICIES, 86400) | role
    openbao.root.write_data("auth/token/roles/qcred-kernel", data=body)


def short_lived(seconds: int) -> dict[str, Any]:
    source = PROFILES[LIVE]["source"] | {"parameters": {"ttl": f"{seconds}s"}}
    return PROFILES | {LIVE: PROFILES[LIVE] | {"source": source}}


def lease(kernel: Kernel) -> str:
    return kernel.execute("cred.lease_id").text


def test_a_value_that_cannot_be_extended_is_replaced_in_time(
    make_server: MakeServer, fresh_openbao: OpenBao
) -> None:
    """The same handle serves the new value; every value it served was alive at that moment."""
    deployment.provide(fresh_openbao)
    server = make_server(fresh_openbao, profiles=short_lived(6))
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{LIVE}')")
    first = lease(kernel)
    wait_until("the value was replaced twice", lambda: len(renewals(server)) >= 2, seconds=30)
    assert lease(kernel) != first
    assert all(event["replaced"] for event in renewals(server))
    left = float(kernel.execute("cred.expires_in").text)
    assert 0 < left <= 6
    kernel.delete()
    assert_nothing_is_left(server, fresh_openbao)


def renewals(server: JupyterServer) -> list[dict[str, Any]]:
    return events(server.home, "renewed", credential=LIVE)


def test_the_session_token_is_renewed(make_server: MakeServer, fresh_openbao: OpenBao) -> None:
    """A periodic session token lives on, and the kernel's credentials with it."""
    with_role(fresh_openbao, token_period="4s")
    server = make_server(fresh_openbao)
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred, time; cred = qcred.get('{KEY}')")
    first = lease(kernel)
    later = kernel.execute("time.sleep(9); print(len(cred.reveal()) > 0, cred.expires_in <= 4)")
    assert later.text == "True True\n"
    assert lease(kernel) == first
    assert len(events(server.home, "issued", what="session token")) == 1


def test_past_its_maximum_the_session_goes_on_with_a_new_token(
    make_server: MakeServer, fresh_openbao: OpenBao
) -> None:
    """The issuer extends no further: a new token, new leases, and the old one is revoked."""
    with_role(fresh_openbao, token_explicit_max_ttl="6s")
    server = make_server(fresh_openbao)
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{KEY}')")
    wait_until(
        "a second session token",
        lambda: len(events(server.home, "issued", what="session token")) > 1,
        30,
    )
    wait_until("it serves the kernel", lambda: "value hidden" in kernel.execute("cred").text)
    kernel.delete()
    assert_nothing_is_left(server, fresh_openbao)


@pytest.mark.parametrize("which", ["session token", "server token"])
def test_a_token_revoked_by_an_operator_is_replaced_at_the_next_use(
    make_server: MakeServer, fresh_openbao: OpenBao, which: str
) -> None:
    """Somebody revoked it at the issuer: the next request gets new ones."""
    deployment.provide(fresh_openbao)
    server = make_server(fresh_openbao)
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; qcred.get('{KEY}')")
    accessor = events(server.home, "issued", what=which)[0]["accessor"]
    fresh_openbao.root.write_data("auth/token/revoke-accessor", data={"accessor": accessor})
    renewed = kernel.execute(f"print(qcred.renew('{KEY}'))")
    assert "value hidden" in renewed.text
    assert len(events(server.home, "issued", what=which)) == 2
    kernel.delete()
    assert_nothing_is_left(server, fresh_openbao)


def test_vault_away_at_a_renewal(make_server: MakeServer, fresh_openbao: OpenBao) -> None:
    """What can't be renewed in time is wiped with a clear error, and comes back by itself."""
    deployment.provide(fresh_openbao)
    server = make_server(fresh_openbao, profiles=short_lived(5))
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{LIVE}')")
    fresh_openbao.stop()
    wait_until("it has ended", lambda: "ended" in kernel.execute("cred").text, seconds=30)
    refused = kernel.execute("cred.reveal()")
    assert "LeaseExpiredError" in refused.text
    fresh_openbao.start()
    wait_until("it is back", lambda: "left" in kernel.execute("cred").text, seconds=60)


def assert_nothing_is_left(server: JupyterServer, openbao: OpenBao) -> None:
    issued = {event["accessor"] for event in events(server.home, "issued", what="session token")}
    wait_until("all session tokens are dead", lambda: not issued & openbao.accessors())
