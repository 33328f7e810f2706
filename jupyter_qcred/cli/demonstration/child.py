"""Run a module as ``python -m`` does, and stop when the parent is gone, however it ended.

The parent holds the other end of standard input; the system closes it with the parent.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def _stop_with_parent(end: int) -> None:
    while os.read(end, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    end = os.dup(0)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device
        os.dup2(nothing.fileno(), 0)
    threading.Thread(target=_stop_with_parent, args=(end,), daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
