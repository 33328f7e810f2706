"""``--fix``: the few steps for which there is no command of anybody else's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.cli.whole_file import write_whole
from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.deliver.enable import PROVISIONER

from . import encryption, extension, history, kernelspecs, provisioner
from .probe import interpreter, probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from .site import Site


def mend(site: Site, what: str) -> str:
    """Mend one problem, and return what was done.

    Args:
        site: this machine.
        what: a problem's id; for some a colon and a name.

    Raises:
        ConfigError: there is nothing to do, or it cannot be done here.
    """
    problem, _, name = what.partition(":")
    if problem not in _MENDS:
        raise ConfigError(
            f"Nothing mends {problem!r} by itself",
            next_step=f"These can be named: {', '.join(sorted(_MENDS))}",
        )
    try:
        return _MENDS[problem](site, name)
    except OSError as error:
        raise ConfigError(
            f"{error.filename or name}: {error.strerror or type(error).__name__}",
            next_step="Run it as the user who owns the file",
        ) from None


# -- kernelspecs ------------------------------------------------------------------------------


def _ours_around(spec: dict[str, Any], _dir: Path) -> None:
    metadata = spec.setdefault("metadata", {})
    pinned = metadata.get("kernel_provisioner", {})
    inner = pinned.get("provisioner_name", "local-provisioner")
    around: dict[str, Any] = {"provisioner_name": PROVISIONER}
    if inner not in {PROVISIONER, "local-provisioner"} or pinned.get("config"):
        around["config"] = {"inner": inner, "inner_config": pinned.get("config", {})}
    metadata["kernel_provisioner"] = around


def _can_encrypt(spec: dict[str, Any], _dir: Path) -> None:
    spec.setdefault("metadata", {})["supported_encryption"] = ["curve"]


def _without_wrapper(spec: dict[str, Any], directory: Path) -> None:
    from jupyter_client.kernelspec import KernelSpec

    whole = KernelSpec(resource_dir=str(directory), **spec)
    found = probe(whole)
    if not found.executable:
        raise ConfigError("Its command starts no Python", next_step="Correct its argv by hand")
    before = interpreter(spec["argv"])
    flags: list[str] = []
    while before and before[-1].startswith("-"):
        flags.insert(0, before.pop())
    rest = spec["argv"][len(before) + len(flags) :]
    spec["argv"] = [found.executable, *flags, *rest]


def _as_list(spec: dict[str, Any], _dir: Path) -> None:
    spec["argv"] = kernelspecs.as_list(spec["argv"]) or spec["argv"]


def _in_kernelspec(change: Callable[[dict[str, Any], Path], None]) -> Callable[[Site, str], str]:
    def mended(_site: Site, name: str) -> str:
        from jupyter_client.kernelspec import KernelSpecManager

        found: dict[str, str] = KernelSpecManager().find_kernel_specs()
        if name not in found:
            raise ConfigError(
                f"There is no kernelspec {name!r}", next_step="See `jupyter kernelspec list`"
            )
        file = Path(found[name]) / "kernel.json"
        spec = json.loads(file.read_bytes())
        before = json.dumps(spec)
        change(spec, file.parent)
        if json.dumps(spec) == before:
            return f"{file} is as it should be."
        _write(file, spec)
        return f"Changed {file}. Kernels that run are not changed: restart them."

    return mended


# -- settings ---------------------------------------------------------------------------------


def _unset(site: Site, name: str) -> str:
    section, _, trait = name.partition(".")
    file = site.settings.in_json(section, trait)
    if file is None:
        raise ConfigError(
            f"No JSON file sets {name!r}", next_step="Correct the line of the Python file"
        )
    said = json.loads(file.read_bytes())
    del said[section][trait]
    _write(file, said)
    return f"Took {name} out of {file}. Restart your Jupyter servers."


def _write(file: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    real = file.resolve()
    write_whole(real, text.encode(), real.stat().st_mode)


_MENDS: Final[dict[str, Callable[[Site, str], str]]] = {
    kernelspecs.PINNED.id: _in_kernelspec(_ours_around),
    kernelspecs.UNENCRYPTED.id: _in_kernelspec(_can_encrypt),
    kernelspecs.DROPPED.id: _in_kernelspec(_without_wrapper),
    kernelspecs.SHELL.id: _in_kernelspec(_as_list),
    extension.OFF.id: _unset,
    provisioner.OTHER_DEFAULT.id: _unset,
    encryption.OFF.id: _unset,
    history.KEYS.id: history.take_out,
}
