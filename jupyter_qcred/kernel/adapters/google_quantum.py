"""Google Quantum AI: a subclass of google-auth's ``Credentials``, for every Google client.

Its parent's ``refresh_handler`` would be the shorter way, but a copy made by
``with_quota_project`` loses it (google-auth 2).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from .fields import needed
from .sdk import Sdk

if TYPE_CHECKING:
    from jupyter_qcred.kernel.credential import Credential

AUTH: Final = Sdk(distribution="google-auth", least="2.17", below="3")
CIRQ: Final = Sdk(distribution="cirq-google", least="1.4", below="2")

_ENDPOINT: Final = "quantum.googleapis.com"
_GIVE_UP: Final = 60


class GoogleQuantum:
    """``credential``: google-auth ``Credentials``; ``client``: a cirq-google ``Engine``.

    Public fields used: ``project`` and ``endpoint``.
    """

    sdk = CIRQ

    def credential(self, credential: Credential) -> Any:
        """Return google-auth credentials, whose token is the current one at each request."""
        auth = AUTH.load("google.auth.credentials")
        return _class(auth.CredentialsWithQuotaProject)(credential)

    def client(self, credential: Credential, **options: Any) -> Any:
        """Return an ``Engine``.

        Args:
            credential: an access token.
            options: ``project_id``; those of ``EngineContext``; and ``max_retry_delay_seconds``,
                after which the SDK gives up. By its own default it tries for an hour, also after
                the lease has ended, which gRPC reports as a connection that failed.
        """
        cirq = CIRQ.load("cirq_google")
        clients = CIRQ.load("cirq_google.engine.engine_client")
        public = credential.public
        service = {
            "credentials": self.credential(credential),
            "client_options": {"api_endpoint": public.get("endpoint", _ENDPOINT)},
        }
        project = options.pop("project_id", public.get("project"))
        options["client"] = clients.EngineClient(
            service_args=service | options.pop("service_args", {}),
            verbose=options.pop("verbose", None),
            max_retry_delay_seconds=options.pop("max_retry_delay_seconds", _GIVE_UP),
        )
        context = CIRQ.load("cirq_google.engine.engine").EngineContext(**options)
        return cirq.Engine(project, context=context)


def _class(base: Any) -> Any:
    class QcredCredentials(base):  # type: ignore[misc]
        """Looks the token up before each request."""

        def __init__(self, credential: Credential, quota_project: str | None = None) -> None:
            super().__init__()
            self._qcred = credential
            self._quota_project_id = quota_project

        def refresh(self, request: Any) -> None:  # noqa: ARG002 - nobody is asked
            left = self._qcred.expires_in
            self.token = needed(self._qcred, self._qcred.reveal_all(), "")
            # google-auth compares with naive moments in UTC.
            end = datetime.now(UTC) + timedelta(seconds=3600.0 if left is None else left)
            self.expiry = end.replace(tzinfo=None)

        def before_request(self, request: Any, method: str, url: str, headers: Any) -> None:
            self.refresh(request)
            super().before_request(request, method, url, headers)

        def with_quota_project(self, quota_project_id: str) -> Any:
            return type(self)(self._qcred, quota_project_id)

    return QcredCredentials
