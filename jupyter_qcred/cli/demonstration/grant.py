"""What the demo's OpenBao is given beside the shipped set-up: two credentials, and who may ask.

``demo-quantum`` is a token below its kernel's session token, so that OpenBao can be asked whether
it lives, and it dies with the kernel. ``demo-static`` is a key as most vendors still issue them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.cli.demonstration.tutorial import LIVE, MADE_UP_KEY, STATIC
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.embedded.client import Client
from jupyter_qcred.issue.embedded.plan import KEEPER, MOUNT
from jupyter_qcred.issue.embedded.setup import secret_id
from jupyter_qcred.issue.vault.roles import KERNEL_ROLE, SOURCES_POLICY, kernel_role

if TYPE_CHECKING:
    from jupyter_qcred.issue.embedded.hold import Hold
    from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao

CREDENTIAL_POLICY: Final = f"qcred-{LIVE}"
"""Role of the live credential, and its only policy: it may look itself up, nothing else."""

_ASK_POLICY: Final = "qcred-demo-ask"
_POLICIES: Final = {
    CREDENTIAL_POLICY: 'path "auth/token/lookup-self" { capabilities = ["read"] }',
    _ASK_POLICY: f'path "auth/token/create/{CREDENTIAL_POLICY}" {{ capabilities = ["update"] }}',
}

PROFILES: Final[dict[str, Any]] = {
    LIVE: {
        "vendor": LIVE,
        "source": {
            "kind": "dynamic",
            "path": f"auth/token/create/{CREDENTIAL_POLICY}",
            "parameters": {"ttl": "10m"},
        },
        "labels": {"project": "demo"},
    },
    STATIC: {"vendor": STATIC, "source": f"kv2:{MOUNT}/{STATIC}", "labels": {"project": "demo"}},
}


def grant(embedded: EmbeddedOpenBao, hold: Hold) -> None:
    """Add the demo's role and policies as the keeper, and store the static key.

    Raises:
        QcredError: OpenBao can't be reached or refuses.
    """
    client = Client(hold.address)
    client.login(KEEPER, secret_id(embedded.layout, KEEPER))
    for name, text in _POLICIES.items():
        client.request("POST", f"sys/policies/acl/{name}", {"policy": text})
    roles = {
        CREDENTIAL_POLICY: {
            "orphan": False,
            "renewable": False,
            "allowed_policies": [CREDENTIAL_POLICY],
            "token_no_default_policy": True,
            "token_type": "service",
        },
        KERNEL_ROLE: kernel_role(
            (KERNEL_ROLE, SOURCES_POLICY, _ASK_POLICY), embedded.session_max_ttl
        ),
    }
    for name, role in roles.items():
        client.request("POST", f"auth/token/roles/{name}", role)
    embedded.put(STATIC, {"value": Secret(MADE_UP_KEY)})
