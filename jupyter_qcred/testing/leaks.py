"""What an error shows, to whoever prints it, logs it or collects it with its variables."""

from __future__ import annotations

import traceback


def shown_by(error: BaseException) -> str:
    """Return all that an error can show: words, fields, chain, and variables of our frames."""
    parts = [str(error), repr(error), repr(error.args), repr(vars(error))]
    chain = (error.__cause__, error.__context__)
    parts += [shown_by(link) for link in chain if link is not None]
    summary = traceback.TracebackException.from_exception(error, capture_locals=True)
    parts += [repr(frame.locals) for frame in summary.stack if "/jupyter_qcred/" in frame.filename]
    return "\n".join(parts)


def assert_shows_nothing_of(error: BaseException, *secrets: str) -> None:
    """Assert that none of the texts can be seen, and that no foreign exception hangs on it."""
    seen = shown_by(error)
    for secret in secrets:
        assert secret
        assert secret not in seen
    assert error.__cause__ is None
    assert error.__context__ is None
