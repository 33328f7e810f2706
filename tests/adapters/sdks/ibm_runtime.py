"""qiskit-ibm-runtime: a bearer or an API key, to IBM's hosts and to no other."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from ibm_platform_services import GlobalSearchV2

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor, bearer

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::"


def jwt(number: int) -> str:
    """A bearer as IAM issues it."""
    now = int(time.time())
    parts = ({"alg": "none"}, {"iat": now, "exp": now + 3600, "number": number})
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(text.rstrip("=") for text in texts), f"c2lnbmF0dXJl{number:04}"])


BEARERS = [jwt(number) for number in range(4)]
KEYS = [f"api-key-{number}-0123456789abcdef0123456789abcdef" for number in range(4)]


def answer(method, path, body):
    """Search, catalog, IAM and the runtime, at one address."""
    if path.startswith("/identity/token"):
        key = parse_qs(body.decode())["apikey"][0]
        token = BEARERS[KEYS.index(key)]
        return {"access_token": token, "expires_in": 3600, "expiration": int(time.time()) + 3600}
    if path.startswith("/v3/resources/search"):
        item = {"crn": CRN, "name": "mine", "tags": [], "service_plan_unique_id": "plan"}
        return {"items": [item | {"doc": {"extensions": {"x": 1}}}]}
    if "usage" in path:
        return {"instance_id": CRN, "usage_consumed_seconds": 1}
    if "backends" in path:
        return {"devices": [{"name": "ibm_loopback", "queue_length": 0}]}
    names = {"overview_ui": {"en": {"display_name": "Open"}}}
    return names | {"metadata": {"pricing": {"type": "free"}}}


@pytest.fixture
def ibm():
    """IAM answers everybody; all else needs a live bearer."""
    with Vendor(bearer, answer, open_paths=("/identity/token",)) as vendor:
        yield vendor


def public(vendor):
    """A profile for a cloud of one's own."""
    names = ("url", "iam_url", "global_search_url", "global_catalog_url")
    return dict.fromkeys(names, vendor.url) | {"instance": CRN}


def make(vendor):
    return lambda: qcred.client("ibm-quantum", url_resolver=lambda *_: vendor.url)


def test_one_service_outlives_rotations(kernel, ibm, monkeypatch):
    """With bearers; whatever the environment says about addresses."""
    for name in ("IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL"):
        monkeypatch.setenv(name, "https://evil.example")

    def work(service):
        assert service.usage()
        assert [backend["name"] for backend in service._active_api_client.list_backends(False)]

    service = outlives_rotations(
        kernel, ibm, "ibm-quantum",
        lambda value: kernel.deliver("ibm-quantum", {"token": value}, public=public(ibm)),
        BEARERS, make(ibm), work,
    )  # fmt: skip
    assert "served-by" not in json.dumps(service.active_account())
    assert not any("identity" in call.path for call in ibm.calls)


def test_a_rotated_api_key_is_used_at_once(kernel, ibm):
    """The bearer that IAM gave for the old key is not kept for the hour that it would live."""
    service = None
    for key, token in zip(KEYS, BEARERS, strict=True):
        kernel.deliver("ibm-quantum", {"value": key}, public=public(ibm), expires_in=None)
        ibm.alive = token
        service = service or make(ibm)()
        before = len(ibm.calls)
        assert service.usage()
        assert ibm.calls[-1].presented == token
        assert {call.status for call in ibm.calls[before:]} == {200}
    assert len([call for call in ibm.calls if "identity" in call.path]) == len(KEYS)


def test_a_stranger_s_folder_leads_nowhere(kernel, ibm, monkeypatch, tmp_path):
    """``ibm-credentials.env`` comes before the environment: the service works, and its user knows.

    A search that somebody makes with our credential is led there, and stopped before it is sent.
    """
    with Vendor(bearer, answer) as evil:
        (tmp_path / "ibm-credentials.env").write_text(
            f"GLOBAL_SEARCH_URL={evil.url}\nGLOBAL_CATALOG_URL={evil.url}\n"
        )
        monkeypatch.chdir(tmp_path)
        kernel.deliver("ibm-quantum", {"token": BEARERS[0]}, public=public(ibm))
        ibm.alive = evil.alive = BEARERS[0]
        with pytest.warns(qcred.QcredWarning, match=r"ibm-credentials\.env, line [12]: GLOBAL_"):
            service = make(ibm)()
        assert service.usage()
        search = GlobalSearchV2(authenticator=qcred.credential("ibm-quantum"))
        search.configure_service("global_search")
        assert search.service_url == evil.url
        with pytest.raises(qcred.RedirectedError, match="stopped"):
            search.search(query="x")
        assert evil.calls == []


@pytest.mark.parametrize("option", ["name", "filename", "token"])
def test_no_other_account_is_taken(kernel, option):
    """A saved one has an address of its own, which would get our bearer."""
    kernel.deliver("ibm-quantum", {"token": BEARERS[0]})
    with pytest.raises(qcred.QcredError, match=f"{option} would take another account"):
        qcred.client("ibm-quantum", **{option: "qiskit-ibm.json"})


def test_the_account_shows_no_key_and_is_saved_nowhere(kernel, ibm, monkeypatch):
    """The SDK shows and writes what it was given: it was given nothing of worth."""
    monkeypatch.chdir(Path.home())
    kernel.deliver("ibm-quantum", {"value": KEYS[0]}, public=public(ibm), expires_in=None)
    ibm.alive = BEARERS[0]
    service = make(ibm)()
    assert service.usage()
    account = service.active_account()
    assert account["instance"] == CRN
    for value in (KEYS[0], BEARERS[0]):
        assert value not in repr(account) + repr(service._account.to_saved_format())
    assert not (Path.home() / ".qiskit" / "qiskit-ibm.json").exists()
