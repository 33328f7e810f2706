"""dwave-cloud-client: the token is on each request, and in nothing that the client keeps."""

from __future__ import annotations

import zlib

import orjson
import pytest
from dwave.cloud import Client

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor

VALUES = [f"ABC-{number}{'0123456789abcdef' * 2}0123456" for number in range(4)]
SOLVER = {
    "id": "Advantage_test", "identity": {"name": "Advantage_test"}, "status": "ONLINE",
    "description": "A test solver", "avg_load": 0.1,
    "properties": {
        "supported_problem_types": ["qubo", "ising"], "qubits": [0, 1], "couplers": [[0, 1]],
        "num_qubits": 2, "category": "qpu", "parameters": {"num_reads": ""}, "h_range": [-4, 4],
        "j_range": [-1, 1], "num_reads_range": [1, 10],
    },
}  # fmt: skip
ANSWER = {
    "format": "qp", "num_variables": 2, "energies": "AAAAAAAALsA=", "num_occurrences": "ZAAAAA==",
    "active_variables": "AAAAAAEAAAA=", "solutions": "AAAAAA==", "timing": {},
}  # fmt: skip


def answer(method, path, body):
    """As SAPI does: solvers, and a problem that is solved at once."""
    if "solvers" in path:
        return SOLVER if "Advantage_test" in path else [SOLVER]
    problem = {
        "status": "COMPLETED", "id": "problem-1", "solver": "Advantage_test", "type": "ising",
        "submitted_on": "2026-01-01T00:00:00Z", "solved_on": "2026-01-01T00:00:01Z",
        "answer": ANSWER,
    }  # fmt: skip
    if method == "POST":
        assert orjson.loads(zlib.decompress(body))
        return [problem]
    return problem


def media(headers):
    """The type that was asked for, of the version that was asked for."""
    return headers.get("Accept", "application/json").replace("~=", "")


@pytest.mark.parametrize("kind", ["base", "qpu"])
def test_one_client_outlives_rotations(kernel, monkeypatch, kind):
    """Looking for a solver and submitting to it, with files of strangers about."""
    monkeypatch.setenv("DWAVE_API_ENDPOINT", "https://evil.example")
    with Vendor(lambda headers: headers.get("X-Auth-Token", ""), answer, media=media) as vendor:

        def work(client):
            solver = client.get_solver(name="Advantage_test", refresh=True)
            solver.sample_ising({0: 1.0}, {(0, 1): 0.5}, num_reads=1).result()

        client = outlives_rotations(
            kernel, vendor, "dwave",
            lambda value: kernel.deliver(
                "dwave", {"token": value}, public={"endpoint": f"{vendor.url}/sapi/v2/"}),
            VALUES, lambda: qcred.client("dwave", client=kind), work,
            talkative="dwave.cloud.api.client",  # at TRACE, below DEBUG
        )  # fmt: skip
        client.close()
        assert {"POST", "GET"} <= {call.method for call in vendor.calls}


def test_the_address_is_the_vendor_s_own(kernel):
    """Whatever a dwave.conf in the working directory says, and without asking anybody."""
    kernel.deliver("dwave", {"token": VALUES[0]})
    with qcred.client("dwave") as client:
        assert client.config.endpoint == "https://cloud.dwavesys.com/sapi/"


def test_there_is_no_credential_object(kernel):
    """The error names what there is."""
    kernel.deliver("dwave", {"token": VALUES[0]})
    with pytest.raises(qcred.SdkError, match=r'qcred\.client\("dwave"\)'):
        qcred.credential("dwave")


def test_no_file_or_variable_has_a_say(kernel, monkeypatch, tmp_path):
    """Nor about a proxy or certificates; the SDK alone, in the same folder, goes by all of them."""
    (tmp_path / "dwave.conf").write_text(
        "[defaults]\nendpoint = https://evil.example/\nproxy = http://evil.example\n"
        "permissive_ssl = true\ntoken = theirs\nheaders = X-Auth-Token: theirs\n"
    )
    monkeypatch.chdir(tmp_path)
    kernel.deliver("dwave", {"token": VALUES[0]})
    with pytest.warns(qcred.QcredWarning, match=r"dwave\.conf, line 2: endpoint leads"):
        client = qcred.client("dwave")
    with client, client.create_session() as session:
        assert (client.config.proxy, session.verify, client.config.headers) == (None, True, {})
    with Client.from_config() as plain:
        assert (plain.config.proxy, plain.config.permissive_ssl) == ("http://evil.example", True)
        assert plain.config.endpoint == "https://evil.example/"


def test_a_block_of_variables_is_not_led_elsewhere(kernel, monkeypatch, tmp_path):
    """Scripts which read nothing else get key and address, and nothing of the folder's file."""
    (tmp_path / "dwave.conf").write_text(
        "[defaults]\nendpoint = https://evil.example/\nproxy = http://evil.example\n"
    )
    monkeypatch.chdir(tmp_path)
    kernel.deliver("dwave", {"token": VALUES[0]})
    with qcred.use("dwave"), Client.from_config() as client:
        assert client.config.token == VALUES[0]
        assert client.config.endpoint == "https://cloud.dwavesys.com/sapi/"
        assert client.config.proxy is None
