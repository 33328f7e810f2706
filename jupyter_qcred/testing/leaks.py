"""What an error shows, to whoever prints it, logs it or collects it with its variables."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parents[1]
_TESTING: Final = Path(__file__).parent


def shown_by(error: BaseException, *also: Path) -> str:
    """Return all that an error can show: words, fields, chain, and variables of frames.

    Args:
        error: the error.
        also: directories of packages whose frames count, as those of ours do.
    """
    parts = [str(error), repr(error), repr(error.args), repr(vars(error))]
    chain = (error.__cause__, error.__context__)
    parts += [shown_by(link, *also) for link in chain if link is not None]
    summary = traceback.TracebackException.from_exception(error, capture_locals=True)
    counted = (frame for frame in summary.stack if _counts(Path(frame.filename), also))
    return "\n".join([*parts, *(repr(frame.locals) for frame in counted)])


def _counts(file: Path, also: tuple[Path, ...]) -> bool:
    if file.is_relative_to(_TESTING):
        return False  # whoever tests knows the secret
    return any(file.is_relative_to(place) for place in (PACKAGE, *also))


def assert_shows_nothing_of(
    error: BaseException, *secrets: str, also: tuple[Path, ...] = ()
) -> None:
    """Assert that none of the texts can be seen, and that no foreign exception hangs on it."""
    seen = shown_by(error, *also)
    for secret in secrets:
        assert secret
        assert secret not in seen
    assert error.__cause__ is None
    assert error.__context__ is None
