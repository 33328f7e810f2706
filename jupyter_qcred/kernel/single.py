"""One copy of our modules in a kernel, whatever is done to ``sys.modules``.

The channel, the store and the classes of our errors live in modules. Somebody who deletes them
from ``sys.modules`` and imports again (to get a fresh state, or by ``%reset -f --aggressive``)
would have a second store, empty and without a channel, and errors that no ``except`` knows. So a
module that is asked for again is the one that was there. ``importlib.reload`` and ``%autoreload``
do execute it again, as they should.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

_PACKAGE = "jupyter_qcred"


class _Again:
    """Loads a module by giving back the one that is there.

    It has no base class: ``importlib.abc`` would cost each kernel's start a few milliseconds.
    """

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def create_module(self, spec: ModuleSpec) -> ModuleType:  # noqa: ARG002 - importlib's protocol
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """It was executed long ago."""


class _Single:
    """Finds our modules among those that were ever imported."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[ModuleType, ModuleSpec]] = {}

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - importlib's protocol
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        # No name of this module before here: %autoreload takes them all away while it reloads it.
        if target is not None or name.partition(".")[0] != "jupyter_qcred":
            return None  # a reload, or somebody else's
        self._remember()
        known = self._known.get(name)
        if known is None:
            return None  # new: for the finders after us
        module, found = known
        loader: Any = _Again(module)
        spec = ModuleSpec(name, loader, origin=found.origin)
        spec.has_location = found.has_location
        spec.submodule_search_locations = found.submodule_search_locations
        spec.cached = found.cached
        return spec

    def _remember(self) -> None:
        for name, module in list(sys.modules.items()):
            spec = getattr(module, "__spec__", None)
            ours = name.partition(".")[0] == _PACKAGE
            if ours and spec is not None and name not in self._known:
                self._known[name] = (module, spec)


def keep_single() -> None:
    """Do so from now on, in this process."""
    finder = _Single()
    finder.find_spec(_PACKAGE)
    sys.meta_path.insert(0, finder)
