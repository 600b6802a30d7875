"""Predictions and pixels that tests share."""

from pathlib import Path

import numpy as np

from spineyolo.anatomy import INDEX
from spineyolo.detect import Detections
from spineyolo.numbering import Numbering
from spineyolo.numbering.variants import EXTRA_NAMES
from spineyolo.prediction import Prediction


def prediction_of(
    levels: list[str | None], height: int = 900, width: int = 300, margin: float = 30.0, name: str = "film.png"
) -> Prediction:
    """Candidates from the top down, squares of half the spacing in the middle of the film."""
    spacing = height / (len(levels) + 1)
    boxes = np.float32(
        [
            [width / 2 - spacing / 4, spacing * (i + 0.75), width / 2 + spacing / 4, spacing * (i + 1.25)]
            for i in range(len(levels))
        ]
    ).reshape(-1, 4)
    scores = np.full((len(levels), 24), 0.01, np.float32)
    for row, level in enumerate(levels):
        scores[row, INDEX[EXTRA_NAMES.get(level or "L3", level or "L3")]] = 0.8
    polygons = tuple(box[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2) for box in boxes)
    return Prediction(Path(name), height, width, Detections(boxes, scores, polygons), Numbering(tuple(levels), margin))
