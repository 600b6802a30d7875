"""Where in a frame the column is, and that part cut out upright: camera frames are wide, columns are tall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from spineyolo.detect.canvas import CANVAS_ASPECT
from spineyolo.film import Points
from spineyolo.live.source import Picture

Boxes = npt.NDArray[np.float32]

MARGIN_STEPS: Final = 1.8
"""Room left above and below the column, in steps from one vertebra to the next: the next one is found there if the film
goes on, and numbering, which takes two steps for room in which a column would go on, holds neither end for open."""

_SIDE_MARGIN: Final = 1.2
"""Room left at each side, in mean vertebra widths."""

_FREE_TILT_DEG: Final = 10.0
"""Tilt that is left as it is: films were tilted by so much in training, and part views lean by themselves."""

_MOST_TILT_DEG: Final = 60.0
"""Tilt up to which a film is turned back: near a right angle, up and down cannot be told apart."""

_STRIP_OVERLAP: Final = 0.4
"""Share by which neighbouring strips of the search overlap, so that a column lies whole in one of them."""

_SEARCHES: Final = ((1.0, 0.0), (1.0, 25.0), (1.0, -25.0), (0.5, 0.0))
"""The rounds of the search: the strips' height in frame heights, and their tilt in degrees. Upright films that fill the
frame come first, then tilted ones, then those that are small in the frame."""


@dataclass(frozen=True)
class Region:
    """An upright part of a frame, or a tilted one.

    Attributes:
        x, y: its centre in the frame, px.
        width, height: px of the frame.
        tilt_deg: by how much its upward direction is turned clockwise from the frame's.
    """

    x: float
    y: float
    width: float
    height: float
    tilt_deg: float = 0.0

    def to_crop(self, height_px: int) -> npt.NDArray[np.float64]:
        """Return the map `(2, 3)` from the frame to the crop of `height_px`, in px coordinates (edges at integers)."""
        scale = height_px / self.height
        angle = np.deg2rad(self.tilt_deg)
        turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        middle = np.array([scale * self.width / 2, height_px / 2])
        return np.column_stack([turn, middle - turn @ np.array([self.x, self.y])])

    def cut(self, picture: Picture, height_px: int) -> npt.NDArray[np.uint8]:
        """Return this part of a frame as grey `(height_px, width)`, upright; beyond the frame its edge goes on."""
        matrix = self.to_crop(height_px)
        size = (max(1, round(self.width * height_px / self.height)), height_px)
        if height_px / self.height < 0.5:  # bilinear sampling would skip pixels
            picture = np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
            halved = Region(self.x / 2, self.y / 2, self.width / 2, self.height / 2, self.tilt_deg)
            return halved.cut(picture, height_px)
        between_centres = matrix.copy()  # OpenCV's pixel centres lie at integers
        between_centres[:, 2] += matrix[:, :2].sum(axis=1) * 0.5 - 0.5
        crop = cv2.warpAffine(picture, between_centres, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)

    def to_frame(self, points: Points, height_px: int) -> Points:
        """Map points `(n, 2)` of the crop of `height_px` back to the frame."""
        matrix = self.to_crop(height_px)
        return np.asarray((points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T, np.float32)


def around(boxes: Boxes, hidden: Boxes) -> Region:
    """Return the region around a column, turned back by its tilt.

    The tilt is that of the straight line nearest to the boxes' centres, less what is left as it is. The shape is the
    canvas's, so that the network sees pictures of one size and an exported one need not be prepared anew.

    Args:
        boxes: `(n, 4)` px of the frame, upright, n ≥ 2: the vertebrae that are seen.
        hidden: `(m, 4)` where others are expected; those that are not in line with the column are left out.
    """
    centres = _centres(boxes)
    middle = centres.mean(axis=0)
    direction = np.linalg.svd(centres - middle)[2][0]
    direction *= np.sign(direction[1]) or 1.0  # down the column
    lean = float(np.degrees(np.arctan2(-direction[0], direction[1])))
    tilt = float(np.clip(np.sign(lean) * max(abs(lean) - _FREE_TILT_DEG, 0.0), -_MOST_TILT_DEG, _MOST_TILT_DEG))
    turn = np.deg2rad(tilt)
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])  # rightward and downward columns
    size = float(np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1)).mean())
    upright = (centres - middle) @ axes
    step = max(float(np.median(np.diff(np.sort(upright[:, 1])))), 0.7 * size)  # less where one was found twice
    others = (_centres(hidden) - middle) @ axes
    aside = np.maximum(upright[:, 0].min() - others[:, 0], others[:, 0] - upright[:, 0].max())
    inside = np.concatenate([upright, others[aside <= _SIDE_MARGIN * size]])
    room = np.array([(_SIDE_MARGIN + 0.5) * size, (MARGIN_STEPS + 0.5) * step])
    start, stop = inside.min(axis=0) - room, inside.max(axis=0) + room
    x, y = middle + axes @ ((start + stop) / 2)
    width, height = stop - start
    height = float(max(height, width / CANVAS_ASPECT))
    return Region(float(x), float(y), CANVAS_ASPECT * height, height, tilt)


def _centres(boxes: Boxes) -> npt.NDArray[np.float64]:
    return (boxes[:, :2] + boxes[:, 2:]).astype(np.float64) / 2


def strips(height: int, width: int) -> Iterator[Region]:
    """Yield the parts of a frame `height` x `width` px in which to look for a column, in each round from the middle."""
    for share, tilt_deg in _SEARCHES:
        tall = share * height
        wide = CANVAS_ASPECT * tall
        for y in _places(height, tall):
            for x in _places(width, wide):
                yield Region(x, y, wide, tall, tilt_deg)


def _places(length: float, part: float) -> list[float]:
    """Return the middles of overlapping parts that cover a length, px, the middle ones first."""
    count = 1 + max(0, int(np.ceil((length - part) / (part * (1 - _STRIP_OVERLAP)) - 1e-9)))
    places = np.linspace(part / 2, length - part / 2, count) if count > 1 else np.array([length / 2])
    return sorted(places.tolist(), key=lambda place: abs(place - length / 2))
