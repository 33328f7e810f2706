"""Amazon Braket: botocore's own refreshable credentials, looked up in memory at each signature.

botocore asks for new credentials from a while before their end: ten minutes mandatory, fifteen
advisory, unless told otherwise (botocore 1.43, ``credentials.RefreshableCredentials``). Here the
mandatory window covers any life, so that each signature takes the current ones, and what was
renewed or revoked meanwhile is never used: asking the store costs microseconds.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from .environment import scoped
from .fields import first, needed
from .sdk import Sdk

if TYPE_CHECKING:
    from jupyter_qcred.kernel.credential import Credential

BOTO3: Final = Sdk(distribution="boto3", least="1.34", below="2")
BRAKET: Final = Sdk(distribution="amazon-braket-sdk", least="1.100", below="2")

_ALWAYS: Final = 10 * 365 * 86400
"""Seconds before the end from which botocore asks: longer than any lease."""

_NOBODY_ELSE: Final = {
    "profile": (None, None, None, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""What botocore shall not look up, in its own form (``Session.SESSION_VARIABLES``): the name in a
file, the environment variable, the value, a conversion. An ``AWS_PROFILE`` that names no profile
would be an error, and nobody's keys need be read."""

_STATIC: Final = 86400.0
"""What botocore is told of a key without an end; it asks at each use all the same."""


class AmazonBraket:
    """``credential``: a boto3 ``Session``; ``client``: a Braket ``AwsSession``.

    Public fields used: ``region``, ``bucket`` and ``endpoint``, which serves Braket in all regions;
    and ``s3_endpoint``, where results are.
    """

    sdk = BRAKET

    def credential(self, credential: Credential) -> Any:
        """Return a boto3 ``Session`` that knows this credential and no other."""
        return _boto_session(credential, credential.public.get("region"))

    def client(self, credential: Credential, **options: Any) -> Any:
        """Return an ``AwsSession``, which keeps the credential when it is copied to a region.

        Args:
            credential: what to sign with.
            options: of ``AwsSession``; and ``region``.
        """
        braket = BRAKET.load("braket.aws")
        region = options.pop("region", None) or credential.public.get("region")
        return _session_class(braket.AwsSession)(credential, region, **options)


def _boto_session(credential: Credential, region: str | None) -> Any:
    boto3 = BOTO3.load("boto3")
    session = BOTO3.load("botocore.session").Session(session_vars=_NOBODY_ELSE)
    providers = BOTO3.load("botocore.credentials")
    # The only one in the chain: without our credential there is an error, never another identity.
    session.register_component(
        "credential_provider",
        providers.CredentialResolver([_provider(providers, credential)]),
    )
    # Addresses from the environment and from files may be a stranger's: they get session tokens.
    config = BOTO3.load("botocore.config").Config(ignore_configured_endpoint_urls=True)
    session.set_default_client_config(config)
    return _boto_class(boto3.Session, credential)(botocore_session=session, region_name=region)


def _boto_class(base: Any, credential: Credential) -> Any:
    class QcredSession(base):  # type: ignore[misc]
        """A ``Session`` that finds the profile's own S3, such as an interface in a private net."""

        def client(self, service_name: str, *args: Any, **options: Any) -> Any:
            # Also what the SDK and its resources call; an address that is given stays.
            if service_name == "s3" and options.get("endpoint_url") is None:
                options["endpoint_url"] = credential.public.get("s3_endpoint")
            return super().client(service_name, *args, **options)

    return QcredSession


def _provider(providers: Any, credential: Credential) -> Any:
    class Provider(providers.CredentialProvider):  # type: ignore[misc]
        METHOD = "jupyter-qcred"

        def load(self) -> Any:
            return providers.RefreshableCredentials.create_from_metadata(
                _metadata(credential),
                refresh_using=lambda: _metadata(credential),
                method=self.METHOD,
                advisory_timeout=_ALWAYS,
                mandatory_timeout=_ALWAYS,
            )

    return Provider()


def _metadata(credential: Credential) -> dict[str, str | None]:
    # The time first: if a renewal comes between the two, it is too short rather than too long.
    left = credential.expires_in
    fields = credential.reveal_all()
    end = datetime.now(UTC) + timedelta(seconds=_STATIC if left is None else left)
    return {
        "access_key": needed(
            credential, fields, "access_key", "access_key_id", "aws_access_key_id"
        ),
        "secret_key": needed(
            credential, fields, "secret_key", "secret_access_key", "aws_secret_access_key"
        ),
        "token": first(fields, "session_token", "security_token", "aws_session_token") or None,
        "expiry_time": end.isoformat(),
    }


def _session_class(base: Any) -> Any:
    class QcredAwsSession(base):  # type: ignore[misc]
        """An ``AwsSession`` whose copies have the same identity.

        The SDK's own copy knows explicit keys and the environment, and takes whatever the default
        chain finds instead of other credentials (amazon-braket-sdk 1.127, ``copy_session``).
        """

        def __init__(self, credential: Credential, region: str | None, **options: Any) -> None:
            boto = _boto_session(credential, region)
            endpoint = credential.public.get("endpoint")
            self._qcred = credential
            if "braket_client" not in options:
                # Made here, since the SDK would take BRAKET_ENDPOINT.
                options["braket_client"] = boto.client(
                    "braket", config=options.pop("config", None), endpoint_url=endpoint
                )
            options.setdefault("default_bucket", credential.public.get("bucket"))
            # Else results could go to a stranger's bucket, which a file in the folder has named.
            with scoped({"AMZN_BRAKET_OUT_S3_BUCKET": None}):
                super().__init__(boto_session=boto, **options)

        def add_braket_user_agent(self, user_agent: str) -> None:
            """Name a library that uses the session, as PennyLane's devices do.

            The SDK's own makes its client anew, at the address that BRAKET_ENDPOINT says.
            """
            agents: str = vars(self).get("_braket_user_agents") or ""
            if user_agent in agents:
                return
            self._braket_user_agents = agents = f"{agents} {user_agent}".strip()
            more = BOTO3.load("botocore.config").Config(user_agent_extra=agents)
            self.braket_client = self.boto_session.client(
                "braket",
                config=self._config.merge(more),
                endpoint_url=self._qcred.public.get("endpoint"),
            )

        def copy_session(
            self, region: str | None = None, max_connections: int | None = None
        ) -> Any:
            config = BOTO3.load("botocore.config").Config(
                user_agent_extra=self._braket_user_agents,
                **({"max_pool_connections": max_connections} if max_connections else {}),
            )
            bucket = self._default_bucket if self._custom_default_bucket else None
            options: dict[str, Any] = {"default_bucket": bucket} if bucket else {}
            return type(self)(self._qcred, region or self.region, config=config, **options)

    return QcredAwsSession
