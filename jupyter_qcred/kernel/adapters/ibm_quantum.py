"""IBM Quantum: headers of our own, for a bearer or an API key, and for IBM's own hosts only.

qiskit-ibm-runtime takes an API key alone. A bearer in its place would be posted to IAM as a key,
and sent raw after IAM has refused it. So the service is given a stand-in, and two seams are used
(qiskit-ibm-runtime 0.51): ``_account``, whose authenticator serves the search for instances, and
``_client_params``, which makes the ``auth`` of each session.

A bearer is sent as it is; with an API key, IAM is asked for a bearer by the SDK's own manager, a
new one whenever the key has changed.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from jupyter_qcred.core.errors import QcredError, RedirectedError

from .environment import scoped
from .fields import needed
from .sdk import Sdk

if TYPE_CHECKING:
    from jupyter_qcred.kernel.credential import Credential

SDK: Final = Sdk(distribution="qiskit-ibm-runtime", least="0.51", below="0.52", private=True)
CORE: Final = Sdk(distribution="ibm-cloud-sdk-core", least="3.20", below="4")

_STAND_IN: Final = "served-by-jupyter-qcred"
_URL: Final = "https://cloud.ibm.com"
_IAM: Final = "https://iam.cloud.ibm.com"
_SEARCH: Final = "https://api.global-search-tagging.cloud.ibm.com"
_CATALOG: Final = "https://globalcatalog.cloud.ibm.com/api/v1"


class IbmQuantum:
    """``credential``: an ``Authenticator`` of ibm-cloud-sdk-core; ``client``: the service.

    Public fields used: ``channel``, ``instance``, ``region``, ``url``, and for a cloud of one's
    own ``iam_url``, ``global_search_url``, ``global_catalog_url`` and ``runtime_url``.
    """

    sdk = SDK

    def credential(self, credential: Credential) -> Any:
        """Return an ``Authenticator``, which sends nothing to hosts other than IBM's."""
        public = credential.public
        urls = public.get("global_search_url"), public.get("global_catalog_url")
        hosts = {urlsplit(url).netloc for url in urls if url}
        return _authenticator(_Bearer(credential), hosts)

    def client(self, credential: Credential, **options: Any) -> Any:
        """Return a ``QiskitRuntimeService``; options are its own, but for those of an account.

        Raises:
            QcredError: ``name``, ``filename`` or ``token`` would take another account, and with
                it another address.
        """
        if other := {"name", "filename", "token"} & options.keys():
            raise QcredError(
                f"{min(other)} would take another account than {credential.name}",
                next_step="Leave it out, or use QiskitRuntimeService itself",
                credential=credential.name,
            )
        base = SDK.load("qiskit_ibm_runtime").QiskitRuntimeService
        public = credential.public
        options.setdefault("channel", public.get("channel", "ibm_quantum_platform"))
        options.setdefault("url", public.get("url", _URL))
        if address := public.get("runtime_url"):
            options.setdefault("url_resolver", lambda *_args, **_named: address)
        for name in ("instance", "region"):
            if public.get(name):
                options.setdefault(name, public[name])
        for handler in logging.getLogger("qiskit_ibm_runtime").handlers:
            handler.addFilter(_no_saved_account)
        return _class(base, self.credential(credential), credential)(token=_STAND_IN, **options)


def _no_saved_account(record: logging.LogRecord) -> bool:
    """Keep quiet about the account that is saved on this machine: it is not asked for."""
    return "A saved account will not be used" not in record.getMessage()


class _Bearer:
    """The bearer that is current, whatever was delivered."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential
        self._iam = credential.public.get("iam_url", _IAM)
        self._lock = threading.Lock()
        self._key = ""
        self._manager: Any = None

    def current(self) -> str:
        """Return a bearer; asks IAM where the credential is an API key."""
        value = needed(self._credential, self._credential.reveal_all(), "")
        if value.count(".") == 2:  # a JWT; API keys of IBM Cloud have no full stop
            return value
        with self._lock:
            if value != self._key:
                managers = CORE.load("ibm_cloud_sdk_core")
                self._manager = managers.IAMTokenManager(value, url=self._iam)
                self._key = value
            return str(self._manager.get_token())

    def refuse(self, host: str) -> None:
        """Raise the error for a request that was about to leave for a strange host."""
        raise RedirectedError(
            f"The request for {host} was stopped before {self._credential.name} was sent there: "
            "that is no host of the profile",
            next_step="If it is right, name it in the profile's settings, as url, "
            "global_search_url or global_catalog_url",
            credential=self._credential.name,
        )


def _authenticator(bearer: _Bearer, hosts: set[str]) -> Any:
    base: Any = CORE.load("ibm_cloud_sdk_core.authenticators").Authenticator

    class QcredAuthenticator(base):  # type: ignore[misc]
        def authenticate(self, req: dict[str, Any]) -> None:
            parts = urlsplit(req["url"])
            safe = parts.scheme == "https" and (parts.hostname or "").endswith(".cloud.ibm.com")
            if not safe and parts.netloc not in hosts:
                bearer.refuse(parts.netloc)
            req["headers"]["Authorization"] = f"Bearer {bearer.current()}"

        def validate(self) -> None:
            """There is nothing to be set wrongly."""

    made = QcredAuthenticator()
    made.bearer = bearer
    return made


class _Auth:
    """``auth`` of a session: called with each request, and copied with it."""

    def __init__(self, bearer: _Bearer, crn: str | None, host: str) -> None:
        self._bearer = bearer
        self._crn = crn
        self._host = host

    def __call__(self, request: Any) -> Any:
        host = urlsplit(request.url).netloc
        if host != self._host:
            self._bearer.refuse(host)
        request.headers.update(self.get_headers())
        return request

    def get_headers(self) -> dict[str, Any]:
        """Return the headers, as the SDK's own does."""
        return {"Service-CRN": self._crn, "Authorization": f"Bearer {self._bearer.current()}"}

    def __deepcopy__(self, memo: object) -> _Auth:
        return self


def _class(base: Any, authenticator: Any, credential: Credential) -> Any:
    public = credential.public
    addresses = {
        # Else ibm-credentials.env of the working directory or the home would come before these.
        "IBM_CREDENTIALS_FILE": os.devnull,
        "GLOBAL_SEARCH_URL": public.get("global_search_url", _SEARCH),
        "GLOBAL_SEARCH_DISABLE_SSL": None,
        "GLOBAL_CATALOG_URL": public.get("global_catalog_url", _CATALOG),
        "GLOBAL_CATALOG_DISABLE_SSL": None,
    }

    class QcredRuntimeService(base):  # type: ignore[misc]
        """A service whose account and sessions take the current bearer."""

        def _discover_account(self, *args: Any, **options: Any) -> Any:
            account = super()._discover_account(*args, **options)
            listed = account.list_instances

            def list_instances() -> Any:
                # The SDK lets variables say where it searches, and we say it by them.
                with scoped(addresses):
                    return listed()

            account.get_iam_authentificator = lambda: authenticator
            account.list_instances = list_instances
            return account

        @property
        def _client_params(self) -> Any:
            return self.__dict__["_qcred_params"]

        @_client_params.setter
        def _client_params(self, params: Any) -> None:
            host = urlsplit(params.get_runtime_api_base_url()).netloc
            auth = _Auth(authenticator.bearer, params.instance, host)
            params.get_auth_handler = lambda: auth
            self.__dict__["_qcred_params"] = params

        def active_account(self) -> dict[str, str]:
            """Return the account without what makes it work."""
            account = {
                name: getattr(self._account, name) for name in ("channel", "url", "instance")
            }
            return {name: value for name, value in account.items() if value}

    return QcredRuntimeService
