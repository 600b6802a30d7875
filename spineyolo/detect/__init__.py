"""The detectors behind one Protocol: grey pixels in, candidates with an outline and a score per level out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from spineyolo.film import Points


@dataclass(frozen=True, eq=False)
class Detections:
    """Candidates of one film, best first, before numbering.

    Attributes:
        boxes: `(n, 4)` x0, y0, x1, y1 in film px.
        level_scores: `(n, 24)`, 0…1, one for every level C1…L5; they need not add up to 1.
        polygons: one outline `(k, 2)` px for each candidate; a sequence that may trace it when it is asked for.
    """

    boxes: npt.NDArray[np.float32]
    level_scores: npt.NDArray[np.float32]
    polygons: Sequence[Points]

    @property
    def scores(self) -> npt.NDArray[np.float32]:
        """How surely each candidate is a vertebra at all, `(n,)`: its levels' scores added up, at most 1.

        Where neighbours look alike the detector shares one vertebra's score out among their levels.
        """
        return np.asarray(np.minimum(self.level_scores.sum(axis=1), 1.0), np.float32)

    def __len__(self) -> int:
        return len(self.boxes)


class Detector(Protocol):
    """Anything that finds vertebrae."""

    def detect(self, grey: npt.NDArray[np.uint8]) -> Detections:
        """Return the candidates on a film `(height, width)`, 8 bit grey."""
        ...
