"""What the embedded OpenBao is told: its configuration, and the requests that set it up.

The same list of requests serves the self-initialisation at the first start, where OpenBao runs them
by a root token which it never shows and revokes by itself, and later updates by the keeper.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass, field
from enum import Enum
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.issue.embedded.files import user_id
from jupyter_qcred.issue.embedded.sockets import UNIX
from jupyter_qcred.issue.vault.roles import (
    KERNEL_ROLE,
    POLICIES,
    SERVER_ROLE,
    USER_POLICY,
    kernel_role,
    policy_text,
    server_role,
)

if TYPE_CHECKING:
    from jupyter_qcred.issue.embedded.layout import Layout

MOUNT: Final = "qcred"
"""Where the stored keys are: a KV v2 engine."""

JUPYTER: Final = "qcred-jupyter"
"""Identity (AppRole and role id) by which Jupyter servers log in: may open a server token only."""

PUT: Final = "qcred-put"
"""Identity of `jupyter qcred put`: may store, list and delete keys, not read them."""

KEEPER: Final = "qcred-keeper"
"""Identity which brings policies and roles up to date."""

_IDENTITIES: Final = {JUPYTER: USER_POLICY, PUT: PUT, KEEPER: KEEPER}

LOGIN_SECONDS: Final = 120
"""How long a login token lives: long enough to open a server token or store a key."""


class When(Enum):
    """When a request is made."""

    START = "by OpenBao itself at the first start"
    ALWAYS = "at the first start and at each update"
    UPDATE = "at each update, of which the first follows the first start"


@dataclass(frozen=True, slots=True)
class Request:
    """One write.

    Attributes:
        name: for OpenBao's log.
        path: of the API, without ``/v1/``.
        data: the body; a :class:`File` value is replaced by the file's content.
        when: at the first start, at updates, or both.
    """

    name: str
    path: str
    data: dict[str, Any]
    when: When = When.ALWAYS


@dataclass(frozen=True, slots=True)
class File:
    """A value which OpenBao reads from a file, so that the configuration holds no secret."""

    path: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is set up, in order.

    Attributes:
        layout: of the instance.
        server_token_period: seconds.
        session_max_ttl: seconds.
    """

    layout: Layout
    server_token_period: int
    session_max_ttl: int
    requests: tuple[Request, ...] = field(init=False)

    def __post_init__(self) -> None:
        made = (
            # First of all, what later updates may do: an update widens itself before the rest.
            Request("policy-keeper", f"sys/policies/acl/{KEEPER}", {"policy": _own_policy(KEEPER)}),
            Request("policy-put", f"sys/policies/acl/{PUT}", {"policy": _own_policy(PUT)}),
            *(
                Request(f"policy-{name}", f"sys/policies/acl/{name}", {"policy": policy_text(name)})
                for name in POLICIES
            ),
            Request(
                "role-server",
                f"auth/token/roles/{SERVER_ROLE}",
                server_role(self.server_token_period, sweep=True),
            ),
            Request(
                "role-kernel",
                f"auth/token/roles/{KERNEL_ROLE}",
                kernel_role(explicit_max_ttl_seconds=self.session_max_ttl),
            ),
            Request(
                "mount",
                f"sys/mounts/{MOUNT}",
                {"type": "kv", "options": {"version": "2"}},
                when=When.START,
            ),
            # A replaced key is gone, not kept as an older version. A fresh mount refuses everything
            # for a moment, which self-initialisation would not survive.
            Request("mount-config", f"{MOUNT}/config", {"max_versions": 1}, when=When.UPDATE),
            Request("approle", "sys/auth/approle", {"type": "approle"}, when=When.START),
            *(request for name in _IDENTITIES for request in self._identity(name)),
        )
        object.__setattr__(self, "requests", made)

    def _identity(self, name: str) -> tuple[Request, ...]:
        role = f"auth/approle/role/{name}"
        return (
            Request(
                f"identity-{name}",
                role,
                {
                    "token_policies": [_IDENTITIES[name]],
                    "token_no_default_policy": True,
                    "token_ttl": LOGIN_SECONDS,
                    "token_max_ttl": LOGIN_SECONDS,
                },
            ),
            Request(f"role-id-{name}", f"{role}/role-id", {"role_id": name}, when=When.START),
            # Health is announced before self-initialisation is done. The secret ids come last, so
            # that a login proves that everything before is there.
            Request(
                f"secret-id-{name}",
                f"{role}/custom-secret-id",
                {"secret_id": File(str(self.layout.secret_id(name)))},
                when=When.START,
            ),
        )

    def updates(self) -> list[Request]:
        """What an update consists of."""
        return [request for request in self.requests if request.when is not When.START]

    def fingerprint(self) -> str:
        """What `applied.json` remembers: changes whenever an update has anything to do."""
        updates = [(request.path, request.data) for request in self.updates()]
        return hashlib.sha256(json.dumps(updates, sort_keys=True).encode()).hexdigest()

    def config(self, address: str) -> str:
        """OpenBao's configuration file, as JSON."""
        first = [_self_init(each) for each in self.requests if each.when is not When.UPDATE]
        return json.dumps(
            {
                "ui": False,
                "log_level": "warn",
                "disable_clustering": True,
                "storage": {"pebbledb": {"path": str(self.layout.data)}},
                "listener": [_listener(address)],
                "seal": {
                    "static": {
                        "current_key_id": "unseal-1",
                        "current_key": f"file://{self.layout.unseal_key}",
                    }
                },
                "audit": [
                    {
                        "type": "file",
                        "path": "log",
                        "options": {"file_path": str(self.layout.audit_log), "mode": "0600"},
                    }
                ],
                "initialize": [{"type": "qcred", "request": first}],
            },
            indent=1,
        )


def identities() -> tuple[str, ...]:
    """Names of the identities; each has a secret id file."""
    return tuple(_IDENTITIES)


def _own_policy(name: str) -> str:
    folder = resources.files("jupyter_qcred.issue.embedded") / "policies"
    return (folder / f"{name}.hcl").read_text(encoding="utf-8")


def _self_init(request: Request) -> dict[str, Any]:
    data = {
        key: {"eval_source": "file", "eval_type": "string", "path": value.path}
        if isinstance(value, File)
        else value
        for key, value in request.data.items()
    }
    return {"type": request.name, "operation": "update", "path": request.path, "data": data}


def _listener(address: str) -> dict[str, Any]:
    if address.startswith(UNIX):
        # The mode is ignored unless user and group are given too.
        owner = {
            "socket_user": str(user_id()),
            "socket_group": str(os.getgid() if sys.platform != "win32" else 0),
        }
        return {
            "unix": {"address": address.removeprefix(UNIX), "socket_mode": "0600", **owner},
        }
    return {"tcp": {"address": address.removeprefix("http://"), "tls_disable": True}}
