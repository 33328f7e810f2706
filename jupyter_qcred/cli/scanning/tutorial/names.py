"""The words by which code that handles keys is known."""

from __future__ import annotations

import re
from typing import Final

_CREDENTIAL: Final = re.compile(
    r"(?:.*_)?(?:api_?key|api_?token|api_?secret|access_?key|access_?key_?id|secret_?access_?key|"
    r"secret_?key|client_?secret|account_?key|subscription_?key|private_?key|auth_?token|"
    r"access_?token|refresh_?token|session_?token|bearer_?token|sapi_?token|ibm_?token|"
    r"ionq_?(?:key|token)|dwave_?token|ibmq_?token|password|passwd|credentials?|connection_?string)"
    r"|token|my_?token|your_?token|secret|my_?secret|apikey",
    re.IGNORECASE,
)
_ENVIRONMENT: Final = re.compile(
    r"\w*(?:TOKEN|API_?KEY|SECRET|PASSWORD|ACCESS_KEY|CREDENTIAL|SUBSCRIPTION_KEY)\w*|IONQ_KEY",
    re.IGNORECASE,
)
INVITES: Final = re.compile(r"\b(your|paste|insert|enter|replace|fill|put|here)\b", re.IGNORECASE)
"""Words beside an empty text that tell a reader to fill it in."""

ASKED_FOR: Final = re.compile(
    r"\b(api|key|token|secret|password|passwd|credentials?|passcode)\b", re.IGNORECASE
)
"""Words in the question of an ``input``."""

POSITIONS: Final = {
    "IonQProvider": (0,),
    "IBMProvider": (0,),
    "enable_account": (0,),
    "AzureKeyCredential": (0,),
    "ClientSecretCredential": (2,),
    "Superstaq": (0,),
    "login_with_token": (0,),
}
"""Where calls have a key without its name."""

READS: Final = frozenset({"reveal", "reveal_all", "active_account", "saved_accounts"})
"""Methods that return a key."""

SAVES: Final = frozenset(
    {
        "save_account",
        "save_config",
        "save_token",
        "set_key",
        "store_credentials",
        "save_credentials",
    }
)
"""Functions that write one to a file."""

LOGINS: Final = {
    "qnexus": frozenset({"login", "login_with_credentials", "login_no_interaction"}),
    "qnexus.client.auth": frozenset({"login", "login_with_credentials", "login_no_interaction"}),
    "strangeworks": frozenset({"authenticate"}),
    "xcc": frozenset({"Settings"}),
}
"""Functions of modules that keep what they were given on the disk."""

FILES: Final = re.compile(
    r"qiskit-ibm\.json|qiskitrc|ibm-credentials\.env|\.aws[/\\](?:credentials|config)|dwave\.conf|"
    r"\.ionq\b|\.qnx\b|qbraidrc|\.qcs[/\\]|secrets\.toml|\.azure[/\\]|xanadu-cloud|strangeworks|"
    r"application_default_credentials|pennylane[/\\]config|(?:^|[/\\])\.env\b",
    re.IGNORECASE,
)
"""Files in which vendors' tools keep keys."""

_VENDORS: Final = (
    ("ibm-quantum", r"qiskit_ibm|qiskitruntime|ibm_?quantum|ibmq|ibm_provider|qiskit_?rc|\bibm"),
    ("ionq", r"ionq"),
    ("dwave", r"d-?wave|sapi|\bleap"),
    ("amazon-braket", r"braket|boto3|aws"),
    ("azure-quantum", r"azure"),
    ("quantinuum", r"qnexus|quantinuum|\bqnx"),
    ("google-quantum", r"cirq_google|google"),
    ("iqm", r"iqm"),
    ("pasqal", r"pasqal"),
    ("rigetti-qcs", r"qcs|pyquil|rigetti"),
)


def is_credential(name: str) -> bool:
    """Whether a variable, argument or key of that name holds a credential."""
    return _CREDENTIAL.fullmatch(name) is not None


def is_variable(name: str) -> bool:
    """Whether an environment variable of that name does."""
    return _ENVIRONMENT.fullmatch(name) is not None


def vendor_of(*texts: str) -> str:
    """Return a credential's name for code; the first text in which a vendor is named counts."""
    for text in texts:
        for vendor, words in _VENDORS:
            if re.search(words, text, re.IGNORECASE):
                return vendor
    return "NAME"
