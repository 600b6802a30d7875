"""How others number, for the same table: looks alone, and counting from an end.

All take the candidates of one film as a detector's boxes and whole score vectors, and return
one level for each candidate, None for those left out, as `Numbering.levels` does.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import supervision as sv

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.evaluate.levels import SURE_SCORE

NMS_IOU: Final = 0.7
"""Ultralytics' default for prediction."""

Floats = npt.NDArray[np.floating]
Named = tuple[str | None, ...]


def class_agnostic_argmax(boxes: Floats, level_scores: Floats, iou: float = NMS_IOU) -> Named:
    """Name each candidate by its best level; of those that overlap, whatever their level, the best stays.

    Boxes are `(n, 4)` x0, y0, x1, y1 px, scores `(n, 24)`.
    """
    kept = _suppress(boxes, level_scores.max(axis=1, initial=0), iou)
    return tuple(LEVELS[scores.argmax()] if keep else None for scores, keep in zip(level_scores, kept, strict=True))


def count_down(
    boxes: Floats, level_scores: Floats, first: str | None = None, min_score: float = SURE_SCORE, iou: float = NMS_IOU
) -> Named:
    """Name the uppermost candidate `first`, or by its best level if None, and count on downwards.

    Only candidates that score at least `min_score` count, of those that overlap the best; beyond L5 there is no name.
    """
    counted = _from_the_top(boxes, level_scores, min_score, iou)
    if not len(counted):
        return (None,) * len(boxes)
    top = int(level_scores[counted[0]].argmax()) if first is None else INDEX[first]
    return _counted(len(boxes), counted, top)


def count_up(
    boxes: Floats, level_scores: Floats, last: str = "L5", min_score: float = SURE_SCORE, iou: float = NMS_IOU
) -> Named:
    """Name the lowest candidate `last` and count on upwards, as `count_down` does downwards; above C1 is no name."""
    counted = _from_the_top(boxes, level_scores, min_score, iou)
    return _counted(len(boxes), counted, INDEX[last] - len(counted) + 1)


def _from_the_top(boxes: Floats, level_scores: Floats, min_score: float, iou: float) -> npt.NDArray[np.intp]:
    scores = level_scores.max(axis=1, initial=0)
    kept = _suppress(boxes, scores, iou) & (scores >= min_score)
    counted = np.flatnonzero(kept)
    return counted[np.argsort(boxes[counted, 1] + boxes[counted, 3], kind="stable")]


def _counted(count: int, counted: npt.NDArray[np.intp], top: int) -> Named:
    named: list[str | None] = [None] * count
    for place, candidate in enumerate(counted, start=top):
        if 0 <= place < len(LEVELS):
            named[int(candidate)] = LEVELS[place]
    return tuple(named)


def _suppress(boxes: Floats, scores: Floats, iou: float) -> npt.NDArray[np.bool_]:
    """Return which candidates stay, `(n,)`: from the best down, each drops those that overlap it more."""
    if not len(boxes):
        return np.zeros(0, bool)
    return np.asarray(sv.box_non_max_suppression(np.column_stack([boxes, scores]), iou))
