"""What every adapter promises, whatever the SDK it drives."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pytest

import jupyter_qcred as qcred
from jupyter_qcred.core.errors import LeaseExpiredError, SdkError
from jupyter_qcred.kernel.adapters import sdk
from jupyter_qcred.kernel.adapters.registry import adapter_for, vendors
from jupyter_qcred.testing.held import HeldKernel
from jupyter_qcred.testing.rotations import chain, nothing_shown, outlives_rotations
from jupyter_qcred.testing.vendor import Vendor, bearer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_qcred.kernel.adapters.adapter import Adapter
    from jupyter_qcred.kernel.credential import Credential

_LOADED: Final = """
import json, sys
before = set(sys.modules)
from jupyter_qcred.kernel.adapters.registry import adapter_for
adapter_for(sys.argv[1], sys.argv[2])
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(new - set(sys.stdlib_module_names))))
"""


class AdapterContract:
    """Subclass it as ``Test…``, and say how your vendor is talked to.

    The client is the real one; the vendor is a server on the loopback interface which takes the
    credential that is current and answers 401 to every other. Its address reaches the client as
    the profile's public field ``url``, unless ``public`` says otherwise.

    Attributes:
        vendor: the name in profiles, as in the entry point.
        sdk: the distribution, where the vendor has several; empty takes the first.
        values: at least three, with the looks of what the vendor gives; each is alive once.
        talkative: a logger that shows what it sends at DEBUG, whoever gave it. No other may.
    """

    vendor: ClassVar[str]
    sdk: ClassVar[str] = ""
    values: ClassVar[Sequence[str]] = [
        f"value-{number}-0123456789-abcdefghij" for number in range(4)
    ]
    talkative: ClassVar[str] = ""

    def fields(self, value: str) -> Mapping[str, str]:
        """Return the secret fields in which the profile delivers a value; the main one first."""
        return {"token": value}

    def public(self, url: str) -> Mapping[str, str]:
        """Return the public fields of the profile that send a client to an address."""
        return {"url": url}

    def presented(self, headers: Mapping[str, str]) -> str:
        """Return what a request's headers present."""
        return bearer(headers)

    def answer(self, method: str, path: str, body: bytes) -> Any:  # noqa: ARG002 - yours may look
        """Return the vendor's answer to a request: what becomes JSON, or bytes."""
        return {}

    def make(self) -> Any:
        """Return a client, as a notebook makes it."""
        return qcred.client(self.vendor, sdk=self.sdk)

    def work(self, client: Any) -> object:
        """Make at least one request that needs the credential."""
        raise NotImplementedError(f"{type(self).__name__} does not say how its client is used")

    # ---- what is promised ----------------------------------------------------------------------

    def test_it_is_found_by_its_vendor(self) -> None:
        """The package is installed, its entry point is right, and it names versions of its SDK."""
        adapter = self._adapter()
        assert self.vendor in vendors()
        assert adapter.sdk.installed, f"{adapter.sdk.distribution} is not installed"
        adapter.sdk.check()

    def test_finding_it_loads_no_sdk(self) -> None:
        """A kernel that never makes a client does not pay for it."""
        own = type(self._adapter()).__module__.partition(".")[0]
        done = subprocess.run(
            [sys.executable, "-c", _LOADED, self.vendor, self.sdk],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert set(json.loads(done.stdout)) <= {"jupyter_qcred", own}

    def test_one_client_outlives_renewals_and_ends_with_the_lease(self) -> None:
        """Each value is used once it is current, none before or after; nothing shows one."""
        kernel = HeldKernel()
        with Vendor(self.presented, self.answer) as vendor:
            outlives_rotations(
                kernel, vendor, self.vendor,
                lambda value: self._deliver(kernel, value, vendor),
                list(self.values), self.make, self.work, talkative=self.talkative,
            )  # fmt: skip

    def test_no_client_is_made_of_a_lease_that_has_ended(self) -> None:
        """Nor works: the notebook is told that it ended, and the vendor is not asked with it."""
        kernel = HeldKernel()
        value = self.values[0]
        with Vendor(self.presented, self.answer) as vendor:
            credential = self._deliver(kernel, value, vendor)
            kernel.end(self.vendor)
            adapter = self._adapter()
            with (
                nothing_shown([value], self.talkative),
                pytest.raises(Exception) as caught,  # noqa: PT011 - SDKs wrap ours in their own
            ):
                self.work(adapter.client(credential))
            told = any(isinstance(error, LeaseExpiredError) for error in chain(caught.value))
            assert told or "revoked" in str(caught.value), repr(caught.value)
            assert value not in vendor.presented

    def test_what_is_made_shows_no_value(self) -> None:
        """Neither the client nor the SDK's own credential object, where it has one."""
        kernel = HeldKernel()
        value = self.values[0]
        with Vendor(self.presented, self.answer) as vendor, nothing_shown([value]) as shown:
            credential = self._deliver(kernel, value, vendor)
            for make in (self._adapter().client, self._adapter().credential):
                with suppress(SdkError):  # it has no type for a credential
                    made = make(credential)
                    shown += [repr(made), str(made), repr(getattr(made, "__dict__", ""))]
            assert shown

    def test_a_missing_sdk_gives_the_line_for_pip(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the versions that it was tested with, and without a value."""

        def missing(name: str) -> str:
            raise PackageNotFoundError(name)

        kernel = HeldKernel()
        adapter = self._adapter()
        with Vendor(self.presented, self.answer) as vendor:
            credential = self._deliver(kernel, self.values[0], vendor)
            monkeypatch.setattr(sdk, "version", missing)
            with pytest.raises(SdkError) as caught:
                adapter.client(credential)
        assert f"%pip install '{adapter.sdk.requirement}'" in str(caught.value)
        assert self.values[0] not in str(caught.value)

    def _adapter(self) -> Adapter:
        return adapter_for(self.vendor, self.sdk)

    def _deliver(self, kernel: HeldKernel, value: str, vendor: Vendor) -> Credential:
        return kernel.deliver(self.vendor, self.fields(value), public=self.public(vendor.url))
