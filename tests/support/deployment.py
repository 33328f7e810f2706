"""What an operator sets up: an OpenBao with policies, a key in it, and a server that may use it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.jupyter import JupyterServer

if TYPE_CHECKING:
    from pathlib import Path

    from support.openbao import OpenBao

CANARY = "qcredCANARYvalue-0123456789abcdefABCDEF_GHIJKLMNOPQRSTUVWXYZ"
"""The static vendor key of the tests: wherever it turns up, it was leaked."""

KEY = "ibm-quantum"
LIVE = "test-cloud"
"""A credential that OpenBao itself can check and invalidate."""

PROFILES: dict[str, Any] = {
    KEY: {"vendor": KEY, "source": f"kv2:qcred/{KEY}", "labels": {"project": "lifecycle"}},
    LIVE: {
        "vendor": LIVE,
        "source": {"kind": "dynamic", "path": "auth/token/create/test-cloud",
                   "parameters": {"ttl": "10m"}},
    },
}  # fmt: skip

CLOUD_POLICY = """
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/create/test-cloud" { capabilities = ["update"] }
"""


def provide(openbao: OpenBao, **install: Any) -> None:
    """Store the canary, and a role whose tokens stand for a vendor's short-lived credentials."""
    policies = ["qcred-kernel", "qcred-sources", "test-cloud"]
    openbao.policy("test-cloud", CLOUD_POLICY)
    openbao.install_qcred(kernel_policies=policies, **install)
    openbao.root.write_data(
        "auth/token/roles/test-cloud",
        data={"allowed_policies": ["test-cloud"], "token_no_default_policy": True},
    )
    openbao.put(KEY, value=CANARY)


def settings(
    openbao: OpenBao, home: Path, profiles: dict[str, Any] | None = None, **traits: Any
) -> None:
    """Write ``jupyter_qcred_config.json`` into a home, with an AppRole of its own."""
    login = openbao.approle_login()
    config = home / ".jupyter"
    config.mkdir(parents=True, exist_ok=True)
    secret_id = config / "secret-id"
    secret_id.touch(mode=0o600)
    secret_id.write_text(login["secret_id"])
    (config / "jupyter_qcred_config.json").write_text(
        json.dumps(
            {
                "VaultIssuer": {
                    "address": openbao.address,
                    "auth_method": "approle",
                    "role_id": login["role_id"],
                    "secret_id_file": str(secret_id),
                },
                "CredentialService": {
                    "profiles": PROFILES if profiles is None else profiles,
                    **traits,
                },
            }
        )
    )


def server(
    openbao: OpenBao,
    home: Path,
    profiles: dict[str, Any] | None = None,
    *,
    args: tuple[str, ...] = (),
    env: dict[str, str] | None = None,
    **traits: Any,
) -> JupyterServer:
    """Return a Jupyter server, not started, that gets its credentials from ``openbao``."""
    made = JupyterServer(home, args=args, **(env or {}))
    settings(openbao, home, profiles, **traits)
    return made


def audit(home: Path) -> list[dict[str, Any]]:
    """Return the audit events of a home, oldest first."""
    file = home / "data" / "qcred" / "audit.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def events(home: Path, name: str, **fields: Any) -> list[dict[str, Any]]:
    """Return the audit events of one kind whose fields have these values."""
    wanted = f"/{name}/v"
    return [
        event
        for event in audit(home)
        if wanted in event["__schema__"]
        and all(event[field] == value for field, value in fields.items())
    ]
