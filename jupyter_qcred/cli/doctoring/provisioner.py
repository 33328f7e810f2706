"""Whether every kernel starts by our provisioner."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

from jupyter_qcred.deliver.enable import PROVISIONER
from jupyter_qcred.deliver.environment import PROVISIONER_ENV

from .finding import RESTART, Check, Finding, Problem, Seen, Severity, command
from .site import quoted, setting_step, stop_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .site import Site

_GROUP: Final = "jupyter_client.kernel_provisioners"
_SECTION: Final = "KernelProvisionerFactory"
_NAME: Final = "default_provisioner_name"

NOT_INSTALLED = Problem(
    "provisioner.not-installed",
    Severity.ERROR,
    "The package can be imported, and is not installed: Jupyter does not find the provisioner by "
    "its entry point, and servers start no kernel.",
)
OTHER_DEFAULT = Problem(
    "provisioner.other-default",
    Severity.ERROR,
    "A setting makes another provisioner the default. Kernels start by it, and get no credentials.",
)
IN_ENVIRONMENT = Problem(
    "provisioner.in-environment",
    Severity.WARNING,
    f"The environment variable {PROVISIONER_ENV} names our provisioner for everything that is "
    "started from here. A Jupyter of an environment without this package then shows no kernel.",
)


def look(site: Site) -> Seen:
    """Look at it."""
    return Seen(f"{PROVISIONER} is the default", tuple(_findings(site)))


def _findings(site: Site) -> Iterator[Finding]:
    if not entry_points(group=_GROUP, name=PROVISIONER):
        install = command(quoted(sys.executable, "-m", "pip", "install", "jupyter_qcred"))
        yield Finding(NOT_INSTALLED, f"no entry point is named {PROVISIONER}", (install, RESTART))
    said = site.settings.get(_SECTION, _NAME)
    if said not in {None, PROVISIONER}:
        where = site.settings.origin(_SECTION, _NAME)
        step = setting_step(site, OTHER_DEFAULT, _SECTION, _NAME, value=PROVISIONER)
        yield Finding(OTHER_DEFAULT, f"{where} names {said}", (step, RESTART))
    for server, parts in site.parts:
        name = parts["provisioner"]
        if name != PROVISIONER and said in {None, PROVISIONER} and parts["enabled"]:
            seen = f"{server.url} was started with {name}"
            yield Finding(OTHER_DEFAULT, seen, stop_steps(server))
    if os.environ.get(PROVISIONER_ENV) == PROVISIONER:
        seen = f"{PROVISIONER_ENV} is set; `jupyter qcred run -- COMMAND` sets it for one command"
        yield Finding(IN_ENVIRONMENT, seen, (command(f"unset {PROVISIONER_ENV}"),))


CHECK: Final = Check(
    "provisioner",
    "the kernels' provisioner",
    "Looks for the entry point, for the setting KernelProvisionerFactory.default_provisioner_name, "
    "for what running servers use, and for the environment variable.",
    (NOT_INSTALLED, OTHER_DEFAULT, IN_ENVIRONMENT),
    look,
)
