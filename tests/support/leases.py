"""An upstream whose credentials are real leases: one-time passwords, an engine of OpenBao's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hvac
from support import deployment

if TYPE_CHECKING:
    from support.openbao import OpenBao

ONCE = "one-time"
"""A credential that OpenBao issues with a lease, and ends with it."""

ONCE_PROFILE: dict[str, Any] = {
    "vendor": "test-cloud",
    "source": {"kind": "dynamic", "path": "otp/creds/one", "parameters": {"ip": "10.0.0.1"}},
    "main": "key",
}
_PREFIX = "sys/leases/lookup/otp/creds/one"


def provide_once(openbao: OpenBao, **install: Any) -> None:
    """Set up what ``deployment.provide`` does, and the engine."""
    deployment.provide(openbao, **install)
    if "otp/" not in openbao.root.sys.list_mounted_secrets_engines()["data"]:
        openbao.root.sys.enable_secrets_engine("ssh", path="otp")
    openbao.root.write_data(
        "otp/roles/one", data={"key_type": "otp", "default_user": "u", "cidr_list": "10.0.0.0/8"}
    )
    openbao.policy("test-otp", 'path "otp/creds/one" { capabilities = ["update"] }')
    role = openbao.root.read("auth/token/roles/qcred-kernel")["data"]
    policies = [*role["allowed_policies"], "test-otp"]
    openbao.root.write_data("auth/token/roles/qcred-kernel", data={"allowed_policies": policies})


def live_leases(openbao: OpenBao) -> set[str]:
    """Return the ids of the leases that have not ended."""
    try:
        answer = openbao.root.list(_PREFIX)
    except hvac.exceptions.InvalidPath:
        return set()
    return set(answer["data"]["keys"]) if answer else set()
