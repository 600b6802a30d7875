"""Worker processes that end with the one that started them, even if that is killed."""

from __future__ import annotations

import os
import threading
import time
from typing import Final

_LOOK_EVERY_S: Final = 0.5


def end_with_parent() -> None:
    """Call in a worker as it starts: it ends, at once and whatever it does, when its parent is gone.

    A killed parent cannot tell its workers; waiting for work that never comes, they would hold the folder's lock.
    """
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    os._exit(1)
