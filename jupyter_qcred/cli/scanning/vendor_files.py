"""Where quantum clouds' own tools keep keys in plain text, and which of their fields are keys.

Each location is that of the tool's own code or documentation, named beside it. ``~`` is the user's
home. ``{config}`` is what XDG_CONFIG_HOME says or ``~/.config``, on macOS ``~/Library/Application
Support``; ``{preferences}`` is the same, but on macOS ``~/Library/Preferences``; ``{data}`` is what
XDG_DATA_HOME says or ``~/.local/share``.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Format(StrEnum):
    """How a file is written."""

    JSON = "json"
    INI = "ini"
    TOML = "toml"
    ENV = "env"
    LINE = "line"  # the key alone
    TEXT = "text"  # anything; only the detectors know what is in it


@dataclass(frozen=True, slots=True)
class VendorFile:
    """A file of a vendor's tool.

    Attributes:
        path: with ``~``, ``{config}``, ``{preferences}`` or ``{data}``; its last part may be
            a pattern.
        format: how it is written.
        credential: the name under which `put` stores the key; empty: no key of a quantum cloud
            that a kernel could use, so it is found and not moved.
        keys: names of fields that are secrets, and the name of each in the store; empty for one
            that another makes anew, which is not stored.
        tool: who writes it, for people.
        source: where its location is documented.
        note: what to know before it is moved.
    """

    path: str
    format: Format
    credential: str
    tool: str
    source: str
    keys: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def files(self) -> Iterator[Path]:
        """Yield the ones that exist."""
        pattern = _placed(self.path)
        if "*" not in pattern.name:
            found = [pattern] if pattern.is_file() else []
        else:
            found = sorted(pattern.parent.glob(pattern.name)) if pattern.parent.is_dir() else []
        yield from (path for path in found if path.is_file())


def home_files() -> Iterator[tuple[VendorFile, Path]]:
    """Yield every vendor's file that exists, once."""
    seen: set[Path] = set()
    for known in VENDOR_FILES:
        for path in known.files():
            if path not in seen:
                seen.add(path)
                yield known, path


def _placed(path: str) -> Path:
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    preferences = config
    if sys.platform == "darwin":
        config = home / "Library" / "Application Support"
        preferences = home / "Library" / "Preferences"
    places = {"config": config, "preferences": preferences, "data": data, "home": home}
    return Path(path.replace("~", "{home}", 1).format_map(places))


_TOKEN: Final = {"token": "value"}
_SESSION: Final = "It is a session of the vendor's own tool, which signs in again to make another"

VENDOR_FILES: Final = (
    VendorFile(
        "~/.qiskit/qiskit-ibm.json", Format.JSON, "ibm-quantum", "Qiskit Runtime",
        "https://quantum.cloud.ibm.com/docs/guides/save-credentials", _TOKEN,
    ),
    VendorFile(
        "~/.qiskit/qiskitrc", Format.INI, "ibm-quantum", "Qiskit (old)",
        "https://github.com/Qiskit/qiskit-ibm-runtime/blob/main/qiskit_ibm_runtime/accounts",
        _TOKEN,
    ),
    VendorFile(
        "{config}/dwave/dwave.conf", Format.INI, "dwave", "D-Wave Ocean",
        "https://docs.dwavequantum.com/en/latest/ocean/api_ref_cloud/cli_ref.html", _TOKEN,
    ),
    VendorFile(
        "~/.qnx/auth/token.json", Format.JSON, "quantinuum", "Quantinuum Nexus",
        "https://github.com/quantinuum/qnexus/blob/main/qnexus/client/utils.py",
        {"refresh_token": "value"}, _SESSION,
    ),
    VendorFile(
        "~/.qnx/auth/id.json", Format.JSON, "", "Quantinuum Nexus",
        "https://github.com/quantinuum/qnexus/blob/main/qnexus/client/utils.py",
        {"access_token": "value"}, _SESSION,
    ),
    VendorFile(
        "~/.qbraid/qbraidrc", Format.INI, "qbraid", "qBraid",
        "https://docs.qbraid.com/cli/user-guide/config-files", {"api-key": "value"},
    ),
    VendorFile(
        "~/.aws/credentials", Format.INI, "amazon-braket", "AWS",
        "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html",
        {
            "aws_secret_access_key": "secret_key",
            "aws_access_key_id": "access_key",
            "aws_session_token": "security_token",
        },
        "Everything else on this machine that uses AWS reads it too",
    ),
    VendorFile(
        "~/.azure/msal_token_cache.json", Format.JSON, "", "Azure CLI",
        "https://learn.microsoft.com/cli/azure/msal-based-azure-cli", {"secret": "value"},
    ),
    VendorFile(
        "~/.azure/service_principal_entries.json", Format.JSON, "", "Azure CLI",
        "https://learn.microsoft.com/cli/azure/msal-based-azure-cli",
        {"client_secret": "value", "secret": "value"},
    ),
    VendorFile(
        "~/.azure/accessTokens.json", Format.JSON, "", "Azure CLI before 2.30",
        "https://learn.microsoft.com/cli/azure/msal-based-azure-cli",
        {"accessToken": "value", "refreshToken": "value"},
    ),
    VendorFile(
        "~/.config/gcloud/application_default_credentials.json", Format.JSON, "", "Google Cloud",
        "https://cloud.google.com/docs/authentication/application-default-credentials",
        {"refresh_token": "value", "client_secret": "client_secret", "private_key": "private_key"},
    ),
    VendorFile(
        "~/.qcs/secrets.toml", Format.TOML, "rigetti-qcs", "Rigetti QCS",
        "https://docs.rigetti.com/qcs/references/qcs-client-configuration",
        {"refresh_token": "value", "access_token": "", "id_token": ""},
        _SESSION,
    ),
    VendorFile(
        "{preferences}/pennylane/config.toml", Format.TOML, "", "PennyLane",
        "https://docs.pennylane.ai/en/stable/introduction/configuration.html",
        {"ibmqx_token": "ibm", "token": "value", "api_key": "api", "authentication_token": "auth"},
        "Its keys belong to several clouds",
    ),
    VendorFile(
        "{preferences}/xanadu-cloud/.env", Format.ENV, "xanadu", "Xanadu Cloud Client",
        "https://github.com/XanaduAI/xanadu-cloud-client/blob/main/xcc/settings.py",
        {"XANADU_CLOUD_REFRESH_TOKEN": "value", "XANADU_CLOUD_ACCESS_TOKEN": ""},
    ),
    VendorFile(
        "~/.config/strangeworks/sdk/cfg.toml", Format.TOML, "strangeworks", "Strangeworks",
        "https://github.com/strangeworks/strangeworks-sdk", {"api_key": "value"},
    ),
    VendorFile(
        "{data}/super.tech/superstaq[_-]api[_-]key*", Format.LINE, "superstaq", "Superstaq",
        "https://github.com/Infleqtion/client-superstaq/blob/main/general-superstaq",
    ),
    VendorFile(
        "{data}/coldquanta/superstaq[_-]api[_-]key*", Format.LINE, "superstaq", "Superstaq",
        "https://github.com/Infleqtion/client-superstaq/blob/main/general-superstaq",
    ),
    VendorFile(
        "~/.super.tech/superstaq[_-]api[_-]key*", Format.LINE, "superstaq", "Superstaq",
        "https://github.com/Infleqtion/client-superstaq/blob/main/general-superstaq",
    ),
    VendorFile(
        "~/.coldquanta/superstaq[_-]api[_-]key*", Format.LINE, "superstaq", "Superstaq",
        "https://github.com/Infleqtion/client-superstaq/blob/main/general-superstaq",
    ),
    VendorFile(
        # IonQ's own tools keep no file: it is where people put the key.
        "~/.ionq", Format.LINE, "ionq", "IonQ",
        "https://docs.ionq.com/guides/managing-api-keys",
    ),
    VendorFile(
        "~/.vault-token", Format.LINE, "", "Vault or OpenBao",
        "https://openbao.org/docs/commands/token-helper",
    ),
)  # fmt: skip
