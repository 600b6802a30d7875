"""The drawn frames in a window on the screen."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Final

import cv2

from spineyolo.errors import BadInputError
from spineyolo.live.frames import SeenFrame
from spineyolo.live.session import Figures
from spineyolo.live.source import Frame, Picture

_TITLE: Final = "SpineYOLO: research use only (q ends)"
_ESCAPE: Final = 27


class WindowOutput:
    """A window that shows each frame; q, Esc or its close button ends the session."""

    def __init__(self) -> None:
        """Open the window.

        Raises:
            BadInputError: if there is no screen to open it on, or OpenCV was built without windows.
        """
        expected = "a screen for the window; --no-window writes an MP4 instead"
        if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise BadInputError("window", expected, "none")  # Qt would end the whole process
        try:
            cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL)
        except cv2.error as error:
            raise BadInputError("window", expected, "an OpenCV without windows (opencv-python-headless)") from error

    where: Final = ""

    def put(self, picture: Picture, frame: Frame, seen: SeenFrame, figures: Figures) -> bool:
        """Show one frame; return False once the user has had enough."""
        cv2.imshow(_TITLE, picture)
        key = cv2.waitKey(1) & 0xFF
        closed = cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) < 1
        return not closed and key not in {ord("q"), _ESCAPE}

    def __enter__(self) -> WindowOutput:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cv2.destroyAllWindows()
