"""The canvas films are scaled to, in training as in prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

CANVAS_ASPECT: Final = 0.4
"""Width over height of the canvas. Whole-spine films are about 890 x 2375 px (0.37)."""

STRIDE_PX: Final = 32
MARGIN_GREY: Final = 114  # Ultralytics' letterbox grey


@dataclass(frozen=True, eq=False)
class Placed:
    """A film scaled to fit the canvas, with margins up to the next stride.

    Attributes:
        image: `(height, width)`, both multiples of the stride.
        scale: canvas px per film px, the same in x and y.
        left, top: margin px before the film.
    """

    image: npt.NDArray[np.uint8]
    scale: float
    left: int
    top: int

    def to_film(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Map canvas points `(…, 2)` px to film px."""
        margin = np.array([self.left, self.top], np.float32)
        return np.asarray((points - margin) / self.scale, np.float32)


def canvas_size(imgsz: int) -> tuple[int, int]:
    """Return the canvas height and width in px for a height of `imgsz` px, the width rounded up to the stride."""
    return imgsz, int(np.ceil(imgsz * CANVAS_ASPECT / STRIDE_PX)) * STRIDE_PX


def place(grey: npt.NDArray[np.uint8], imgsz: int) -> Placed:
    """Scale a film `(height, width)` to fit the canvas of `imgsz`; its aspect ratio stays as it is."""
    height, width = grey.shape
    canvas_height, canvas_width = canvas_size(imgsz)
    scale = min(canvas_height / height, canvas_width / width)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(grey, (new_width, new_height), interpolation=interpolation)
    spare_y, spare_x = -new_height % STRIDE_PX, -new_width % STRIDE_PX
    top, left = spare_y // 2, spare_x // 2
    image = cv2.copyMakeBorder(
        resized, top, spare_y - top, left, spare_x - left, cv2.BORDER_CONSTANT, value=[MARGIN_GREY]
    )
    return Placed(np.asarray(image, np.uint8), scale, left, top)
