"""Say what went wrong with the embedded OpenBao, and what to do about it."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import ConfigError, IssuerError, IssuerUnreachableError
from jupyter_qcred.issue.embedded.files import NotPrivateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_qcred.issue.embedded.layout import Layout


def failure(layout: Layout, what: str) -> IssuerError:
    """Return the error for an OpenBao that ``what``: a full disk, if it is one, else its log."""
    return _disk_full(layout) or IssuerError(
        f"The embedded OpenBao {what}", next_step=f"Its log says why: {layout.log}"
    )


def lost(layout: Layout, file: Path) -> ConfigError:
    """Return the error for a key file that is gone."""
    return ConfigError(
        f"{file} is lost, and without it the keys stored in {layout.directory}",
        next_step=f"Bring the file back from a backup, or remove {layout.directory} and store your "
        "keys again",
    )


def misfit(layout: Layout) -> ConfigError:
    """Return the error for key files that are not those of the storage."""
    return ConfigError(
        f"The keys in {layout.directory} do not fit the data there",
        next_step=f"Bring {layout.unseal_key.name} and *.secret-id back from a backup, or remove "
        "the directory and store your keys again",
    )


@contextmanager
def explained(layout: Layout) -> Iterator[None]:
    """Turn the file system's errors into ours, and find a full disk behind others."""
    try:
        yield
    except NotPrivateError as error:
        raise ConfigError(
            f"The embedded OpenBao can't keep keys there: {error}",
            next_step="Set EmbeddedOpenBao.directory to a directory of your own",
        ) from None
    except OSError as error:
        raise _disk_full(layout) or ConfigError(
            f"The embedded OpenBao can't use {error.filename or layout.directory}: "
            f"{error.strerror}",
            next_step="Correct its permissions, or set EmbeddedOpenBao.directory",
        ) from None
    except IssuerError as error:
        if not isinstance(error, IssuerUnreachableError) and (full := _disk_full(layout)):
            raise full from None
        raise


def _disk_full(layout: Layout) -> IssuerError | None:
    try:
        free = shutil.disk_usage(layout.directory).free
    except OSError:
        return None
    if free > 1024 * 1024:
        return None
    return IssuerError(
        f"The disk of {layout.directory} is full", next_step="Free some space, then try again"
    )
