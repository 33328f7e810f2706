"""Ask git, without letting a repository run anything.

A repository may come from anywhere, and its configuration may name programs: a file system monitor,
a signature checker, a transport for objects that are missing. None of them is started here. Objects
are read raw: no filter, no text conversion.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self

from jupyter_qcred.core.errors import QcredError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_TAME: Final = (
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "log.showSignature=false",
    "-c", "core.quotePath=false",
)  # fmt: skip
_ENVIRONMENT: Final = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
_OF_A_HOOK: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_INDEX_FILE")
"""What git tells a hook, relative to the top of its repository: we also ask from other places."""
_RAW: Final = ("--raw", "--no-abbrev", "-z", "--no-renames", "--diff-filter=AMT")
_FILE_MODE: Final = "100"
"""What the mode of a file begins with; links and submodules hold no text of their own."""

_EMPTY_TREES: Final = {40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904"}


@dataclass(frozen=True, slots=True)
class Blob:
    """The content of a file in git's store.

    Attributes:
        oid: its object name.
        path: of the file, relative to the repository's root.
        commit: that brought it; empty in the index.
    """

    oid: str
    path: str
    commit: str = ""


class GitError(QcredError):
    """Git is missing, or says no."""

    code = "git"
    default_next_step = "Scan the files themselves, without --staged or --history"


class Repository:
    """A repository with a work tree, or a bare one."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def around(cls, path: Path) -> Self | None:
        """Return the repository that a file or directory lies in; None: in none."""
        place = path if path.is_dir() else path.parent
        if shutil.which("git") is None:
            return None
        for question in ("--show-toplevel", "--absolute-git-dir"):
            answer = _run(place, "rev-parse", question, check=False)
            if answer:
                return cls(Path(os.fsdecode(answer.removesuffix(b"\n"))))
        return None

    def staged(self, paths: Sequence[Path]) -> list[Blob]:
        """Return what the index would commit: content that differs from the last commit's."""
        head = _run(self.root, "rev-parse", "--verify", "-q", "HEAD^{commit}", check=False).strip()
        against = head.decode() or self._empty_tree()
        words = ("diff-index", "--cached", *_RAW, against, "--", *self._specs(paths))
        tokens = iter(_run(self.root, *words).split(b"\0"))
        return list(_entries(tokens, ""))

    def history(self, paths: Sequence[Path]) -> Iterator[Blob]:
        """Yield every file content that is reachable from a reference, each once, oldest first."""
        words: tuple[str, ...] = (
            "log", "--all", "HEAD", "--reverse", "--topo-order", "-m", "--root", "--full-history",
            "--no-ext-diff", "--no-textconv", "--no-mailmap", *_RAW, "--format=%x01%H",
        )  # fmt: skip
        if not _run(self.root, "rev-parse", "--verify", "-q", "HEAD^{commit}", check=False):
            words = tuple(word for word in words if word != "HEAD")
        seen: set[str] = set()
        with _started(self.root, *words, "--", *self._specs(paths)) as stream:
            for blob in _entries(_tokens(stream), ""):
                if blob.oid not in seen:
                    seen.add(blob.oid)
                    yield blob

    def _specs(self, paths: Sequence[Path]) -> list[str]:
        root = self.root.resolve()
        specs = []
        for path in paths:
            full = path.resolve()
            if full != root and full.is_relative_to(root):
                specs.append(f":(top,literal){full.relative_to(root).as_posix()}")
        return specs if len(specs) == len(paths) else []

    def _empty_tree(self) -> str:
        made = _run(self.root, "hash-object", "-t", "tree", "/dev/null")
        return made.decode().strip() or _EMPTY_TREES[40]


def files_below(directory: Path, *, ignored: bool = False) -> Iterator[str]:
    """Yield files below a directory as git sees them, relative to it.

    Outside of a repository git is lent an empty one, so that ``.gitignore`` means the same there.

    Args:
        directory: any directory.
        ignored: also what is ignored.
    """
    if shutil.which("git") is None or ignored:
        yield from _walk(directory)
        return
    listing = ["ls-files", "-z", "--others", "--exclude-standard"]
    if Repository.around(directory) is None:
        with tempfile.TemporaryDirectory(prefix="qcred-scan-") as empty:
            _run(directory, "init", "--bare", "-q", "--template=", empty)
            lent = [f"--git-dir={empty}", f"--work-tree={directory.resolve()}"]
            names = _run(directory, *lent, *listing).split(b"\0")
    else:
        names = _run(directory, *listing, "--cached").split(b"\0")
    for name in dict.fromkeys(map(os.fsdecode, names)):
        # A repository in the repository is named as a directory, and has rules of its own.
        if name and (directory / name).is_dir() and not (directory / name).is_symlink():
            inner = (directory / name).resolve()
            if inner != directory.resolve():
                yield from (str(Path(name) / found) for found in files_below(directory / name))
        elif name:
            yield name


def _walk(directory: Path) -> Iterator[str]:
    for parent, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories if name != ".git")
        for name in sorted(names):
            yield os.path.relpath(Path(parent) / name, directory)


class BlobReader:
    """One ``git cat-file --batch`` for any number of blobs."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            ["git", *_TAME, "cat-file", "--batch"],  # noqa: S607 - the user's own git, by PATH
            cwd=root,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    @contextmanager
    def open(self, oid: str) -> Iterator[BlobStream | None]:
        """Lend the content of a blob; None: it is not in this clone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{oid}\n".encode())
        self._process.stdin.flush()
        words = self._process.stdout.readline().split()
        if not words:
            raise GitError("git ended while its objects were read")
        if len(words) != 3:
            yield None
            return
        stream = BlobStream(self._process.stdout, int(words[2]))
        yield stream
        stream.finish()

    def close(self) -> None:
        """End git."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


class BlobStream:
    """The bytes of one blob."""

    def __init__(self, source: IO[bytes], size: int) -> None:
        self._source = source
        self._left = size
        self.size = size

    def read(self, size: int) -> bytes:
        """Return the next bytes, empty at the end."""
        data = self._source.read(min(size, self._left))
        self._left -= len(data)
        return data

    def finish(self) -> None:
        """Skip what is left, and the newline after it."""
        while self._left and self.read(1 << 20):
            pass
        self._source.read(1)


def _entries(tokens: Iterator[bytes], commit: str) -> Iterator[Blob]:
    for token in tokens:
        word = token.lstrip(b"\n")
        if word.startswith(b"\1"):
            commit = word[1:].decode()
        elif word.startswith(b":"):
            path = next(tokens)
            _, mode, _, oid, _ = word.decode().split()
            if mode.startswith(_FILE_MODE):
                yield Blob(oid, os.fsdecode(path), commit)


def _tokens(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read(1 << 16):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole
    yield rest


def _environment(command: str = "") -> dict[str, str]:
    told = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    # What `git commit FILE` is about to commit is in an index of its own.
    if command == "diff-index" and (index := os.environ.get("GIT_INDEX_FILE")):
        told["GIT_INDEX_FILE"] = index
    return told | _ENVIRONMENT


def _run(place: Path, *words: str, check: bool = True) -> bytes:
    done = subprocess.run(
        ["git", *_TAME, *words],  # noqa: S607 - the user's own git, by PATH
        cwd=place,
        env=_environment(words[0]),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode and check:
        raise GitError(f"`git {words[0]}` failed in {place}: {_last_line(done.stderr)}")
    return done.stdout if not done.returncode else b""


@contextmanager
def _started(place: Path, *words: str) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            ["git", *_TAME, *words],  # noqa: S607 - the user's own git, by PATH
            cwd=place,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        assert process.stdout is not None
        try:
            yield process.stdout
            failed = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            process.stdout.close()
        if failed:
            errors.seek(0)
            raise GitError(f"`git {words[0]}` failed in {place}: {_last_line(errors.read())}")


def _last_line(told: bytes) -> str:
    lines = told.decode("utf-8", "replace").strip().splitlines()
    text = lines[-1] if lines else "it says nothing"
    return "".join(c if c.isprintable() else " " for c in text)[:200]


def roots_of(paths: Iterable[Path]) -> dict[Path, tuple[Repository, list[Path]]]:
    """Group paths by their repository.

    Raises:
        GitError: one is in none.
    """
    grouped: dict[Path, tuple[Repository, list[Path]]] = {}
    for path in paths:
        repository = Repository.around(path)
        if repository is None:
            raise GitError(f"{path} is not in a git repository")
        grouped.setdefault(repository.root, (repository, []))[1].append(path)
    return grouped
