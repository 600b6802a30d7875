"""How far apart two outlines run."""

from __future__ import annotations

import numpy as np
import shapely

from spineyolo.film import Points

_STEP_PX = 1.0  # between the points of an outline whose distance is taken


def boundary_error_px(found: Points, true: Points) -> float:
    """Return the mean distance between two outlines `(n, 2)`, px: from each to the other, both ways together.

    The average symmetric surface distance in two dimensions (Heimann et al., IEEE TMI 2009, 28(8):1251-1265), with
    points every px along each outline.
    """
    rings = [shapely.LinearRing(outline) for outline in (found, true)]
    distances = [
        shapely.distance(shapely.points(shapely.get_coordinates(shapely.segmentize(ring, _STEP_PX))[:-1]), other)
        for ring, other in zip(rings, rings[::-1], strict=True)
    ]
    return float(np.concatenate(distances).mean())
