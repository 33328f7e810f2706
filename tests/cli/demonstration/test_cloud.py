"""The demo's cloud, with a real OpenBao behind it."""

from __future__ import annotations

import pytest
import requests

from jupyter_qcred.cli.demonstration.cloud import Cloud
from jupyter_qcred.cli.demonstration.grant import CREDENTIAL_POLICY
from jupyter_qcred.core.secret import Secret

BELL = "qubit[2] q; h q[0]; cx q[0], q[1]; measure q;"


@pytest.fixture
def cloud(openbao):
    """A running one."""
    with Cloud(openbao.address) as running:
        yield running


@pytest.fixture
def credential(openbao):
    """A live credential of it."""
    return new_credential(openbao)


def new_credential(openbao):
    openbao.policy(CREDENTIAL_POLICY, 'path "auth/token/lookup-self" { capabilities = ["read"] }')
    made = openbao.root.auth.token.create(policies=[CREDENTIAL_POLICY], no_default_policy=True)
    return made["auth"]["client_token"]


def bearer(credential):
    return {"Authorization": f"Bearer {credential}"}


def submit(cloud, credential, body):
    return requests.post(f"{cloud.url}/v1/jobs", json=body, headers=bearer(credential), timeout=10)


def test_a_live_credential_runs_circuits(cloud, credential):
    """A job is submitted, and its result read, with the same credential."""
    made = submit(cloud, credential, {"circuit": BELL, "shots": 100})
    assert made.status_code == 201
    job = f"{cloud.url}/v1/jobs/{made.json()['id']}"
    found = requests.get(job, headers=bearer(credential), timeout=10).json()
    assert found["status"] == "done"
    assert sum(found["counts"].values()) == 100
    assert found["counts"].keys() == {"00", "11"}


def test_a_revoked_credential_is_refused_at_once(cloud, credential, openbao):
    """The cloud asks OpenBao each time."""
    assert cloud.present(Secret(credential)) == 200
    openbao.root.auth.token.revoke(credential)
    assert cloud.present(Secret(credential)) == 401
    answer = submit(cloud, credential, {"circuit": BELL})
    assert answer.status_code == 401
    assert credential not in answer.text


@pytest.mark.parametrize("header", ["", "Bearer ", "Basic YTpi", "Bearer nonsense", "Bearer a b"])
def test_what_is_no_credential_is_refused(cloud, header):
    """Without a credential nothing is answered."""
    answer = requests.get(f"{cloud.url}/v1/jobs", headers={"Authorization": header}, timeout=10)
    assert answer.status_code == 401


def test_other_tokens_of_the_same_openbao_are_no_credentials(cloud, openbao):
    """Not even the root token opens the cloud."""
    assert cloud.present(Secret(openbao.root.token)) == 401


def test_jobs_belong_to_their_credential(cloud, credential, openbao):
    """Another live credential does not see them."""
    number = submit(cloud, credential, {"circuit": BELL}).json()["id"]
    other = bearer(new_credential(openbao))
    assert requests.get(f"{cloud.url}/v1/jobs", headers=other, timeout=10).json() == {"jobs": []}
    answer = requests.get(f"{cloud.url}/v1/jobs/{number}", headers=other, timeout=10)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "body", [[], {}, {"circuit": 1}, {"circuit": "x"}, {"circuit": BELL, "shots": "many"}]
)
def test_what_is_no_circuit_is_a_bad_request(cloud, credential, body):
    """The answer says what was expected."""
    answer = submit(cloud, credential, body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_body_that_is_too_long_is_not_read(cloud, credential):
    """Its length alone refuses it."""
    answer = submit(cloud, credential, {"circuit": "x" * 70_000})
    assert answer.status_code == 413


def test_without_openbao_nobody_is_admitted(fresh_openbao):
    """A cloud that can't check a credential does not guess."""
    credential = new_credential(fresh_openbao)
    with Cloud(fresh_openbao.address) as cloud:
        assert cloud.present(Secret(credential)) == 200
        fresh_openbao.stop()
        assert cloud.present(Secret(credential)) == 503
