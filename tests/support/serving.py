"""A process that runs the service without a Jupyter server, as told on its stdin."""

from __future__ import annotations

import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from support.jupyter import isolated_environment

_TESTS = str(Path(__file__).parents[1])


class Service:
    """One process of ``tests/faults/service.py``, with the settings of a home."""

    def __init__(
        self, home: Path, *arguments: str, before: tuple[str, ...] = (), **env: str
    ) -> None:
        self.home = home
        self._log = (home / "service.log").open("ab")
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "faults.service", *arguments],
            stdin=subprocess.PIPE,
            bufsize=0,  # what is buffered, select would not know of
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=isolated_environment(home) | {"PYTHONPATH": _TESTS} | env,
            cwd=home,
        )

    def hear(self, word: str, seconds: float = 20.0) -> str:
        """Wait until it says ``word``; return the rest of that line."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self.process.stdout], [], [], 0.2)
            if not ready:
                continue
            line = self.process.stdout.readline().decode()
            assert line, f"it ended: {self.log()}"
            if line.split()[0] == word:
                return line[len(word) :].strip()
        raise AssertionError(f"not within {seconds:g} s: {word}; {self.log()}")

    def tell(self, word: str) -> None:
        """Let it go on."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # it has died as it was told
            self.process.stdin.write(f"{word}\n".encode())
            self.process.stdin.flush()

    def log(self) -> str:
        """What it wrote to stderr."""
        return (self.home / "service.log").read_text(errors="replace")[-2000:]

    def killed(self, seconds: float = 20.0) -> bool:
        """Wait for its end; whether a SIGKILL was it."""
        return self.process.wait(seconds) == -9

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self._log):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()


def journals(home: Path) -> list[Path]:
    """The journals in a home."""
    return sorted((home / "run" / "qcred" / "journal").glob("*.jsonl"))
