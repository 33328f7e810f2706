"""Every setting of the Vault issuer, checked before anything is asked upstream."""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from traitlets import Bool, Enum, Float, TraitError, TraitType, Unicode, validate
from traitlets.config import LoggingConfigurable

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.vault.auth import METHODS, Identity
from jupyter_qcred.issue.vault.client import Endpoint
from jupyter_qcred.issue.vault.roles import KERNEL_ROLE, SERVER_ROLE
from jupyter_qcred.issue.vault.transport import UNIX

if TYPE_CHECKING:
    from traitlets import Bunch

CALLBACK: Final = "/qcred/oidc/callback"
"""Below a Jupyter server's base URL: where browsers come back to."""

_SOCKET_PATH_LIMIT: Final = 107  # bytes of sun_path on Linux, without the closing zero; macOS: 103


class SecretTrait(TraitType[Secret, "Secret | str"]):
    """A setting that is a secret: kept masked, so that no listing of the traits shows it."""

    default_value = Secret("")
    info_text = "a text which is kept masked"

    def validate(self, obj: Any, value: Any) -> Secret:  # noqa: ARG002 - traitlets' signature
        """Return the value as a Secret."""
        if isinstance(value, Secret):
            return value
        if isinstance(value, str):
            return Secret(value.strip())
        # Not the usual message of traitlets, which would show the value.
        raise TraitError(f"the setting {self.name} must be a text")


class VaultSettings(LoggingConfigurable):
    """Settings of the connection to Vault or OpenBao.

    Raises:
        ConfigError: from ``check``; single values raise ``TraitError`` when they are set.
    """

    address = Unicode(
        help="Where Vault or OpenBao is: https://host:port, http://127.0.0.1:port, or "
        "unix:///absolute/path/of.sock.",
    ).tag(config=True)
    namespace = Unicode(help="Namespace, empty for the root namespace.").tag(config=True)
    ca_file = Unicode(
        help="PEM file of the authorities that may sign the server's certificate. Empty means the "
        "well-known public ones; environment variables are not looked at.",
    ).tag(config=True)
    allow_plain_http = Bool(
        default_value=False,
        help="Allow http:// to another machine. Tokens then cross the network in the clear: only "
        "where something else encrypts the way, such as a service mesh.",
    ).tag(config=True)
    connect_timeout = Float(2.0, help="Seconds until a connection stands.").tag(config=True)
    read_timeout = Float(10.0, help="Seconds to wait for an answer.").tag(config=True)
    revoke_timeout = Float(
        60.0, help="Seconds to wait for a revocation, which walks a whole tree of tokens."
    ).tag(config=True)

    auth_method = Enum(
        METHODS,
        default_value="token_file",
        help="How this server logs in.",
    ).tag(config=True)
    auth_mount = Unicode(help="Mount of the auth method; empty means the method's own name.").tag(
        config=True
    )
    auth_role = Unicode(
        help="Role for the jwt, kubernetes and oidc methods; empty means the default role of the "
        "mount, where it has one."
    ).tag(config=True)
    redirect_uri = Unicode(
        help="Where a person's browser comes back to after a login by auth_method=oidc; the role "
        "lists it in its allowed_redirect_uris. Empty means the address by which the browser "
        "reaches this Jupyter server, and below its base_url: /qcred/oidc/callback.",
    ).tag(config=True)
    # Not settings: the server logs its configuration at DEBUG, and shows it by --show-config.
    token = SecretTrait(help="Token for auth_method=token, for callers in Python.")
    token_env = Unicode(
        "VAULT_TOKEN",
        help="Name of the environment variable that holds the token for auth_method=token. "
        "Kernels do not inherit it.",
    ).tag(config=True)
    token_file = Unicode(
        "~/.vault-token",
        help="File with the token for auth_method=token_file; `bao login` writes the default one.",
    ).tag(config=True)
    role_id = Unicode(help="Role id for the approle method.").tag(config=True)
    secret_id = SecretTrait(help="Secret id for the approle method, for callers in Python.")
    secret_id_file = Unicode(help="File with the secret id for the approle method.").tag(
        config=True
    )
    jwt_file = Unicode(help="File with the JWT for the jwt method, read at each login.").tag(
        config=True
    )
    jwt_env = Unicode(
        help="Name of the environment variable that holds the JWT for the jwt method."
    ).tag(config=True)
    service_account_file = Unicode(
        "/var/run/secrets/kubernetes.io/serviceaccount/token",
        help="The pod's service account token, for the kubernetes method.",
    ).tag(config=True)
    username = Unicode(help="User name for the userpass method.").tag(config=True)
    password_file = Unicode(help="File with the password for the userpass method.").tag(config=True)

    server_role = Unicode(
        SERVER_ROLE,
        help="Token role of the server token: orphan, periodic. Empty where the login itself "
        "serves as the server token: its auth role then has token_period and the policy "
        "qcred-server, and policies can be templated by the user's identity.",
    ).tag(config=True)
    kernel_role = Unicode(
        KERNEL_ROLE, help="Token role of the session tokens, one per kernel launch."
    ).tag(config=True)
    entity_alias = Unicode(
        help="Alias of the entity which the server token is bound to, if server_role allows it by "
        "allowed_entity_aliases. Needed only for the oidc source. That entity's policies and "
        "those of its groups then widen every session.",
    ).tag(config=True)
    lease_only = Enum(
        ["auto", "never"],
        default_value="auto",
        help="Without server_role or the right to use it: auto reads with the login token itself, "
        "whose end nobody can force; never refuses.",
    ).tag(config=True)

    @validate("address")
    def _check_address(self, proposal: Bunch) -> str:
        address = str(proposal["value"]).strip().rstrip("/")
        problem = _address_problem(address) if address else None
        if problem:
            raise TraitError(f"the setting address is wrong: {problem}")
        return address

    @validate("redirect_uri")
    def _check_redirect_uri(self, proposal: Bunch) -> str:
        uri = str(proposal["value"]).strip()
        problem = _redirect_problem(uri) if uri else None
        if problem:
            raise TraitError(f"the setting redirect_uri is wrong: {problem}")
        return uri

    @validate("connect_timeout", "read_timeout", "revoke_timeout")
    def _check_timeout(self, proposal: Bunch) -> float:
        seconds = float(proposal["value"])
        if not 0 < seconds <= 3600:
            name = proposal["trait"].name
            raise TraitError(f"the setting {name} must be above 0 and at most 3600 seconds")
        return seconds

    @validate("auth_mount", "server_role", "kernel_role", "auth_role", "namespace")
    def _check_name(self, proposal: Bunch) -> str:
        name = str(proposal["value"]).strip().strip("/")
        dots = any(part in {".", ".."} for part in name.split("/"))
        if dots or not name.isascii() or not name.isprintable():
            raise TraitError(f"the setting {proposal['trait'].name} is not a name: {name!r}")
        return name

    def endpoint(self) -> Endpoint:
        """Return where the server is.

        Raises:
            ConfigError: no address, plain HTTP to another machine, or no such CA file.
        """
        if not self.address:
            raise ConfigError(
                "no address of Vault or OpenBao is set", next_step="Set VaultIssuer.address"
            )
        if not self.allow_plain_http and _crosses_network_in_clear(self.address):
            raise ConfigError(
                f"{self.address} would carry tokens over the network in the clear",
                next_step="Use https://, or set allow_plain_http where a service mesh encrypts",
            )
        ca_file = Path(self.ca_file).expanduser() if self.ca_file else None
        if ca_file and not ca_file.is_file():
            raise ConfigError(
                f"there is no file {ca_file}", next_step="Correct VaultIssuer.ca_file"
            )
        return Endpoint(
            address=self.address,
            namespace=self.namespace,
            ca_file=str(ca_file or ""),
            connect_timeout=self.connect_timeout,
            read_timeout=self.read_timeout,
            revoke_timeout=self.revoke_timeout,
        )

    def identity(self) -> Identity:
        """Return how to log in.

        Raises:
            ConfigError: the auth method lacks a setting.
        """
        self._refuse_secrets_in_config()
        identity = Identity(
            method=self.auth_method,
            mount=self.auth_mount or self.auth_method,
            role=self.auth_role,
            token=self.token or Secret(os.environ.get(self.token_env, "").strip()),
            token_file=self.token_file,
            role_id=self.role_id,
            secret_id=self.secret_id,
            secret_id_file=self.secret_id_file,
            jwt_file=self.jwt_file,
            jwt_env=self.jwt_env,
            service_account_file=self.service_account_file,
            username=self.username,
            password_file=self.password_file,
        )
        identity.check()
        return identity

    def _refuse_secrets_in_config(self) -> None:
        for name, instead in (("token", "token_file"), ("secret_id", "secret_id_file")):
            if name in self.config.get("VaultIssuer", {}):
                raise ConfigError(
                    f"VaultIssuer.{name} is no setting: configuration is logged and shown",
                    next_step=f"Put the value into a file of mode 0600 and set {instead}",
                )


def _address_problem(address: str) -> str | None:
    if address.startswith(UNIX):
        return _socket_problem(address.removeprefix(UNIX))
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return "it has no valid host and port"
    if parts.username is not None or parts.password is not None:
        return "it must hold no user name and no password"  # and they must not be shown here
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        return "write https://host:port, http://127.0.0.1:port or unix:///absolute/path.sock"
    if parts.path or parts.query or parts.fragment:
        return "it must end after host and port"
    return None


def _redirect_problem(uri: str) -> str | None:
    try:
        parts = urlsplit(uri)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named or not uri.isascii() or not uri.isprintable() or " " in uri:
        return "it has no valid host and port"
    if parts.username is not None or parts.query or parts.fragment:
        return "it must hold no user name, no query and no fragment"
    if parts.scheme != "https" and (parts.scheme != "http" or _crosses_network_in_clear(uri)):
        return "write https://host/…, or http://127.0.0.1:port/… for this machine alone"
    if not parts.path.endswith(CALLBACK):
        return f"its path must end with {CALLBACK}, where this package waits"
    return None


def _socket_problem(path: str) -> str | None:
    if not hasattr(socket, "AF_UNIX"):
        return "this system has no unix sockets; use https:// or http://127.0.0.1:port"
    if not path.startswith("/"):
        return "a unix socket needs an absolute path: unix:///run/openbao.sock"
    if len(path.encode()) > _SOCKET_PATH_LIMIT:
        return f"the socket's path is longer than {_SOCKET_PATH_LIMIT} bytes"
    return None


def _crosses_network_in_clear(address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme != "http":
        return False
    host = parts.hostname or ""
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"
