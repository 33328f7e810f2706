"""The settings by which SDKs are led elsewhere, and the hosts that are their vendors' own.

Read in the sources of the SDKs that ``docs/how-to/clients.md`` names, and of general-superstaq
0.5, PennyLane 0.45, perceval 1.3, qbraid-core 0.6, qiskit-aqt-provider 2.0, strangeworks-core 0.5
and xanadu-cloud-client 0.3.
"""

from __future__ import annotations

import re
from typing import Final

from jupyter_qcred.core.record import Record

from .trap import ACCOUNT, ADDRESS, TRUST


class Meaning(Record):
    """What a setting is for."""

    vendor: str
    effect: str


SUBJECTS: Final = {
    "": "every SDK",
    "amazon-braket": "Amazon Braket",
    "aqt": "AQT",
    "azure-quantum": "Azure Quantum",
    "dwave": "D-Wave",
    "google-quantum": "Google Quantum AI",
    "ibm-quantum": "IBM Quantum",
    "ionq": "IonQ",
    "iqm": "IQM",
    "pasqal": "Pasqal",
    "qbraid": "qBraid",
    "quandela": "Quandela",
    "quantinuum": "Quantinuum",
    "rigetti-qcs": "Rigetti QCS",
    "strangeworks": "Strangeworks",
    "superstaq": "Superstaq",
    "xanadu": "Xanadu Cloud",
}
"""Vendors in words."""

_HOSTS: Final = {
    # None of Amazon's: anybody may have a part of amazonaws.com.
    "azure-quantum": ("login.microsoftonline.com",),
    "dwave": ("dwavesys.com",),
    "google-quantum": ("googleapis.com",),
    "ibm-quantum": ("cloud.ibm.com",),
    "ionq": ("ionq.co",),
    "iqm": ("meetiqm.com",),
    "pasqal": ("pasqal.cloud",),
    "quantinuum": ("quantinuum.com",),
    "rigetti-qcs": ("rigetti.com",),
    "superstaq": ("infleqtion.com",),
    "xanadu": ("xanadu.ai",),
}
_DEFAULTS: Final = {
    "AZURE_QUANTUM_ENV": "production",
    "NEXUS_PORT": "443",
    "NEXUS_PROTOCOL": "https",
    "XANADU_CLOUD_PORT": "443",
    "XANADU_CLOUD_TLS": "true",
}

_OWN: Final = re.compile(r"(?:https://)?([a-z0-9.-]{1,100})(?::443)?(?:/[\w./-]*)?", re.ASCII)
_HOST: Final = re.compile(
    r"\w{1,12}://(?:[^/?#\\\s]*@)?([A-Za-z0-9.-]{1,100})(?=[:/?#]|$)", re.ASCII
)

_ENVIRONMENT: Final[dict[tuple[str, str], str]] = {
    ("amazon-braket", ADDRESS): "AWS_ENDPOINT_URL BRAKET_ENDPOINT AWS_EC2_METADATA_SERVICE_ENDPOINT"
    " AMZN_BRAKET_OUT_S3_BUCKET AMZN_BRAKET_TASK_RESULTS_S3_URI",
    ("amazon-braket", ACCOUNT): "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"
    " AWS_PROFILE AWS_DEFAULT_PROFILE AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_ROLE_ARN"
    " AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONTAINER_CREDENTIALS_FULL_URI"
    " AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    ("amazon-braket", TRUST): "AWS_CA_BUNDLE",
    ("aqt", ADDRESS): "AQT_PORTAL_URL AQT_ARNICA_URL",
    ("aqt", ACCOUNT): "AQT_TOKEN AQT_ACCESS_TOKEN AQT_CLIENT_ID AQT_CLIENT_SECRET",
    ("azure-quantum", ADDRESS): "AZURE_QUANTUM_CONNECTION_STRING AZURE_QUANTUM_ENV"
    " AZURE_AUTHORITY_HOST IDENTITY_ENDPOINT MSI_ENDPOINT",
    ("azure-quantum", ACCOUNT): "AZURE_QUANTUM_SUBSCRIPTION_ID AZURE_QUANTUM_WORKSPACE_RG"
    " AZURE_QUANTUM_WORKSPACE_NAME AZURE_TENANT_ID AZURE_CLIENT_ID AZURE_CLIENT_SECRET"
    " AZURE_CLIENT_CERTIFICATE_PATH AZURE_FEDERATED_TOKEN_FILE AZURE_USERNAME AZURE_PASSWORD",
    ("dwave", ADDRESS): "DWAVE_API_ENDPOINT DWAVE_METADATA_API_ENDPOINT DWAVE_API_PROXY"
    " DWAVE_LEAP_API_ENDPOINT DWAVE_CONFIG_FILE",
    ("dwave", ACCOUNT): "DWAVE_API_TOKEN DWAVE_API_HEADERS DWAVE_PROFILE",
    ("google-quantum", ADDRESS): "GCE_METADATA_HOST GCE_METADATA_IP GCE_METADATA_ROOT"
    " GOOGLE_CLOUD_UNIVERSE_DOMAIN",
    ("google-quantum", ACCOUNT): "GOOGLE_APPLICATION_CREDENTIALS GOOGLE_CLOUD_PROJECT"
    " GOOGLE_CLOUD_QUOTA_PROJECT CLOUDSDK_CONFIG",
    ("google-quantum", TRUST): "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    ("ibm-quantum", ADDRESS): "QISKIT_IBM_URL IAM_URL GLOBAL_SEARCH_URL GLOBAL_CATALOG_URL"
    " IBM_CREDENTIALS_FILE VCAP_SERVICES",
    ("ibm-quantum", ACCOUNT): "QISKIT_IBM_TOKEN QISKIT_IBM_INSTANCE",
    ("ibm-quantum", TRUST): "GLOBAL_SEARCH_DISABLE_SSL GLOBAL_CATALOG_DISABLE_SSL",
    ("ionq", ADDRESS): "QISKIT_IONQ_API_URL IONQ_API_URL IONQ_REMOTE_HOST CIRQ_IONQ_REMOTE_HOST",
    ("ionq", ACCOUNT): "QISKIT_IONQ_API_TOKEN IONQ_API_KEY IONQ_API_TOKEN CIRQ_IONQ_API_KEY",
    ("iqm", ADDRESS): "IQM_SERVER_URL",
    ("iqm", ACCOUNT): "IQM_TOKEN IQM_TOKENS_FILE",
    ("pasqal", ACCOUNT): "PASQAL_PULSER_ACCESS_TOKEN",
    ("pasqal", TRUST): "PASQAL_SKIP_SSL_VERIFY",
    ("qbraid", ADDRESS): "QBRAID_API_URL QBRAID_CONFIG_FILE",
    ("qbraid", ACCOUNT): "QBRAID_API_KEY QBRAID_ACCESS_TOKEN",
    ("quandela", ACCOUNT): "PCVL_CLOUD_TOKEN PCVL_PERSISTENT_PATH",
    ("quantinuum", ADDRESS): "NEXUS_DOMAIN NEXUS_HOST NEXUS_PROTOCOL NEXUS_PORT NEXUS_CONFIG_FILE",
    ("quantinuum", ACCOUNT): "NEXUS_TOKEN_PATH NEXUS_MANAGED_TOKENS",
    ("quantinuum", TRUST): "NEXUS_HTTPX_VERIFY",
    ("rigetti-qcs", ADDRESS): "QCS_SETTINGS_FILE_PATH QCS_SETTINGS_APPLICATIONS_API_URL"
    " QCS_SETTINGS_APPLICATIONS_GRPC_URL QCS_SETTINGS_APPLICATIONS_QUILC_URL"
    " QCS_SETTINGS_APPLICATIONS_QVM_URL",
    ("rigetti-qcs", ACCOUNT): "QCS_SECRETS_FILE_PATH QCS_PROFILE_NAME",
    ("strangeworks", ADDRESS): "STRANGEWORKS_CONFIG_PATH",
    ("superstaq", ADDRESS): "SUPERSTAQ_REMOTE_HOST",
    ("superstaq", ACCOUNT): "SUPERSTAQ_API_KEY",
    ("xanadu", ADDRESS): "XANADU_CLOUD_HOST XANADU_CLOUD_PORT XANADU_CLOUD_TLS",
    ("xanadu", ACCOUNT): "XANADU_CLOUD_REFRESH_TOKEN XANADU_CLOUD_ACCESS_TOKEN",
    # No proxies: they see no key where certificates are looked at, and many folders need one.
    ("", TRUST): "REQUESTS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR PYTHONHTTPSVERIFY",
}

ENVIRONMENT: Final = {
    name: Meaning(vendor, effect)
    for (vendor, effect), names in _ENVIRONMENT.items()
    for name in names.split()
}
"""Environment variables by name. ``AWS_ENDPOINT_URL`` has one more for each service."""

PINNED: Final = frozenset(
    (
        *("amazon-braket", "azure-quantum", "dwave", "google-quantum", "ibm-quantum"),
        *("ionq", "iqm", "pasqal", "quantinuum", "rigetti-qcs"),
    )
)
"""Vendors whose clients ``qcred.client`` makes, and gives their addresses and credentials to."""

NOT_PINNED: Final = frozenset(
    (
        *("AMZN_BRAKET_TASK_RESULTS_S3_URI", "AWS_CA_BUNDLE"),
        *("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "PASQAL_SKIP_SSL_VERIFY"),
        # These two are given programs, and no token.
        *("QCS_SETTINGS_APPLICATIONS_QUILC_URL", "QCS_SETTINGS_APPLICATIONS_QVM_URL"),
    )
)
"""What these clients go by as well, since many an honest network needs it."""

QISKIT_IONQ: Final = frozenset(
    (
        *("QISKIT_IONQ_API_URL", "IONQ_API_URL"),
        *("QISKIT_IONQ_API_TOKEN", "IONQ_API_KEY", "IONQ_API_TOKEN"),
    )
)
"""What qiskit-ionq takes from a ``.env`` by itself, before the environment."""

IBM: Final = re.compile(r"GLOBAL_(?:SEARCH|CATALOG).(URL|DISABLE_SSL)")
"""In ``ibm-credentials.env``. ibm-cloud-sdk-core takes any letter before the last word."""

DWAVE: Final = {
    **dict.fromkeys(("endpoint", "metadata_api_endpoint", "leap_api_endpoint", "proxy"), ADDRESS),
    **dict.fromkeys(("token", "headers", "client_cert", "cert", "cert_key"), ACCOUNT),
    "permissive_ssl": TRUST,
}
"""Options of a ``dwave.conf``."""

QISKIT_IBM: Final = {"url": ADDRESS, "token": ACCOUNT, "instance": ACCOUNT, "verify": TRUST}
"""Members of an account in a ``qiskit-ibm.json``."""

PENNYLANE: Final = {
    "main": "",
    "aqt": "aqt",
    "braket": "amazon-braket",
    "ionq": "ionq",
    "qiskit": "ibm-quantum",
    "quantinuum": "quantinuum",
    "strawberryfields": "xanadu",
}
"""First words of the tables in PennyLane's ``config.toml``, and whose devices they are for."""

PENNYLANE_KEYS: Final = {
    **dict.fromkeys(("url", "endpoint", "host", "hub_url", "s3_destination_folder"), ADDRESS),
    **dict.fromkeys(("token", "ibmqx_token", "api_key", "authentication_token"), ACCOUNT),
}
"""What these tables hand to a device."""


def meaning(name: str) -> Meaning | None:
    """Return what an environment variable is for; None where it leads no SDK anywhere."""
    if re.fullmatch(r"AWS_ENDPOINT_URL_[A-Z0-9_]{1,40}", name):
        return ENVIRONMENT["AWS_ENDPOINT_URL"]
    return ENVIRONMENT.get(name)


def harmless(vendor: str, effect: str, name: str, value: str) -> bool:
    """Whether a setting leaves everything as it is."""
    if effect == TRUST:
        on = value.lower() in {"true", "1", "yes", "on", "t", "y"}
        off = value.lower() in {"false", "0", "no", "off", "f", "n"}
        if name in {"verify", "NEXUS_HTTPX_VERIFY", "PYTHONHTTPSVERIFY"}:
            return on
        # To pasqal-cloud any word means yes.
        return not value or (off and name != "PASQAL_SKIP_SSL_VERIFY")
    if value.lower() in {"", _DEFAULTS.get(name)}:
        return True
    return effect == ADDRESS and _is_own(vendor, value)


def _is_own(vendor: str, value: str) -> bool:
    """Whether it is plainly an address of the vendor: no port, no user, nothing that is escaped."""
    match = _OWN.fullmatch(value)
    if match is None:
        return False
    return any(match[1] == own or match[1].endswith(f".{own}") for own in _HOSTS.get(vendor, ()))


def host_of(value: str) -> str:
    """Return the host of a URL if it is plainly one, and nothing else of it."""
    match = _HOST.match(value)
    return match[1] if match is not None else ""
