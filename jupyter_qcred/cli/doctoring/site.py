"""What the checks look at, each read once and shared by all of them."""

from __future__ import annotations

import os
import shlex
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_qcred.cli.running.server import ask_all

from .finding import START_AGAIN, command, paste
from .settings import Settings

if TYPE_CHECKING:
    from traitlets.config import Config

    from jupyter_qcred.cli.running.server import Answer, RunningServer

    from .finding import Problem, Step
    from .issuer_visit import Visit


class Site:
    """This machine, as this user sees it.

    Attributes:
        issues: credentials that only an issue can prove may be issued for a moment.
    """

    def __init__(self, *, issues: bool = False) -> None:
        self.issues = issues

    @cached_property
    def settings(self) -> Settings:
        """The configuration files."""
        return Settings()

    @property
    def config(self) -> Config:
        """What the configuration files say."""
        return self.settings.config

    @cached_property
    def servers(self) -> list[tuple[RunningServer, Answer]]:
        """The user's running servers, and what each answers for its status."""
        return ask_all("GET", "status")

    @cached_property
    def parts(self) -> list[tuple[RunningServer, dict[str, Any]]]:
        """The servers that use this package, and which classes do their work."""
        ours = [server for server, answer in self.servers if answer.ok]
        asked = [(server, server.ask("GET", "parts")) for server in ours]
        return [(server, dict(answer.body)) for server, answer in asked if answer.ok]

    @cached_property
    def ipython(self) -> Path:
        """Where IPython keeps its profiles."""
        given = os.environ.get("IPYTHONDIR")
        return Path(given).expanduser() if given else Path.home() / ".ipython"

    @cached_property
    def visit(self) -> Visit:
        """The issuer, with a login of this machine's servers."""
        from .issuer_visit import Visit

        return Visit(self)

    def close(self) -> None:
        """Give back what was obtained."""
        if "visit" in vars(self):
            self.visit.close()


def quoted(*words: object) -> str:
    """Return a command for a shell, each word quoted where it needs to be."""
    return shlex.join(map(str, words))


def setting_step(site: Site, problem: Problem, section: str, name: str, *, value: object) -> Step:
    """Return the step that gives a setting this value, whatever file has it now."""
    if site.settings.in_json(section, name):
        return command(f"jupyter qcred doctor --fix {problem.id}:{section}.{name}")
    line = f"c.{section}.{name} = {value!r}"
    return paste(line, str(site.settings.file_for(section, name)))


def stop_steps(server: RunningServer, *how: str) -> tuple[Step, ...]:
    """Return the steps that start a running server anew.

    Args:
        server: the one.
        how: options of ``kill``.
    """
    return command(quoted("kill", *how, server.pid)), START_AGAIN
