"""Unix users for a test, and programs that run as one of them. Root only."""

from __future__ import annotations

import os
import pwd
import secrets
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path


class Account:
    """A user of this machine with a group and a home of its own, which others may enter.

    Args:
        name: the beginning of the user's name.
        homes: where the home is made.
    """

    def __init__(self, name: str, homes: Path) -> None:
        self.name = f"{name}-{secrets.token_hex(3)}"
        self.home = homes / self.name
        self._run(
            "useradd", "--user-group", "--create-home", "--home-dir", str(self.home),
            "--key", "HOME_MODE=0755", "--shell", "/bin/sh", self.name,
        )  # fmt: skip
        entry = pwd.getpwnam(self.name)
        self.uid, self.gid = entry.pw_uid, entry.pw_gid

    @staticmethod
    def _run(*command: str) -> None:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert ran.returncode == 0, ran.stderr

    def run(self, command: list[str], given: str = "", **variables: str) -> str:
        """Run a program as this user, with nothing else of ours; return what it printed."""
        ran = subprocess.run(
            command, input=given, capture_output=True, text=True, check=False, timeout=120,
            user=self.uid, group=self.gid, extra_groups=[], cwd="/",
            env={"HOME": str(self.home), "PATH": os.defpath, **variables},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def start(self, command: list[str], **variables: str) -> subprocess.Popen[str]:
        """Start a program as this user, with nothing else of ours but pipes to talk to it."""
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/",
            user=self.uid, group=self.gid, extra_groups=[],
            env={"HOME": str(self.home), "PATH": os.defpath, **variables},
        )  # fmt: skip

    def remove(self) -> None:
        """End what still runs as this user, and remove the user."""
        for process in psutil.process_iter(["uids"]):
            with suppress(psutil.Error):
                if process.info["uids"] and process.info["uids"].real == self.uid:
                    process.kill()
                    process.wait(10)
        self._run("userdel", "--force", self.name)
