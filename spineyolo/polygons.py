"""Outlines and masks: one vertebra is one ring, whatever parts and holes it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import contourpy
import numpy as np
import numpy.typing as npt
import shapely
from pycocotools import mask as coco_mask
from scipy.spatial.distance import cdist

from spineyolo.film import Points

_SIDES_AT_ONCE: Final = 256
"""Sides of a ring that are compared with all others at a time, so that a ring of many points takes no more memory."""

Mask = npt.NDArray[np.bool_]
"""Mask `(height, width)`, True inside. Pixel (x, y) covers x…x+1, y…y+1 of film coordinates."""


def mask_from_polygon(polygon: Points, height: int, width: int) -> Mask:
    """Rasterise one ring `(n, 2)` px into a mask `(height, width)`, by COCO's rule; what lies outside is cut off."""
    flat = np.asarray(polygon, np.float64).ravel().tolist()
    return np.asarray(coco_mask.decode(coco_mask.frPyObjects([flat], height, width))[:, :, 0], dtype=bool)


def polygon_from_mask(mask: npt.NDArray[np.generic], level: float = 0.5) -> Points:
    """Trace a mask or a probability map `(height, width)` at `level` into one ring `(n, 2)` px.

    Parts and holes are joined by bridges of no width. Empty `(0, 2)` if nothing reaches the level.
    """
    return bridge(rings_of_mask(mask, level))


def rings_of_mask(mask: npt.NDArray[np.generic], level: float = 0.5) -> list[Points]:
    """Trace a mask or probability map `(height, width)` at `level` into parts and holes, a ring `(n, 2)` px each."""
    padded = np.pad(np.asarray(mask, np.float32), 1)
    generator = contourpy.contour_generator(z=padded, fill_type=contourpy.FillType.OuterOffset)
    points, offsets = cast(tuple[list[Points], list[npt.NDArray[np.uint32]]], generator.filled(level, np.inf))
    # The padding moves pixels by +1, and a pixel's centre lies at +0.5.
    return [
        np.asarray(ring[:-1] - 0.5, np.float32)
        for part, ends in zip(points, offsets, strict=True)
        for ring in np.split(part, ends[1:-1])
    ]


def bridge(rings: Sequence[Points]) -> Points:
    """Join rings `(n, 2)` (parts and holes) into one ring by going there and back between their nearest points.

    Under the even-odd rule the result covers what the rings covered together: a bridge has no area, a ring
    inside another is a hole.
    """
    left = sorted((ring for ring in rings if len(ring) >= 3), key=lambda ring: -abs(signed_area(ring)))
    if not left:
        return np.zeros((0, 2), np.float32)
    joined = left.pop(0)
    while left:
        distances = [cdist(joined, ring) for ring in left]
        nearest = int(np.argmin([distance.min() for distance in distances]))
        here, there = np.unravel_index(int(distances[nearest].argmin()), distances[nearest].shape)
        ring = left.pop(nearest)
        detour = np.concatenate([ring[there:], ring[: there + 1]])
        joined = np.concatenate([joined[: here + 1], detour, joined[here:]])
    return joined.astype(np.float32)


def signed_area(polygon: Points) -> float:
    """Return a ring's area in px², positive when it runs clockwise on screen (y down)."""
    x, y = np.asarray(polygon, np.float64).T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)


def clip_polygon(polygon: Points, x0: float, y0: float, x1: float, y1: float) -> Points:
    """Return the part of a ring `(n, 2)` inside a window, as one ring in film px; empty `(0, 2)` if none is."""
    shape = shapely.make_valid(shapely.Polygon(polygon))
    inside = shapely.clip_by_rect(shape, x0, y0, x1, y1)
    polygons = [part for part in shapely.get_parts(inside) if isinstance(part, shapely.Polygon) and part.area > 0]
    return bridge(
        [np.asarray(ring.coords[:-1], np.float32) for part in polygons for ring in (part.exterior, *part.interiors)]
    )


def crosses_itself(polygon: Points, times: int) -> bool:
    """Tell whether two sides of a ring `(n, 2)` cross, or run along each other, more often than `times`."""
    start = np.asarray(polygon, np.float64)
    along = np.roll(start, -1, axis=0) - start
    found = 0
    for first in range(0, len(start), _SIDES_AT_ONCE):
        some, their_along = start[first : first + _SIDES_AT_ONCE, None], along[first : first + _SIDES_AT_ONCE, None]
        side, side_of_end = _with_next(_cross(their_along, start - some))  # of some sides' lines, for every point
        across = _cross(along, some - start) * _cross(along, some + their_along - start) < 0
        found += int(((side * side_of_end < 0) & across).sum())
        far, far_of_end = _with_next((their_along * (start - some)).sum(axis=-1))  # along some sides
        beside = (np.maximum(far, far_of_end) > 0) & (np.minimum(far, far_of_end) < (their_along**2).sum(axis=-1))
        itself = np.arange(len(some))[:, None] + first == np.arange(len(start))
        found += int(((side == 0) & (side_of_end == 0) & beside & ~itself).sum())
        if found > 2 * times:  # each pair is found from both sides
            return True
    return False


def _with_next(of_points: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return values `(m, n)` of a ring's points, and those of the points after them: of each side's two ends."""
    return of_points, np.roll(of_points, -1, axis=1)


def _cross(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    product: npt.NDArray[np.float64] = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    return product


def bounding_box(polygon: Points) -> tuple[float, float, float, float]:
    """Return a ring's box as x0, y0, x1, y1 px."""
    (x0, y0), (x1, y1) = polygon.min(axis=0), polygon.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def outer_polygon(mask: npt.NDArray[np.generic], level: float = 0.5) -> Points:
    """Return the outer ring `(n, 2)` px of the largest part of a mask or probability map; empty if nothing is set."""
    return max(
        rings_of_mask(mask, level), key=lambda ring: abs(signed_area(ring)), default=np.zeros((0, 2), np.float32)
    )
