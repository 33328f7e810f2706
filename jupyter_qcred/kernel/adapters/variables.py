"""The environment variables that a vendor's SDKs read, and the fields that fill them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import NoAdapterError, QcredError
from jupyter_qcred.core.record import Record

from .fields import first

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.kernel.credential import Credential

MAIN: Final = ""
"""Stands for the field that is the credential itself."""

_IONQ: Final = "https://api.ionq.co/v0.4"


class Variable(Record):
    """One variable.

    Attributes:
        filled_by: names of fields, of which the first that is there is taken.
        default: where none is there; empty means that the variable is taken away, so that what
            was set before, for somebody else, is not mixed with this credential.
    """

    filled_by: tuple[str, ...] = ()
    default: str = ""


VARIABLES: Final[dict[str, dict[str, Variable]]] = {
    "amazon-braket": {
        "AWS_ACCESS_KEY_ID": Variable(("access_key", "access_key_id", "aws_access_key_id")),
        "AWS_SECRET_ACCESS_KEY": Variable(
            ("secret_key", "secret_access_key", "aws_secret_access_key")
        ),
        "AWS_SESSION_TOKEN": Variable(("session_token", "security_token", "aws_session_token")),
        "AWS_DEFAULT_REGION": Variable(("region",)),
        "AWS_REGION": Variable(("region",)),
        "AWS_PROFILE": Variable(),
        "AWS_DEFAULT_PROFILE": Variable(),
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": Variable((), "true"),
        "BRAKET_ENDPOINT": Variable(("endpoint",)),
        "AMZN_BRAKET_OUT_S3_BUCKET": Variable(("bucket",)),
    },
    "dwave": {
        "DWAVE_API_TOKEN": Variable((MAIN,)),
        # The SDK's own default (dwave-cloud-client 0.14), which a dwave.conf would change.
        "DWAVE_API_ENDPOINT": Variable(("endpoint", "url"), "https://cloud.dwavesys.com/sapi/"),
        "DWAVE_API_SOLVER": Variable(("solver",)),
        "DWAVE_PROFILE": Variable(),
        # Also not the one of the working directory, nor its proxy.
        "DWAVE_CONFIG_FILE": Variable((), os.devnull),
        "DWAVE_METADATA_API_ENDPOINT": Variable(),
        "DWAVE_API_PROXY": Variable(),
        "DWAVE_API_HEADERS": Variable(),
    },
    "ibm-quantum": {
        "QISKIT_IBM_TOKEN": Variable((MAIN,)),
        "QISKIT_IBM_CHANNEL": Variable(("channel",), "ibm_quantum_platform"),
        "QISKIT_IBM_INSTANCE": Variable(("instance",)),
        "QISKIT_IBM_URL": Variable(("url",), "https://cloud.ibm.com"),
        # Where the key would be sent to (ibm-cloud-sdk-core reads it, also from a file).
        "IAM_URL": Variable(("iam_url",), "https://iam.cloud.ibm.com"),
        "IBM_CREDENTIALS_FILE": Variable((), os.devnull),
        "GLOBAL_SEARCH_URL": Variable(
            ("global_search_url",), "https://api.global-search-tagging.cloud.ibm.com"
        ),
        "GLOBAL_CATALOG_URL": Variable(
            ("global_catalog_url",), "https://globalcatalog.cloud.ibm.com/api/v1"
        ),
    },
    "ionq": {
        "IONQ_API_KEY": Variable((MAIN,)),
        "IONQ_API_TOKEN": Variable((MAIN,)),
        "IONQ_API_URL": Variable(("url",), _IONQ),
        "QISKIT_IONQ_API_TOKEN": Variable((MAIN,)),
        "QISKIT_IONQ_API_URL": Variable(("url",), _IONQ),
        "CIRQ_IONQ_API_KEY": Variable((MAIN,)),
        "CIRQ_IONQ_REMOTE_HOST": Variable(("remote_host", "url"), _IONQ),
        "IONQ_REMOTE_HOST": Variable(("remote_host", "url"), _IONQ),
    },
    "iqm": {
        "IQM_TOKEN": Variable((MAIN,)),
        "IQM_TOKENS_FILE": Variable(),
        "IQM_SERVER_URL": Variable(("server_url", "url")),
        "IQM_QUANTUM_COMPUTER": Variable(("quantum_computer",)),
    },
    "pasqal": {"PASQAL_PULSER_ACCESS_TOKEN": Variable((MAIN,))},
}


def variables_of(credential: Credential) -> dict[str, str | None]:
    """Return the variables for a credential; None for one that shall not be there.

    Raises:
        NoAdapterError: the vendor's SDKs read none, as far as we know.
        QcredError: the credential can't be used that way.
    """
    table = VARIABLES.get(credential.vendor)
    if table is None:
        raise NoAdapterError(
            f"No environment variables are known for {credential.vendor}",
            next_step="They are for: " + ", ".join(sorted(VARIABLES)) + ". For others use "
            "`qcred.client` or `qcred.get(…).reveal()`",
        )
    fields = credential.reveal_all()
    if credential.vendor == "ibm-quantum" and fields[MAIN].count(".") == 2:
        # A bearer is a JWT. The SDK would post it as an API key, and then send it raw.
        raise QcredError(
            f"{credential.name} is a bearer token, which qiskit-ibm-runtime would misread as an "
            "API key",
            next_step=f'Use `qcred.client("{credential.name}")`',
            credential=credential.name,
        )
    return _filled(table, fields)


def _filled(table: Mapping[str, Variable], fields: Mapping[str, str]) -> dict[str, str | None]:
    return {
        name: first(fields, *variable.filled_by) or variable.default or None
        for name, variable in table.items()
    }
