"""From what the network puts out to candidates: one class-agnostic NMS that keeps every candidate's score vector.

All backends end here, in numpy and OpenCV alone, so that an exported model needs no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, overload

import cv2
import numpy as np
import numpy.typing as npt

from spineyolo.anatomy import LEVELS
from spineyolo.detect import Detections
from spineyolo.detect.canvas import Placed
from spineyolo.film import Points
from spineyolo.polygons import outer_polygon

Floats = npt.NDArray[np.float32]

MIN_SCORE: Final = 0.01
"""Candidates whose levels' scores add up to less are not kept; low, so that the evaluator sees the whole curve."""

NMS_IOU: Final = 0.6
"""Two boxes that overlap more are the same vertebra: upright boxes of tilted neighbours overlap by up to half."""

MASK_LEVEL: Final = 0.57
"""Probability from which a point is inside a mask; masks of 0.5 come out a little too large (validation films)."""

MAX_CANDIDATES: Final = 100
_LEVELS: Final = len(LEVELS)
_PROTO_STRIDE: Final = 4  # canvas px per prototype px


def candidates(predictions: Floats, prototypes: Floats, placed: Placed, film_shape: tuple[int, int]) -> Detections:
    """Return the candidates of one film, best first.

    Args:
        predictions: `(4 + 24 + 32, anchors)` box centre x, y, width and height in canvas px, a score for each level,
            mask coefficients.
        prototypes: `(32, canvas height / 4, canvas width / 4)`.
        placed: the film on the canvas.
        film_shape: height and width of the film in px.
    """
    scores = predictions[4 : 4 + _LEVELS].sum(axis=0)
    likely = np.flatnonzero(scores >= MIN_SCORE)
    centres, sizes = predictions[:2, likely], predictions[2:4, likely]
    corners = np.concatenate([centres - sizes / 2, sizes]).T
    best = cv2.dnn.NMSBoxes(corners.tolist(), scores[likely].tolist(), MIN_SCORE, NMS_IOU)
    kept = likely[np.asarray(best, np.intp)[:MAX_CANDIDATES]]
    rows = predictions[:, kept].T
    boxes = np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2], axis=1)
    limits = np.array([film_shape[1], film_shape[0]] * 2, np.float32)
    return Detections(
        boxes=np.clip(placed.to_film(boxes.reshape(-1, 2, 2)).reshape(-1, 4), 0, limits),
        level_scores=rows[:, 4 : 4 + _LEVELS].copy(),
        polygons=Outlines(boxes, rows[:, 4 + _LEVELS :], prototypes, placed, film_shape),
    )


class Outlines(Sequence[Points]):
    """The candidates' outlines `(k, 2)` film px, each traced when it is first asked for.

    Numbering needs boxes and scores alone and sets aside about half of the candidates; those are traced only where
    they are written out. What is kept for it are a candidate's mask logits around its box, not the prototypes.
    """

    def __init__(
        self, boxes: Floats, coefficients: Floats, prototypes: Floats, placed: Placed, film_shape: tuple[int, int]
    ) -> None:
        """Cut out mask logits around canvas boxes `(n, 4)`: coefficients `(n, 32)` times prototypes `(32, h, w)`."""
        self._boxes, self._placed = boxes, placed
        self._limits = np.array([film_shape[1], film_shape[0]], np.float32)
        height, width = prototypes.shape[1:]
        starts = np.maximum(np.floor(boxes[:, :2] / _PROTO_STRIDE).astype(int) - 1, 0)
        stops = np.minimum(np.ceil(boxes[:, 2:] / _PROTO_STRIDE).astype(int) + 1, [width, height])
        self._origins = (starts * _PROTO_STRIDE).astype(np.float32)
        self._logits = [
            np.tensordot(own, prototypes[:, y0:y1, x0:x1], axes=1)
            for own, (x0, y0), (x1, y1) in zip(coefficients, starts.tolist(), stops.tolist(), strict=True)
        ]
        self._traced: list[Points | None] = [None] * len(boxes)

    def __len__(self) -> int:
        return len(self._boxes)

    @overload
    def __getitem__(self, index: int) -> Points: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Points, ...]: ...
    def __getitem__(self, index: int | slice) -> Points | tuple[Points, ...]:
        if isinstance(index, slice):
            return tuple(self[single] for single in range(*index.indices(len(self))))
        traced = self._traced[index]
        if traced is None:
            canvas = _trace(self._logits[index], self._boxes[index], self._origins[index])
            traced = np.clip(self._placed.to_film(canvas), 0, self._limits)
            self._traced[index] = traced
        return traced


def _trace(logits: Floats, box: Floats, origin: Floats) -> Points:
    """Return the outline `(k, 2)` canvas px of mask logits `(h, w)` around a canvas box; they begin at `origin` x, y.

    The logits are upsampled to canvas px before they meet `MASK_LEVEL`, and what lies outside the box is cut off.
    Without a mask the box is the outline.
    """
    outline = np.zeros((0, 2), np.float32)
    if logits.size:
        fine = cv2.resize(logits, None, fx=_PROTO_STRIDE, fy=_PROTO_STRIDE, interpolation=cv2.INTER_LINEAR)
        rows = np.arange(fine.shape[0]) + 0.5 + origin[1]
        columns = np.arange(fine.shape[1]) + 0.5 + origin[0]
        inside = ((rows > box[1]) & (rows < box[3]))[:, None] & ((columns > box[0]) & (columns < box[2]))
        probability = np.where(inside, 1 / (1 + np.exp(-fine.clip(-30, 30))), 0)
        outline = outer_polygon(probability, MASK_LEVEL) + origin
    if len(outline) < 3:
        outline = box[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2)
    return outline
