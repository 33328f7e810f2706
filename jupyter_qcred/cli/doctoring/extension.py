"""Whether the extension is on, in the settings and in the servers that run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_core.paths import ENV_CONFIG_PATH, SYSTEM_CONFIG_PATH, jupyter_config_path
from jupyter_server.extension.config import ExtensionConfigManager

from jupyter_qcred.cli.paper import count
from jupyter_qcred.core.version import __version__

from .finding import RESTART, Check, Finding, Problem, Seen, Severity, Step, command, paste
from .site import setting_step, stop_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .site import Site

_NAME: Final = "jupyter_qcred"
_LINE: Final = f'c.ServerApp.jpserver_extensions.update({{"{_NAME}": True}})'

NOT_ENABLED = Problem(
    "extension.not-enabled",
    Severity.ERROR,
    "No file on Jupyter's configuration path enables the extension, as after an installation by "
    "something that leaves data files out. Servers do not load it.",
)
DISABLED = Problem(
    "extension.disabled",
    Severity.ERROR,
    "A file on Jupyter's configuration path disables the extension. Servers do not load it.",
)
OFF = Problem(
    "extension.off",
    Severity.WARNING,
    "A setting turns it off: kernels get no credentials, or saves are not redacted.",
)
NOT_LOADED = Problem(
    "extension.not-loaded",
    Severity.ERROR,
    "A server of yours runs without it: it was started before, or in another environment.",
)
OTHER_VERSION = Problem(
    "extension.other-version",
    Severity.WARNING,
    "A server of yours still runs another version than the one that is installed.",
)
SILENT = Problem(
    "extension.server-silent",
    Severity.ERROR,
    "A server of yours wrote down that it runs, and does not answer.",
)

_SWITCHES: Final = (
    ("QcredApp", "enabled", "kernels get no credentials, and saves are not redacted"),
    ("CredentialService", "enabled", "kernels get no credentials"),
    ("QcredApp", "redact_contents", "saves are not redacted"),
    ("QcredApp", "redact_outputs", "outputs of kernels of other languages are not redacted"),
)


def _enabled(site: Site) -> Iterator[Finding]:
    own = site.settings.get("ServerApp", "jpserver_extensions")
    said = _plain(own).get(_NAME)
    if said is None:
        manager: Any = ExtensionConfigManager(read_config_path=jupyter_config_path())
        said = manager.get_jpserver_extensions().get(_NAME)
        where = _directory_that_says()
    else:
        where = site.settings.origin("ServerApp", "jpserver_extensions")
    if said is None:
        step = paste(_LINE, _program(None))
        yield Finding(NOT_ENABLED, "no configuration file names it", (step, RESTART))
    elif not said:
        yield Finding(DISABLED, f"{where} disables it", (_enable(where), RESTART))


def _plain(value: Any) -> dict[str, Any]:
    """Return a dict, also of what `c.….update(…)` leaves in the configuration."""
    if hasattr(value, "get_value"):
        value = value.get_value({})
    return value if isinstance(value, dict) else {}


def _directory_that_says(extension: str = _NAME) -> Path | None:
    for directory in jupyter_config_path():
        manager: Any = ExtensionConfigManager(read_config_path=[directory])
        if extension in manager.get_jpserver_extensions():
            return Path(directory)
    return None


def _enable(where: Path | None) -> Step:
    """Jupyter's own command, where it wrote the file; a line of a program wins over any file."""
    if where is not None and _toggled(where):
        return command(f"jupyter server extension enable {_level(where)} {_NAME}")
    return paste(_LINE, _program(where))


def _toggled(directory: Path) -> bool:
    file = directory / "jupyter_server_config.d" / f"{_NAME}.json"
    try:
        said = json.loads(file.read_bytes())["ServerApp"]["jpserver_extensions"][_NAME]
    except (OSError, ValueError, LookupError, TypeError):
        return False
    return said is False


def _program(where: Path | None) -> str:
    if where is not None and where.suffix == ".py":
        return str(where)
    return str(Path(jupyter_config_path()[0]) / "jupyter_server_config.py")


def _level(where: Path | None) -> str:
    levels = dict.fromkeys(SYSTEM_CONFIG_PATH, "--system")
    levels |= dict.fromkeys(ENV_CONFIG_PATH, "--sys-prefix")
    return levels.get(str(where), "--user")


def level_of(extension: str) -> str:
    """Return the option by which `jupyter server extension` finds what enables an extension."""
    return _level(_directory_that_says(extension))


def _switches(site: Site) -> Iterator[Finding]:
    for section, name, effect in _SWITCHES:
        if site.settings.get(section, name) is False:
            where = site.settings.origin(section, name)
            step = setting_step(site, OFF, section, name, value=True)
            yield Finding(OFF, f"{where} sets {section}.{name} to False: {effect}", (step, RESTART))


def _running(site: Site) -> Iterator[Finding]:
    for server, answer in site.servers:
        if answer.absent:
            yield Finding(NOT_LOADED, f"{server.url} runs without it", stop_steps(server))
        elif answer.status == 0:
            seen = f"{server.url}: {answer.body['reason']}"
            yield Finding(SILENT, seen, stop_steps(server, "-KILL"))
        elif answer.ok and answer.body["version"] != __version__:
            seen = f"{server.url} runs {answer.body['version']}, installed is {__version__}"
            yield Finding(OTHER_VERSION, seen, stop_steps(server))


def look(site: Site) -> Seen:
    """Look at it."""
    findings = [*_enabled(site), *_switches(site), *_running(site)]
    loaded = sum(a.ok for _, a in site.servers)
    told = f"enabled; loaded by {count(loaded, 'running server')}" if loaded else "enabled"
    if shut := sum(not (a.ok or a.absent) and a.status > 0 for _, a in site.servers):
        told += f"; {shut} did not let us in: run this in a terminal of its own browser window"
    return Seen(told, tuple(findings))


CHECK: Final = Check(
    "extension",
    "the server extension",
    "Reads the configuration files that enable it, and its own switches. Asks each running server "
    "of yours for its status.",
    (NOT_ENABLED, DISABLED, OFF, NOT_LOADED, OTHER_VERSION, SILENT),
    look,
)
