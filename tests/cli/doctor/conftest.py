"""A person's machine that a test breaks, and mends by what doctor prints."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.command import at_terminal
from support.jupyter import JupyterServer
from support.little import LittleEnvironment
from support.processes import processes_naming, stop_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RESTART = "Restart your Jupyter servers: they read it at their start"


class Person:
    """Somebody with an environment and a home.

    Attributes:
        server: a Jupyter server of theirs, not started.
        said: all that doctor printed.
    """

    def __init__(self, place: Path, little: LittleEnvironment) -> None:
        self.little = little
        self.server = JupyterServer(place / "home")
        self.server.python = little.python
        self.server.env |= little.environment
        self.env = self.server.env
        self.home = self.server.home
        self.said: list[str] = []

    def shell(self, script: str, **how: Any) -> subprocess.CompletedProcess[str]:
        """Run lines of a shell; the environment that they leave is the one of the next."""
        env_file = self.home / "tmp" / "env"
        ran = subprocess.run(
            ["bash", "-c", f"{script}\nstatus=$?\nenv -0 > {env_file}\nexit $status"],
            env=self.env,
            cwd=self.server.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            **({"input": ""} | how),
        )
        self.said += [ran.stdout, ran.stderr]
        pairs = [pair.partition("=") for pair in env_file.read_text().split("\0") if pair]
        self.env.clear()
        self.env.update({name: value for name, _, value in pairs})
        env_file.unlink()
        return ran

    def on_terminal(self, line: str, typed: str) -> str:
        """Run a line where it can ask; return what was on the screen."""
        screen = at_terminal(["bash", "-c", line], self.env, self.server.root, typed)
        self.said.append(screen.replace(typed.strip(), ""))  # the terminal's echo, before it asked
        return screen

    def doctor(self, *words: str) -> dict[str, Any]:
        """Return each check by its id."""
        # What `jupyter qcred` runs, without the time that `jupyter` takes to find it.
        ran = self.shell(f"jupyter-qcred doctor --json {' '.join(words)}")
        assert ran.returncode in {0, 1, 3}, ran.stderr
        return {one["check"]: one for one in json.loads(ran.stdout)["checks"]}

    def problem(self, problem: str) -> dict[str, Any] | None:
        """Return the first problem of this id, if it is there."""
        check = problem.partition(".")[0]
        found = self.doctor(check)[check]["problems"]
        return next((one for one in found if one["problem"] == problem), None)

    def mend(
        self, problem: str, *, typed: str = "", asked: str = "", **by_hand: Callable[[], object]
    ) -> None:
        """See a problem, take the steps that are printed, and see it no more.

        Args:
            problem: its id.
            typed: what a command of the fix reads.
            asked: what one asks for on a terminal.
            by_hand: what a person does on an advice, by a word in it.
        """
        found = self.problem(problem)
        assert found is not None, self.said[-2:]
        assert found["fix"], found
        for step in found["fix"]:
            if step["way"] == "command" and asked:
                self.on_terminal(step["text"], f"{asked}\n")
            elif step["way"] == "command":
                ran = self.shell(step["text"], input=typed)
                assert ran.returncode == 0, (step, ran.stdout, ran.stderr)
            elif step["way"] == "paste":
                file = Path(step["file"])
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("a") as opened:
                    opened.write(f"{step['text']}\n")
            elif step["text"] != RESTART or "Restart" in by_hand:
                (does,) = (do for word, do in by_hand.items() if word in step["text"])
                does()
        assert self.problem(problem) is None, self.said[-2:]


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person with an environment of their own, and an empty home."""
    somebody = Person(tmp_path, LittleEnvironment(tmp_path / "env"))
    yield somebody
    somebody.server.close()
    stop_all(processes_naming(tmp_path))


def setting(person: Person, name: str = "jupyter_qcred_config.json", **sections: Any) -> Path:
    """Write a configuration file."""
    file = person.server.config_dir / name
    file.write_text(json.dumps(sections))
    return file


def kernelspec(person: Person, name: str, **spec: Any) -> Path:
    """Write a kernelspec of this person's; return its file."""
    whole = {
        "argv": [person.little.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": name,
        "language": "python",
        "metadata": {"supported_encryption": ["curve"]},
    }
    file = person.home / "data" / "kernels" / name / "kernel.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(whole | spec))
    return file


def launched(pid: int) -> bool:
    """Whether a process is there."""
    return os.path.exists(f"/proc/{pid}")
