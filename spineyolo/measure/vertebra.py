"""Heights of a body against each other and against its neighbours', on lateral films."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely

from spineyolo.anatomy import neighbours_of
from spineyolo.measure.column import Body, Column
from spineyolo.measure.measurement import (
    COVERAGE,
    Array,
    Measurement,
    Segment,
    not_measurable,
    propagated_error,
    segment,
)

GENANT: Final = ((20.0, "under 20 %"), (25.0, "20-25 %, Genant's mild"), (40.0, "25-40 %, Genant's moderate"))
"""Upper limits of height loss in percent (Genant et al., J Bone Miner Res 1993;8:1137-48); severe beyond.

Genant's grades are read by eye, with shape and neighbours in view; the number alone is a band, not a fracture.
"""

_RATIOS: Final = ("anterior_to_posterior", "middle_to_posterior", "posterior_to_neighbours", "height_loss")


def measure(column: Column) -> list[Measurement]:
    """Return the height ratios of every body, and its largest loss with Genant's band."""
    reason = column.void((), lateral=True)
    if reason:
        return [not_measurable(name, (), "%", reason) for name in _RATIOS]
    return [measurement for body in column.bodies for measurement in _measure_body(column, body)]


def _measure_body(column: Column, body: Body) -> list[Measurement]:
    levels = (body.level,)
    if body.void:
        return [not_measurable(name, levels, "%", body.void) for name in _RATIOS]
    corners, noise = body.corners[None], np.array([body.noise_px])
    front, back = segment(body.corners[1], body.corners[2]), segment(body.corners[0], body.corners[3])
    wedge = 100 * _wall(body.corners, 1, 2) / _wall(body.corners, 0, 3)
    found = [
        Measurement(
            "anterior_to_posterior",
            levels,
            wedge,
            "%",
            propagated_error(lambda c: 100 * _wall(c[0], 1, 2) / _wall(c[0], 0, 3), corners, noise),
            segments=(front, back),
        ),
        _middle(body),
        _against_neighbours(column, body),
    ]
    return [*found, _loss(found)]


def _wall(corners: Array, upper: int, lower: int) -> float:
    return float(np.linalg.norm(corners[lower] - corners[upper]))


def middle_height(body: Body) -> tuple[float, Segment] | None:
    """Return a body's height (px) half-way between its walls, inside its outline, and where; None if there is none.

    Taken in the outline itself, since a biconcave body is lowest where no corner is.
    """
    top, bottom = (body.corners[0] + body.corners[1]) / 2, (body.corners[2] + body.corners[3]) / 2
    axis = bottom - top
    line = shapely.LineString([top - axis / 2, bottom + axis / 2])
    inside = shapely.make_valid(shapely.Polygon(body.polygon)).intersection(line)
    parts = [part for part in shapely.get_parts(inside) if part.length > 0]
    if not parts:
        return None
    longest = max(parts, key=lambda part: part.length)
    ends = np.asarray(longest.coords)
    return float(longest.length), segment(ends[0], ends[-1])


def _middle(body: Body) -> Measurement:
    name, levels = "middle_to_posterior", (body.level,)
    found = middle_height(body)
    if found is None:
        return not_measurable(name, levels, "%", "its outline is open at the middle")
    height, line = found
    posterior = _wall(body.corners, 0, 3)
    value = 100 * height / posterior
    share = body.noise_px * np.sqrt(2) / posterior
    error = COVERAGE * value * float(np.hypot(share * posterior / max(height, 1e-6), share))
    return Measurement(name, levels, value, "%", error, segments=(line,))


def _against_neighbours(column: Column, body: Body) -> Measurement:
    name, levels = "posterior_to_neighbours", (body.level,)
    bodies = [column.get(level) for level in neighbours_of(body.level) if level]
    around = [other for other in bodies if other is not None and not other.void]
    if not around:
        return not_measurable(name, levels, "%", "neither neighbour can be measured")
    corners = np.stack([body.corners, *(other.corners for other in around)])
    noise = np.array([body.noise_px, *(other.noise_px for other in around)])

    def ratio(all_corners: Array) -> float:
        walls = [_wall(one, 0, 3) for one in all_corners]
        return 100 * walls[0] / float(np.mean(walls[1:]))

    label = "against " + " and ".join(other.level for other in around)
    return Measurement(name, levels, ratio(corners), "%", propagated_error(ratio, corners, noise), label=label)


def _loss(ratios: list[Measurement]) -> Measurement:
    """Return the largest of the three losses, 100 % less the smallest ratio, with Genant's band."""
    known = [ratio for ratio in ratios if ratio.value is not None]
    least = min(known, key=lambda ratio: ratio.value or 0.0)
    value = max(0.0, 100 - (least.value or 0.0))
    if least.error is not None and value < least.error:
        label = "less than its error"
    else:
        label = next((band for limit, band in GENANT if value < limit), "over 40 %, Genant's severe")
    return Measurement("height_loss", least.levels, value, "%", least.error, label=label, segments=least.segments)
