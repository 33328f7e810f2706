"""Keeps the queries of some requests out of logs.

One route of OpenBao takes secrets in the query of a GET, and urllib3 logs each request's path at
DEBUG. Whoever turns that on, for the whole process, sees the path alone.
"""

from __future__ import annotations

import logging
from functools import cache


class _WithoutQuery(logging.Filter):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = f"{path}?"

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(self._cut(value) for value in record.args)
        return True

    def _cut(self, value: object) -> object:
        if isinstance(value, str) and self._path in value:
            return value.partition("?")[0]
        return value


@cache
def keep_out(path: str) -> None:
    """Cut what urllib3 logs of requests whose path ends so. May be called again.

    Args:
        path: its end, up to the query.
    """
    logging.getLogger("urllib3.connectionpool").addFilter(_WithoutQuery(path))
