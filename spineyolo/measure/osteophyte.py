"""Osteophytes: what of an outline lies beyond its fitted body at each corner."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely

from spineyolo.anatomy import View
from spineyolo.measure.column import Body, Column, OutlineQuality
from spineyolo.measure.measurement import COVERAGE, Array, Measurement, not_measurable, segment

MIN_SPUR: Final = 0.04
"""Share of the body's height under which what juts out is roughness of the outline, not a spur."""

REACH: Final = 0.4
"""Share of the body's height from an endplate within which what juts out belongs to that endplate's corner."""

_CORNERS: Final = {
    View.AP: ("superior_left", "superior_right", "inferior_right", "inferior_left"),
    View.LATERAL: ("superior_posterior", "superior_anterior", "inferior_anterior", "inferior_posterior"),
}
_LENGTH, _AREA = "spur_length", "spur_area"


def measure(column: Column, quality: OutlineQuality) -> list[Measurement]:
    """Return spur length and area at the four corners of every body."""
    reason = "" if column.view is not None else "the film's view is not known; state it"
    if not quality.follows_bone:
        reason = "these outlines run between four corners and leave spurs out"
    if reason or column.view is None:
        return [not_measurable(_LENGTH, (), "px", reason), not_measurable(_AREA, (), "px2", reason)]
    names = _CORNERS[column.view]
    return [one for body in column.bodies for index, name in enumerate(names) for one in _corner(body, index, name)]


def spur(body: Body, index: int) -> tuple[float, float, Array]:
    """Return length (px) beyond the wall, area (px²) and tip `(2,)` of what juts out at corner `index`.

    The tip is the outline's point farthest beyond the line of the corner's wall, near its endplate.
    """
    corner, other_end = body.corners[index], body.corners[3 - index]
    outward = _outward(body.corners, index)
    along = (other_end - corner) / np.linalg.norm(other_end - corner)
    height = body.height_px
    far = 3 * height
    # What lies beyond the wall's line, from above the endplate to REACH below it.
    upper, lower = corner - REACH * height * along, corner + REACH * height * along
    beyond = shapely.Polygon([upper, lower, lower + far * outward, upper + far * outward])
    outside = shapely.make_valid(shapely.Polygon(body.polygon)).intersection(beyond)
    points = shapely.get_coordinates(outside)
    if not len(points):
        return 0.0, 0.0, corner
    lengths = (points - corner) @ outward
    return max(0.0, float(lengths.max())), float(outside.area), points[int(lengths.argmax())]


def _outward(corners: Array, index: int) -> Array:
    """Return the unit vector square to a corner's wall, away from the body."""
    wall = corners[3 - index] - corners[index]
    normal = np.array([wall[1], -wall[0]]) / np.linalg.norm(wall)
    away = corners[index] - corners.mean(axis=0)
    return np.asarray(normal if normal @ away > 0 else -normal)


def _corner(body: Body, index: int, name: str) -> list[Measurement]:
    levels = (body.level,)
    if body.void:
        return [not_measurable(_LENGTH, levels, "px", body.void), not_measurable(_AREA, levels, "px2", body.void)]
    length, area, tip = spur(body, index)
    floor = max(MIN_SPUR * body.height_px, COVERAGE * body.noise_px)
    where = name.replace("_", " ")
    label = where if length >= floor else f"{where}: under the floor of {floor:.1f} px"
    error = COVERAGE * body.noise_px
    line = (segment(body.corners[index], tip),)
    return [
        Measurement(_LENGTH, levels, length, "px", error, label=label, segments=line),
        Measurement(_AREA, levels, area, "px2", error * REACH * body.height_px, label=label, segments=line),
    ]
