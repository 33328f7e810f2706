"""A distribution that an adapter drives, and the versions it was tested with."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from jupyter_qcred.core.errors import SdkError
from jupyter_qcred.core.record import Record

if TYPE_CHECKING:
    from jupyter_qcred.kernel.credential import Credential


class Sdk(Record):
    """One distribution.

    Attributes:
        distribution: its name for pip.
        least: the oldest version that has what the adapter uses.
        below: the first version that was not tested.
        private: the adapter uses what the SDK promises nobody. A version that was not tested is
            refused then: it might go on with a dead value, or send it elsewhere.
    """

    distribution: str
    least: str
    below: str
    private: bool = False

    @property
    def installed(self) -> str:
        """Its version in this environment; empty where it is missing."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return ""

    @property
    def requirement(self) -> str:
        """What to ask pip for."""
        return f"{self.distribution}>={self.least},<{self.below}"

    def load(self, module: str) -> Any:
        """Import one of its modules.

        Raises:
            SdkError: it is missing, can't be imported, or its version does not fit.
        """
        self.check()
        try:
            return import_module(module)
        except ImportError as error:
            missing = error.name or module
            raise SdkError(
                f"{self.distribution} can't be imported: {missing} is missing or broken",
                next_step=f"{self._pip}, then restart the kernel",
            ) from None

    def check(self) -> None:
        """Refuse a version that does not fit.

        Raises:
            SdkError: it is missing, or its version does not fit.
        """
        found = self.installed
        if not found:
            raise SdkError(
                f"{self.distribution} is not installed in this kernel's environment",
                next_step=self._pip,
            )
        if _numbers(found) < _numbers(self.least):
            raise SdkError(
                f"{self.distribution} {found} is older than the adapter needs",
                next_step=f"{self._pip}, then restart the kernel",
            )
        if self.private and _numbers(found) >= _numbers(self.below):
            raise SdkError(
                f"{self.distribution} {found} is newer than what the adapter was tested with, and "
                "it relies on parts of that SDK which may change",
                next_step=f"{self._pip}, then restart the kernel",
            )

    def has_no_credential(self, credential: Credential) -> SdkError:
        """Return the error for an SDK that has no type for a credential."""
        return SdkError(
            f"{self.distribution} has no type for a credential",
            next_step=f'Use `qcred.client("{credential.name}")`',
            credential=credential.name,
        )

    @property
    def _pip(self) -> str:
        return f"Run `%pip install '{self.requirement}'`"


def _numbers(text: str) -> tuple[int, ...]:
    """Return the release part of a version (PEP 440), which is all that a range here speaks of."""
    release = re.match(r"\d+(?:\.\d+)*", text)
    numbers = [int(part) for part in release[0].split(".")] if release else []
    while numbers and numbers[-1] == 0:  # 1.0 is 1
        numbers.pop()
    return tuple(numbers)
