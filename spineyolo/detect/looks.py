"""One look at a film, or two: films of the front, whose bodies are large, are read on a small canvas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from spineyolo.detect import Detections
from spineyolo.detect.candidates import Floats, candidates
from spineyolo.detect.canvas import place

Network = Callable[[npt.NDArray[np.uint8]], tuple[Floats, Floats]]
"""Pixels `(1, 3, height, width)`, 8 bit, to predictions `(60, anchors)`, prototypes `(32, height / 4, width / 4)`."""

FIRST_PX: Final = 640
"""Canvas height of the first of two looks."""

FRONT_ASPECT: Final = 1.3
"""Width over height of a film's boxes, in their median, from which its first look is enough: labelled laterals have
1.38 at most and 1.23 whole, nine in ten AASCE films more."""

_LEAST_HEIGHT_PX: Final = 20.0  # of a box on the first canvas, in the median
_FEWEST: Final = 8
_SURE_SCORE: Final = 0.25


def look(network: Network, grey: npt.NDArray[np.uint8], imgsz: int) -> Detections:
    """Return the candidates on a film `(height, width)` scaled to a canvas of `imgsz` px, best first."""
    placed = place(grey, imgsz)
    predictions, prototypes = network(np.repeat(placed.image[None, None], 3, axis=1))
    height, width = grey.shape
    return candidates(predictions, prototypes, placed, (height, width))


def look_again_if_small(network: Network, grey: npt.NDArray[np.uint8], imgsz: int) -> Detections:
    """Return the candidates of a first look on a small canvas, where that is enough, else on one of `imgsz` px.

    It is enough for a column seen from the front whose bodies are large on it; on laterals, and on films with few
    vertebrae, the large canvas sees more (validation films).
    """
    first = look(network, grey, FIRST_PX)
    boxes = first.boxes[first.scores >= _SURE_SCORE]
    if imgsz <= FIRST_PX or len(boxes) < _FEWEST:
        return first if imgsz <= FIRST_PX else look(network, grey, imgsz)
    widths, heights = (boxes[:, 2:] - boxes[:, :2]).T
    scale = place(grey, FIRST_PX).scale
    front = np.median(widths / heights) >= FRONT_ASPECT and np.median(heights) * scale >= _LEAST_HEIGHT_PX
    return first if front else look(network, grey, imgsz)
