"""Every setting: the traits of each configurable class."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from traitlets import Undefined

from jupyter_qcred.core.secret import Secret
from jupyter_qcred.deliver.alerts import Alerts
from jupyter_qcred.deliver.provisioner import QcredProvisioner
from jupyter_qcred.deliver.service import CredentialService
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao
from jupyter_qcred.issue.vault.issuer import VaultIssuer
from jupyter_qcred.server.app import QcredApp
from jupyter_qcred.server.saving import SaveRedaction
from qcred_reference import markdown
from qcred_reference.markdown import definition, literal, prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from traitlets import TraitType
    from traitlets.config import Configurable

CLASSES: Final[tuple[type[Configurable], ...]] = (
    QcredApp,
    CredentialService,
    Alerts,
    SaveRedaction,
    VaultIssuer,
    EmbeddedOpenBao,
    QcredProvisioner,
)

_INTRODUCTION: Final = """\
Settings go into `jupyter_qcred_config.py` or `jupyter_qcred_config.json`, in any directory that
`jupyter --paths` lists under `config`: `c.CLASS.SETTING = VALUE`. The Jupyter server, `jupyter
qcred` and processes without a server read the same files. `QcredProvisioner` is set per kernelspec,
in `kernel.json`. `JUPYTER_DATA_DIR` and `JUPYTER_RUNTIME_DIR` below stand for the directories which
`jupyter --data-dir` and `jupyter --runtime-dir` print.
"""


def settings_of(cls: type[Configurable]) -> dict[str, TraitType[Any, Any]]:
    """Return the settings of a class that are ours, not those of Jupyter's own base classes."""
    return {
        name: trait
        for name, trait in cls.class_traits(config=True).items()
        if (trait.this_class or object).__module__.startswith("jupyter_qcred.")
    }


def page() -> str:
    """Return the page."""
    return markdown.page("Settings", _INTRODUCTION, *(_section(cls) for cls in CLASSES))


def _section(cls: type[Configurable]) -> str:
    # The first paragraph: what follows in a docstring is for callers in Python.
    words = prose(cls.__doc__).split("\n\n")[0]
    entries = (
        definition(f"`{name}`: {_kind(trait)}, {_default(cls, name, trait)}", prose(trait.help))
        for name, trait in settings_of(cls).items()
    )
    return "\n\n".join((f"## {cls.__name__}\n\n{words}", *entries))


def _kind(trait: TraitType[Any, Any]) -> str:
    kind = trait.info().replace("a unicode string", "a text")
    return kind if not trait.allow_none or "None" in kind else f"{kind} or None"


def _default(cls: type[Configurable], name: str, trait: TraitType[Any, Any]) -> str:
    with _named_directories():
        # A class may compute a default. None of ours looks at its instance.
        generator = cls._trait_default_generators.get(name)
        value = generator(cls.__new__(cls)) if generator else trait.default()
    if isinstance(value, Secret) or value in (Undefined, "") or value == {}:
        return "empty by default"
    return f"by default {literal(value)}"


@contextmanager
def _named_directories() -> Iterator[None]:
    """Have defaults name Jupyter's directories, not show those of whoever builds this."""
    names = ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR")
    with patch.dict(os.environ, {name: name for name in names}):
        yield
