"""The commands by which an operator gives a right that is missing, by the policies that ship."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.issue.vault import roles
from jupyter_qcred.issue.vault.call import Call

from .finding import Step, advice, command
from .issuer import at
from .site import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .issuer_visit import Visit

_PERIOD: Final = 600
"""Seconds: `period` of the server's role as the documentation has it."""


def shipped(name: str) -> Path:
    """Return the file of a shipped policy."""
    return Path(str(resources.files("jupyter_qcred.issue") / "policies" / f"{name}.hcl"))


def write_policy(visit: Visit, name: str, held: Iterable[str]) -> tuple[str, Step]:
    """Return the policy's name there, and the command that writes it.

    Args:
        visit: whose roles may have names of their own, which the policy's paths follow.
        name: of a shipped policy.
        held: the policies that a token has; one that begins with ``name`` is the one to write.
    """
    settings = visit.settings()
    there = next((policy for policy in held if policy.startswith(name)), name)
    target = quoted("bao", "policy", "write", *at(visit), there)
    file = shipped(name)
    named = {roles.SERVER_ROLE: settings.server_role, roles.KERNEL_ROLE: settings.kernel_role}
    renamed = [f"s|{old}|{new}|" for old, new in named.items() if new and new != old]
    if not renamed:
        return there, command(f"{target} {quoted(file)}")
    return there, command(f"sed {quoted('; '.join(renamed), file)} | {target} -")


def make_role(visit: Visit, role: str, body: dict[str, Any]) -> Step:
    """Return the command that writes a token role."""
    return write(visit, f"auth/token/roles/{role}", body)


def write(visit: Visit, path: str, body: dict[str, Any]) -> Step:
    """Return a ``bao write``."""
    return command(quoted("bao", "write", *at(visit), path, *map(_field, body.items())))


def _field(item: tuple[str, Any]) -> str:
    name, value = item
    text = ",".join(value) if isinstance(value, list) else str(value)
    return f"{name}={text.lower() if isinstance(value, bool) else text}"


def server_role(visit: Visit) -> tuple[Step, ...]:
    """Return the steps that make the server's role and its policy."""
    policy, step = write_policy(visit, roles.SERVER_ROLE, ())
    body = {**roles.server_role(_PERIOD), "allowed_policies": [policy]}
    return step, make_role(visit, visit.settings().server_role, body)


def kernel_role(visit: Visit) -> tuple[Step, ...]:
    """Return the steps that make the sessions' role and its policies."""
    policy, step = write_policy(visit, roles.KERNEL_ROLE, ())
    sources = roles.SOURCES_POLICY
    _, read = write_policy(visit, sources, ())
    body = roles.kernel_role([policy, sources])
    return step, read, make_role(visit, visit.settings().kernel_role, body)


def to_login(visit: Visit) -> tuple[Step, ...]:
    """Return the steps that let the login ask for a server token."""
    facts = _facts(visit)
    held = [str(name) for name in facts.get("policies") or () if name != "default"]
    policy, step = write_policy(visit, roles.USER_POLICY, held)
    if policy in held:
        return (step,)
    identity, wanted = visit.identity(), [*held, policy]
    role = str(facts.section("meta").get("role_name") or "")
    if identity.method == "approle" and role:
        path = f"auth/{identity.mount}/role/{role}"
        return step, write(visit, path, {"token_policies": wanted})
    if identity.method == "userpass":
        path = f"auth/{identity.mount}/users/{identity.username}"
        return step, write(visit, path, {"token_policies": wanted})
    what = {"token": "token", "token_file": "token"}.get(identity.method, "auth role")
    return step, _to_auth_role(policy, what)


def _facts(visit: Visit) -> Any:
    call = Call("looking the login up", "GET", "auth/token/lookup-self", changes=False)
    return visit.client().send(call, token=visit.login().token).body.section("data")


def to_role(visit: Visit, name: str, role: str, held: tuple[str, ...]) -> tuple[Step, ...]:
    """Return the steps that give the tokens of a role what a shipped policy allows."""
    policy, step = write_policy(visit, name, held)
    if policy in held:
        return (step,)
    if not role:  # the login itself is the token
        return step, _to_auth_role(policy)
    return step, make_role(visit, role, {"allowed_policies": [*held, policy]})


def _to_auth_role(policy: str, what: str = "auth role") -> Step:
    return advice(f"Add the policy {policy} to the {what} that your servers log in with")


def use_path(visit: Visit, path: str, capability: str, held: tuple[str, ...]) -> tuple[Step, ...]:
    """Return the steps that let sessions read, or write to, one path."""
    role = visit.settings().kernel_role
    if path.startswith("qcred/data/"):
        return to_role(visit, roles.SOURCES_POLICY, role, held)
    policy = f"qcred-{capability}-" + "".join(c if c.isalnum() else "-" for c in path)
    text = f'path "{path}" {{ capabilities = ["{capability}"] }}'
    there = quoted("bao", "policy", "write", *at(visit), policy)
    step = command(f"echo {quoted(text)} | {there} -")
    return step, make_role(visit, role, {"allowed_policies": [*held, policy]})
