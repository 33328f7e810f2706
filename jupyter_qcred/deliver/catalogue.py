"""Which credentials a kernel may have: the profiles, narrowed by its notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_core.paths import jupyter_config_dir

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.issue import static_keys
from jupyter_qcred.issue.builtin import builtin_profiles
from jupyter_qcred.issue.profile_file import load_profiles_file, profiles_from_mapping
from jupyter_qcred.issue.selection import requires_of, select

if TYPE_CHECKING:
    from jupyter_qcred.issue.profile import Profile
    from jupyter_qcred.issue.selection import Selection
    from jupyter_qcred.issue.supply import IssuerSupply

    from .service import CredentialService
    from .shared import Holder

_LARGEST = 256 << 20
"""Bytes: a larger notebook is not read for its list; it then gets what the server allows."""


class Catalogue:
    """Reads profiles once, each notebook when its kernel starts. Blocks: call it in a worker."""

    def __init__(self, service: CredentialService, supply: IssuerSupply) -> None:
        self._service = service
        self._supply = supply
        self._profiles: dict[str, Profile] | None = None

    def select(self, holder: Holder) -> Selection:
        """Return what one kernel may have.

        Raises:
            ConfigError: the profiles are wrong: no kernel gets anything until they are mended.
        """
        return select(self.profiles(), self._requires(holder.notebook), self._service.allowed)

    def check(self) -> None:
        """Tell in the log what is wrong with the profiles, before the first kernel starts.

        And once for each that delivers a static key, since nothing here can end one.
        """
        try:
            static_keys.warn(self.profiles().values(), self._service.log)
        except ConfigError as error:
            self._service.log.error(  # noqa: TRY400 - the words say it, a traceback would not
                "Kernels get no credentials: %s", error
            )

    def profiles(self) -> dict[str, Profile]:
        """Return all profiles: built in, from the file, from the setting; the later wins.

        Raises:
            ConfigError: the file or the setting is wrong.
        """
        if self._profiles is None:
            service = self._service
            found: dict[str, Profile] = {}
            builtin = service.builtin_profiles
            if self._supply.embedded if builtin is None else builtin:
                found |= builtin_profiles()
            if service.profiles_file:
                path = Path(service.profiles_file).expanduser()
                found |= load_profiles_file(Path(jupyter_config_dir()) / path)
            if service.profiles:
                found |= profiles_from_mapping(service.profiles, "CredentialService.profiles")
            self._profiles = {name: static_keys.labelled(one) for name, one in found.items()}
        return self._profiles

    def names(self) -> frozenset[str]:
        """Return the names of the profiles if they were read already; asks for nothing."""
        return frozenset(self._profiles or ())

    def _requires(self, notebook: str) -> tuple[str, ...] | None:
        """The notebook's own list. What can't be read asks for nothing special."""
        path = Path(notebook)
        if path.suffix != ".ipynb" or not path.is_absolute():
            return None
        try:
            if path.stat().st_size > _LARGEST:
                return None
            return requires_of(json.loads(path.read_bytes()))
        except (OSError, ValueError, RecursionError):
            return None
