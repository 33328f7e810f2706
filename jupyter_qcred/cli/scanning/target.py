"""What is to be looked at: files, and contents in git's store."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .git import files_below, roots_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .git import Blob

_BATCH_FILES: Final = 64
_BATCH_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """One text to look at.

    Attributes:
        path: as the user would name it.
        size: in bytes, as far as known.
        oid: the blob's name; empty: the file itself.
        commit: that brought the blob.
    """

    path: str
    size: int = 0
    oid: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some targets, for one worker; ``root`` is the repository of blobs."""

    targets: tuple[Target, ...]
    root: str = ""

    @property
    def size(self) -> int:
        """Bytes, as far as known."""
        return sum(target.size for target in self.targets)


def files(paths: Sequence[str], *, ignored: bool) -> Iterator[Batch]:
    """Batch the files at and below paths. A path that is a file is looked at in any case."""
    seen: set[str] = set()
    batch: list[Target] = []
    for path in paths:
        for name in _expand(path, ignored=ignored):
            target = None if name in seen else _target(name, link=name == path)
            seen.add(name)
            if target is None:
                continue
            batch.append(target)
            if len(batch) >= _BATCH_FILES or sum(one.size for one in batch) >= _BATCH_BYTES:
                yield Batch(tuple(batch))
                batch = []
    if batch:
        yield Batch(tuple(batch))


def staged(paths: Sequence[str]) -> Iterator[Batch]:
    """Batch what the index would commit below paths."""
    for root, (repository, below) in roots_of(map(Path, paths)).items():
        yield from _blobs(root, iter(repository.staged(below)))


def history(paths: Sequence[str]) -> Iterator[Batch]:
    """Batch every content that a commit ever had below paths."""
    for root, (repository, below) in roots_of(map(Path, paths)).items():
        yield from _blobs(root, repository.history(below))


def _blobs(root: Path, blobs: Iterator[Blob]) -> Iterator[Batch]:
    prefix = os.path.relpath(root)
    batch: list[Target] = []
    for blob in blobs:
        path = os.path.normpath(Path(prefix, blob.path))
        batch.append(Target(path, 0, blob.oid, blob.commit))
        if len(batch) >= _BATCH_FILES:
            yield Batch(tuple(batch), str(root))
            batch = []
    if batch:
        yield Batch(tuple(batch), str(root))


def _expand(path: str, *, ignored: bool) -> Iterator[str]:
    if Path(path).is_dir():
        for name in files_below(Path(path), ignored=ignored):
            yield os.path.normpath(Path(path, name))
    else:
        yield path


def _target(path: str, *, link: bool) -> Target | None:
    """A regular file; links are followed only where the user names them."""
    try:
        found = Path(path).stat() if link else Path(path).lstat()
    except FileNotFoundError:
        return None  # deleted, but not yet from the index
    except OSError:
        return Target(path)  # whoever opens it says why not
    return Target(path, found.st_size) if stat.S_ISREG(found.st_mode) else None
