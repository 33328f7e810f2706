"""A person has a credential delivered to a kernel that could not have it before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.api import Api, asking
from support.deployment import CANARY, KEY, LIVE, PROFILES, events
from support.openbao import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

LATER = "later"
OTHERS = "others"
HIDDEN = "hidden"
USE = "import jupyter_qcred as qcred; print(qcred.get(%r))"

EXTRA: dict[str, Any] = {
    LATER: {"vendor": "ionq", "source": f"kv2:qcred/{LATER}", "deliver": "use"},
    OTHERS: {"vendor": "ionq", "source": f"kv2:elsewhere/{OTHERS}", "deliver": "use"},
    HIDDEN: {"vendor": "ionq", "source": f"kv2:qcred/{HIDDEN}"},
}


@pytest.fixture(scope="module")
def bao(openbao: OpenBao) -> OpenBao:
    deployment.provide(openbao)
    return openbao


@pytest.fixture(scope="module")
def server(bao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    allowed = [*PROFILES, LATER, OTHERS]
    made = deployment.server(
        bao, tmp_path_factory.mktemp("deliver"), PROFILES | EXTRA, allowed=allowed
    )
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def api(server: JupyterServer) -> Iterator[Api]:
    """The API; at the end every kernel is gone and no answer held a value."""
    with asking(server) as client:
        yield client


def kernel_of(api: Api, kernel: str) -> dict[str, Any]:
    """Return what the status says of one kernel that may ask for something."""
    found: list[dict[str, Any]] = []

    def ready() -> bool:
        kernels = api.get("status")["kernels"]
        found[:] = [one for one in kernels if one["kernel"] == kernel and one["available"]]
        return bool(found)

    wait_until("the kernel may ask", ready, 60)
    return found[0]


def test_what_was_stored_meanwhile_is_delivered_at_a_person_s_wish(
    api: Api, server: JupyterServer, bao: OpenBao
) -> None:
    """Why it failed is told, to who asked and to who looks; after that the kernel has it."""
    kernel = server.open_notebook("work.ipynb")
    kernel_of(api, kernel.id)
    body = {"kernel": kernel.id, "credential": LATER}
    assert api.post("deliver", body, status=409)["code"] == "not_stored"
    told = {one["credential"]: one for one in kernel_of(api, kernel.id)["notices"]}
    assert (told[LATER]["code"], told[LATER]["held"]) == ("not_stored", False)
    bao.put(LATER, value=CANARY)
    answer = api.post("deliver", body)
    assert (answer["lease"]["credential"], answer["outstanding"]) == (LATER, False)
    shown = kernel_of(api, kernel.id)
    assert LATER not in {one["credential"] for one in shown["notices"]}
    again = api.post("deliver", body)
    assert again["lease"]["lease_id"] == answer["lease"]["lease_id"]
    assert kernel.execute(USE % LATER).ok
    (event,) = events(server.home, "issued", credential=LATER)
    assert event["lease_id"] == answer["lease"]["lease_id"]


@pytest.mark.parametrize(
    ("credential", "status", "code"),
    [
        (OTHERS, 403, "not_entitled"),
        (HIDDEN, 404, "unknown_credential"),
        ("nobody-s", 404, "unknown_credential"),
    ],
)
def test_a_kernel_gets_no_more_than_it_may_ask_for(
    api: Api, server: JupyterServer, credential: str, status: int, code: str
) -> None:
    """Neither what the issuer refuses, nor what the server or the profiles do not have for it."""
    kernel = server.open_notebook("work.ipynb")
    kernel_of(api, kernel.id)
    refused = api.post("deliver", {"kernel": kernel.id, "credential": credential}, status=status)
    assert refused["code"] == code
    assert refused["next_step"]


def test_a_notebook_that_asks_for_one_is_lent_no_other(api: Api, server: JupyterServer) -> None:
    """What its own list leaves out stays out, also at a person's wish."""
    asked = {"qcred": {"requires": [KEY]}}
    kernel = server.open_notebook("narrow.ipynb", metadata=asked)
    kernel_of(api, kernel.id)
    refused = api.post("deliver", {"kernel": kernel.id, "credential": LIVE}, status=404)
    assert "metadata.qcred.requires" in refused["next_step"]


def test_what_a_notebook_lists_and_cannot_have_is_told(api: Api, server: JupyterServer) -> None:
    """Before any cell asks: why, and what to do, by name."""
    asked = {"qcred": {"requires": [KEY, HIDDEN, "nobody-s"]}}
    kernel = server.open_notebook("asks.ipynb", metadata=asked)
    notices = {one["credential"]: one for one in kernel_of(api, kernel.id)["notices"]}
    assert {name: one["code"] for name, one in notices.items()} == {
        HIDDEN: "not_entitled",
        "nobody-s": "unknown_credential",
    }
    assert notices[HIDDEN]["reason"] == f"This server does not allow {HIDDEN}"
    assert all(one["next_step"] and not one["held"] for one in notices.values())


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"kernel": "x"},
        {"credential": KEY},
        {"kernel": "", "credential": KEY},
        {"kernel": "x" * 4097, "credential": KEY},
        {"kernel": 1, "credential": KEY},
        {"kernel": "x", "credential": "../x"},
        {"kernel": "x", "credential": None},
        {"kernel": "x", "credential": KEY, "value": "y"},
    ],
)
def test_a_request_says_which_credential_and_which_kernel(api: Api, body: Any) -> None:
    """And nothing else."""
    api.refused("POST", "deliver", 400, json=body)


def test_a_kernel_that_is_not_there_gets_nothing(api: Api) -> None:
    """Ids are compared, and never part of a path."""
    for kernel in ("..", "feed", "\0"):
        refused = api.post("deliver", {"kernel": kernel, "credential": KEY}, status=404)
        assert refused["code"] == "unknown_credential"


def test_an_issuer_that_hangs_delivers_later(api: Api, server: JupyterServer, bao: OpenBao) -> None:
    """The answer says that it goes on, and the kernel gets it when the issuer answers."""
    bao.put(LATER, value=CANARY)
    kernel = server.open_notebook("work.ipynb")
    kernel_of(api, kernel.id)
    bao.pause()
    try:
        answer = api.post("deliver", {"kernel": kernel.id, "credential": LATER}, status=202)
        assert (answer["lease"], answer["outstanding"]) == (None, True)
    finally:
        bao.resume()

    def held() -> bool:
        leases = api.get("leases", kernel=kernel.id)["leases"]
        return LATER in {one["credential"] for one in leases}

    wait_until("it is delivered", held, 60)
