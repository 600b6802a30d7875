"""Worker processes that end with the one that started them, even if that is killed."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from typing import Final

_LOOK_EVERY_S: Final = 0.5
_SET_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of prctl(2)


def end_with_parent() -> None:
    """Call in a worker as it starts: it ends, at once and whatever it does, when its parent is gone.

    A killed parent cannot tell its workers. They would wait for work that never comes, or write on into a folder that
    the next run has taken. Linux kills them together with the parent's starting thread; elsewhere they look twice a
    second whether the parent is there, and may write that much longer.
    """
    parent = multiprocessing.parent_process()
    started_by = os.getppid() if parent is None or parent.pid is None else parent.pid
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != started_by:  # it went before it was asked for
            os._exit(1)
    else:
        threading.Thread(target=_watch, args=(started_by,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    os._exit(1)
