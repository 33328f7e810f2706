"""A day at work with each SDK, as cells of a notebook, and the vendor that it works with.

No SDK is imported here: the cells run in a kernel that has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapters.clouds import KEY, Cloud, google, oauth, quantinuum, sts

from jupyter_qcred.testing.vendor import aws_token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::"
ROLE = "arn:aws:iam::123456789012:role/quantum"
IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:sts::1:assumed-role/q/k</Arn><UserId>u</UserId>
<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""
TASK = {
    "createdAt": "2026-01-01T00:00:00Z", "deviceArn": "arn:aws:braket:::device/q/s",
    "deviceParameters": "{}", "outputS3Bucket": "b", "outputS3Directory": "d",
    "quantumTaskArn": "arn:aws:braket:us-west-2:1:quantum-task/t", "shots": 1, "status": "RUNNING",
}  # fmt: skip
SOLVER = {
    "id": "Advantage_test", "identity": {"name": "Advantage_test"}, "status": "ONLINE",
    "description": "A test solver", "avg_load": 0.1,
    "properties": {
        "supported_problem_types": ["ising"], "qubits": [0, 1], "couplers": [[0, 1]],
        "num_qubits": 2, "category": "qpu", "parameters": {"num_reads": ""},
        "h_range": [-4, 4], "j_range": [-1, 1], "num_reads_range": [1, 10],
    },
}  # fmt: skip
COMPUTER = {"id": "0197c2a4-0000-7000-8000-000000000000", "alias": "garnet", "display_name": "G"}


def elsewhere(url: str) -> dict[str, str]:
    """Return what an environment may hold of somebody else: keys, and addresses for ours."""
    host = url.partition("//")[2]
    addresses = (
        "AWS_ENDPOINT_URL", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "BRAKET_ENDPOINT",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI", "IDENTITY_ENDPOINT", "MSI_ENDPOINT",
        "DWAVE_API_ENDPOINT", "DWAVE_METADATA_API_ENDPOINT", "IONQ_API_URL", "IONQ_REMOTE_HOST",
        "QISKIT_IONQ_API_URL", "CIRQ_IONQ_REMOTE_HOST", "QISKIT_IBM_URL", "IAM_URL",
        "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL", "IQM_SERVER_URL",
        "QCS_SETTINGS_APPLICATIONS_QVM_URL",
    )  # fmt: skip
    keys = (
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
        "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_QUANTUM_ENV",
        "IDENTITY_HEADER", "DWAVE_API_TOKEN", "IONQ_API_KEY", "IONQ_API_TOKEN", "IQM_TOKEN",
        "QISKIT_IONQ_API_TOKEN", "CIRQ_IONQ_API_KEY", "QISKIT_IBM_TOKEN",
        "PASQAL_PULSER_ACCESS_TOKEN",
    )  # fmt: skip
    protocol, port = url.partition(":")[0], url.rpartition(":")[2]
    return {
        **dict.fromkeys(addresses, url),
        **dict.fromkeys(keys, "somebody-else"),
        "GCE_METADATA_HOST": host,
        "GOOGLE_APPLICATION_CREDENTIALS": "/nonexistent/somebody-else.json",
        "NEXUS_PROTOCOL": protocol, "NEXUS_DOMAIN": "127.0.0.1", "NEXUS_PORT": port,
    }  # fmt: skip


@dataclass(frozen=True)
class Day:
    """What a notebook does all day.

    Attributes:
        vendor: of the profile, and its name.
        module: the SDK's own, which no kernel loads by itself.
        cloud: makes the vendor; called with a folder for its certificate.
        make: the cell that makes the client.
        work: the cell that uses it, again and again; it raises where the vendor refuses.
        exchange: how a key becomes a short-lived value; empty for a static key.
        stored: what is stored besides the key.
        key: the field that holds it.
        options: of the exchange.
        door: options that hold addresses of the exchange, with what comes after the host.
        public: settings that the kernel gets, called with the cloud.
    """

    vendor: str
    module: str
    cloud: Callable[[Path], Cloud]
    make: str
    work: str
    exchange: str = ""
    key: str = "value"
    stored: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    door: Mapping[str, str] = field(default_factory=lambda: {"url": "/token"})
    public: Callable[[Cloud], dict[str, str]] = lambda cloud: {"url": cloud.url}

    def fields(self, cloud: Cloud) -> dict[str, str]:
        """Return what is stored at the issuer."""
        if self.exchange:
            return {self.key: KEY, **self.stored}
        return {self.key: cloud.issued[0], **self.stored, **self.public(cloud)}

    def profile(self, cloud: Cloud) -> dict[str, Any]:
        """Return the profile that an administrator writes."""
        origin = f"kv2:qcred/{self.vendor}"
        if not self.exchange:
            return {"vendor": self.vendor, "source": origin, "public": [*self.public(cloud)]}
        addresses = {name: f"{cloud.door}{path}" for name, path in self.door.items()}
        source = {
            "kind": "exchange", "exchange": self.exchange, "from": origin,
            "options": {**self.options, **addresses}, "settings": self.public(cloud),
        }  # fmt: skip
        return {"vendor": self.vendor, "source": source}


OAUTH: dict[str, Any] = {
    "exchange": "oauth-client-credentials",
    "key": "client_secret",
    "options": {"client_id": "a-client", "client_auth": "post"},
}
AWS: dict[str, Any] = {
    "exchange": "aws-sts",
    "key": "secret_key",
    "stored": {"access_key": "AKIALONGLIVEDKEYOFAUSER"},
    "options": {"role_arn": ROLE},
}


def ionq_key(headers: Mapping[str, str]) -> str:
    """Return what stands behind ``apiKey``."""
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    return key if scheme == "apiKey" else ""


def nexus_cookie(headers: Mapping[str, str]) -> str:
    """Return the cookie ``myqos_id``, where it comes alone."""
    name, _, token = headers.get("Cookie", "").partition("=")
    return token if name == "myqos_id" else ""


def keys(start: str) -> tuple[str, ...]:
    """Return four keys of a vendor that has nothing shorter."""
    return tuple(f"{start}{number}{'0123456789abcdef' * 2}0123456" for number in range(4))


def ibm(_folder: Path) -> Cloud:
    """Search, catalog and runtime, at one address."""

    def answer(_method: str, path: str, _body: bytes) -> Any:
        if path.startswith("/v3/resources/search"):
            item = {"crn": CRN, "name": "mine", "tags": [], "service_plan_unique_id": "plan"}
            return {"items": [item | {"doc": {"extensions": {"x": 1}}}]}
        if "usage" in path:
            return {"instance_id": CRN, "usage_consumed_seconds": 1}
        if "backends" in path:
            return {"devices": [{"name": "ibm_loopback", "queue_length": 0}]}
        names = {"overview_ui": {"en": {"display_name": "Open"}}}
        return names | {"metadata": {"pricing": {"type": "free"}}}

    return Cloud(answer, issue=oauth)


def azure(folder: Path) -> Cloud:
    """The resource manager and the service, at one address, over TLS."""

    def answer(_method: str, path: str, _body: bytes) -> Any:
        if path.startswith("/subscriptions") and "quotas" not in path:
            properties = {"endpointUri": cloud.url, "workspaceKind": "V2"}
            return {"location": "westus", "properties": properties}
        return {"value": []}

    cloud = Cloud(answer, issue=oauth, tls=folder)
    return cloud


def dwave(_folder: Path) -> Cloud:
    """SAPI's solvers."""
    return Cloud(
        lambda _method, path, _body: SOLVER if "Advantage_test" in path else [SOLVER],
        presented=lambda headers: headers.get("X-Auth-Token", ""),
        media=lambda headers: headers.get("Accept", "application/json").replace("~=", ""),
        keys=keys("ABC-"),
    )


def ionq(_folder: Path) -> Cloud:
    """Jobs that are completed."""
    job = {"id": "job-1", "status": "completed", "backend": "simulator"}
    # Everybody may ask what backends there are, and qiskit-ionq does so without a key.
    backends = ("/v0.4/backends/",)
    return Cloud(lambda *_: job, presented=ionq_key, keys=keys("ionq-key-"), open_paths=backends)


DAYS: dict[str, Day] = {
    "boto3_session": Day(
        "amazon-braket", "boto3",
        lambda _: Cloud(lambda *_: IDENTITY, issue=sts, presented=aws_token),
        "client = qcred.credential('amazon-braket').client('sts', endpoint_url='{url}')",
        "client.get_caller_identity()",
        public=lambda _: {"region": "us-west-2"}, **AWS,
    ),
    "amazon_braket": Day(
        "amazon-braket", "braket",
        lambda _: Cloud(lambda *_: TASK, issue=sts, presented=aws_token),
        "session = qcred.client('amazon-braket')\n"
        "clients = [session, session.copy_session('eu-west-2')]",
        f"for one in clients: one.get_quantum_task({TASK['quantumTaskArn']!r})",
        public=lambda cloud: {"region": "us-west-2", "endpoint": cloud.url}, **AWS,
    ),
    "azure_workspace": Day(
        "azure-quantum", "azure.quantum", azure,
        "import os; os.environ['REQUESTS_CA_BUNDLE'] = '{authority}'\n"
        "client = qcred.client('azure-quantum')",
        "client.get_quotas()",
        exchange="entra", key="client_secret",
        options={"tenant_id": "contoso.example", "client_id": "app-1"},
        public=lambda cloud: {
            "subscription_id": "11111111-2222-3333-4444-555555555555", "location": "westus",
            "resource_group": "group", "workspace": "mine", "arm_endpoint": cloud.url,
        },
    ),
    "google_auth": Day(
        "google-quantum", "google.auth",
        lambda _: Cloud(lambda *_: {"ok": True}, issue=google),
        "from google.auth.transport.requests import AuthorizedSession\n"
        "client = AuthorizedSession(qcred.credential('google-quantum'))",
        "client.get('{url}').raise_for_status()",
        exchange="gcp", key="token", door={"sts_url": "/sts", "iam_url": "/iam"},
        options={
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p",
            "service_account": "quantum@project.iam.gserviceaccount.com",
        },
        public=lambda _: {"project": "my-project"},
    ),
    "ibm_runtime": Day(
        "ibm-quantum", "qiskit_ibm_runtime", ibm,
        "client = qcred.client('ibm-quantum', url_resolver=lambda *_: '{url}')",
        "client.usage()",
        exchange="ibm-iam", key="api_key",
        public=lambda cloud: {
            **dict.fromkeys(("url", "global_search_url", "global_catalog_url"), cloud.url),
            "instance": CRN,
        },
    ),
    "qnexus_client": Day(
        "quantinuum", "qnexus",
        lambda _: Cloud(
            lambda *_: {"data": {"attributes": {"display_name": "A"}}},
            issue=quantinuum, presented=nexus_cookie,
        ),
        "client = qcred.client('quantinuum')\nimport qnexus.client",
        "qnexus.client.get_nexus_client().get('/api/users/v1beta2/me').raise_for_status()",
        exchange="quantinuum", key="refresh_token",
    ),
    "qcs_sdk": Day(
        "rigetti-qcs", "qcs_sdk",
        lambda _: Cloud(lambda *_: {"quantumProcessors": [{"id": "Ankaa-3"}]}, issue=oauth),
        "client = qcred.client('rigetti-qcs')\n"
        "from qcs_sdk.qpu import list_quantum_processors",
        "list_quantum_processors(client=client)",
        **OAUTH,
    ),
    "pasqal_cloud": Day(
        "pasqal", "pasqal_cloud",
        lambda _: Cloud(
            lambda *_: {"status": "success", "code": "200", "data": {"FRESNEL": "{}"}}, issue=oauth
        ),
        "client = qcred.client('pasqal')",
        "client.get_device_specs_dict()",
        public=lambda cloud: {"url": cloud.url, "project_id": "project-1"}, **OAUTH,
    ),
    "iqm_server": Day(
        "iqm", "iqm",
        lambda _: Cloud(
            lambda _method, path, _body: {"quantum_computers": [COMPUTER]}
            if path.endswith("quantum-computers") else {"healthy": True},
            issue=oauth,
        ),
        "client = qcred.client('iqm')",
        "client.get_health()",
        **OAUTH,
    ),
    "dwave_cloud": Day(
        "dwave", "dwave", dwave,
        "client = qcred.client('dwave')",
        "client.get_solver(name='Advantage_test', refresh=True)",
        public=lambda cloud: {"endpoint": f"{cloud.url}/sapi/v2/"},
    ),
    "cirq_ionq_service": Day(
        "ionq", "cirq_ionq", ionq,
        "client = qcred.client('ionq', sdk='cirq-ionq')",
        "client.get_job('job-1')",
        public=lambda cloud: {"remote_host": cloud.url},
    ),
    "qiskit_ionq_provider": Day(
        "ionq", "qiskit_ionq", ionq,
        "client = qcred.client('ionq', sdk='qiskit-ionq').get_backend('simulator')",
        "client.client.retrieve_job('job-1')",
        public=lambda cloud: {"url": f"{cloud.url}/v0.4"},
    ),
}  # fmt: skip
"""By the name of the tests of that SDK in ``sdks/``."""
