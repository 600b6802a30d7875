"""Is a film AP or lateral? Told by the bodies' proportions, and where those leave it open by the film's symmetry."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from spineyolo.anatomy import View
from spineyolo.measure.measurement import Array

LATERAL_BELOW: Final = 1.34
"""Bodies less wide for their height, in the column's median, are seen from the side: those of 22 of 22 labelled whole
laterals, of 189 of 212 part views cut from them, and of 2 of 481 AASCE films (training and validation films)."""

AP_ABOVE: Final = 1.8
"""Wider bodies are seen from the front: no labelled lateral has them, and few rendered ones."""

SYMMETRIC_BELOW: Final = ((1.5, 0.6), (AP_ABOVE, 0.9))
"""In between, a film is AP if its sides differ less than this, for bodies up to that proportion: real laterals' bodies
reach 1.45, rendered ones' 1.86. So 443 of the 481 AASCE films are AP, 2 lateral, and 36 are left open, as are 23 part
views of laterals; no labelled lateral is called AP, but 32 of 110 rendered ones are, mostly part views. A film whose
sides differ more may be either: a curved column is no mirror, and a lateral taken for AP would be given a scoliosis."""

_BODY_PX: Final = 12  # the film is made so small that a body is so wide: what counts is soft tissue, lungs, the trunk
_NEAR_PX, _FAR_PX = 9, 48  # compared from beside the bodies out to four body widths
_FEWEST: Final = 50  # pairs of points


def view_of(corners: Array, grey: npt.NDArray[np.uint8] | None) -> View | None:
    """Return a film's view; None for fewer than three bodies, or where neither proportions nor symmetry are plain.

    Args:
        corners: `(n, 4, 2)` px of the bodies from the top down, in `geometry.Fit`'s order.
        grey: the film `(height, width)`; without it proportions alone are asked.
    """
    if len(corners) < 3:
        return None
    widths = np.linalg.norm(corners[:, 1] + corners[:, 2] - corners[:, 0] - corners[:, 3], axis=1) / 2
    heights = np.linalg.norm(corners[:, 3] + corners[:, 2] - corners[:, 0] - corners[:, 1], axis=1) / 2
    proportion = float(np.median(widths / heights))
    if proportion < LATERAL_BELOW:
        return View.LATERAL
    if proportion > AP_ABOVE:
        return View.AP
    apart = None if grey is None else asymmetry(grey, corners.mean(axis=1), float(np.median(widths)))
    limit = next(limit for most, limit in SYMMETRIC_BELOW if proportion <= most)
    return View.AP if apart is not None and apart < limit else None


def asymmetry(grey: npt.NDArray[np.uint8], centres: Array, width_px: float) -> float | None:
    """Return how far a film's sides differ, at equal distances left and right of the column.

    The mean absolute difference of grey over its standard deviation: 0 for a mirror, 1.13 for normal noise.

    Args:
        grey: `(height, width)`.
        centres: of the bodies `(n, 2)` px, from the top down.
        width_px: of a body.

    Returns:
        None where the column is too near the film's edges to compare anything.
    """
    scale = _BODY_PX / max(width_px, 1.0)
    shrunk = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(shrunk.astype(np.float32), (0, 0), 1.5)
    order = np.argsort(centres[:, 1])
    x, y = centres[order].T * scale - 0.5  # from a pixel's edge to its middle
    rows = np.arange(max(0, int(y[0])), min(len(small), int(y[-1]) + 1), dtype=np.float32)
    middle = np.interp(rows, y, x)[:, None]
    away = np.arange(_NEAR_PX, _FAR_PX)
    left, right = (middle + sign * away for sign in (-1, 1))
    inside = (left >= 0) & (right <= small.shape[1] - 1)
    if inside.sum() < _FEWEST:
        return None
    height = np.repeat(rows[:, None], len(away), axis=1)
    sides = [
        cv2.remap(small, at.astype(np.float32), height, cv2.INTER_LINEAR)[inside].astype(np.float64)
        for at in (left, right)
    ]
    return float(np.abs(sides[0] - sides[1]).mean() / max(float(np.concatenate(sides).std()), 1e-6))
