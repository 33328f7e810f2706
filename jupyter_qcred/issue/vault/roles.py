"""The token roles and policies that an operator writes once, as data.

The same bodies serve the documentation, the embedded OpenBao and the tests, so that what is tested
is what is shipped. Write them by the API (``auth/token/roles/<name>``,
``sys/policies/acl/<name>``): hvac's own helper for token roles leaves several fields out.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

SERVER_ROLE: Final = "qcred-server"
"""Role of the server token, and name of its policy."""

KERNEL_ROLE: Final = "qcred-kernel"
"""Role of the session tokens, and name of their policy."""

USER_POLICY: Final = "qcred-user"
"""Policy of whoever logs in for a Jupyter server."""

SWEEP_POLICY: Final = "qcred-sweep"
"""Optional policy of the server token: revoke by accessor at the next start."""

SOURCES_POLICY: Final = "qcred-sources"
"""Policy of session tokens on the embedded OpenBao: read the stored keys."""

OPERATOR_POLICY: Final = "qcred-operator"
"""Policy of operators, who revoke at the issuer with a login of their own."""

POLICIES: Final = (SERVER_ROLE, KERNEL_ROLE, USER_POLICY, SWEEP_POLICY, SOURCES_POLICY)
"""Every policy that servers and sessions need."""

SHIPPED: Final = (*POLICIES, OPERATOR_POLICY)
"""Every policy the package ships."""


def policy_text(name: str) -> str:
    """Return the HCL text of a shipped policy.

    Raises:
        ValueError: no policy of that name is shipped.
    """
    if name not in SHIPPED:
        raise ValueError(f"no policy {name!r} is shipped; there are {', '.join(SHIPPED)}")
    folder = resources.files("jupyter_qcred.issue") / "policies"
    return (folder / f"{name}.hcl").read_text(encoding="utf-8")


def server_role(period_seconds: int, *, sweep: bool = False) -> dict[str, Any]:
    """Return the body of the role ``qcred-server``.

    Args:
        period_seconds: how long the server token, and all below it, outlives the last heartbeat.
        sweep: whether the server may revoke what a killed predecessor left, by accessor.
    """
    return {
        # An orphan carries no entity: the user's own and group policies do not reach the sessions,
        # and the end of the login token does not end running kernels.
        "orphan": True,
        "renewable": True,
        "token_period": period_seconds,
        "token_no_default_policy": True,
        "token_type": "service",  # a batch token has no accessor and cannot be revoked by itself
        "allowed_policies": [SERVER_ROLE, SWEEP_POLICY] if sweep else [SERVER_ROLE],
    }


def kernel_role(
    policies: Sequence[str] = (KERNEL_ROLE, SOURCES_POLICY),
    explicit_max_ttl_seconds: int = 86_400,
) -> dict[str, Any]:
    """Return the body of the role ``qcred-kernel``.

    Args:
        policies: ``qcred-kernel`` and the policies that read the sources.
        explicit_max_ttl_seconds: the longest any session lives, renewed or not. It stands on the
            role because there it holds at every renewal; a request's own limit does not.
    """
    return {
        "orphan": False,  # children of the server token die with it
        "renewable": True,
        "token_explicit_max_ttl": explicit_max_ttl_seconds,
        "token_no_default_policy": True,
        "token_type": "service",
        "allowed_policies": list(policies),
    }
