"""Listhesis: how far a body stands before or behind the one below, on lateral films."""

from __future__ import annotations

from typing import Final

import numpy as np

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.measure import disc
from spineyolo.measure.column import Column
from spineyolo.measure.measurement import Array, Measurement, not_measurable, propagated_error, segment

SLIP_FLOOR: Final = 5.0
"""Percent under which no slip is called, as in MrOS (Denard et al., Spine 2010;35:1072-8)."""

ALL_DISCS: Final = 1.55
"""Nor is one under its error times this: a film has some twenty discs, and an interval that holds all of them 19 films
in 20 is so much wider than that of one (Sidak 1967: 3.03 standard deviations for 21, 1.96 for one)."""

MEYERDING: Final = ((25.0, "I"), (50.0, "II"), (75.0, "III"), (100.0, "IV"))
"""Upper limits, percent, of Meyerding's grades (Surg Gynecol Obstet 1932;54:371-7); V beyond."""


def slip_percent(pair: Array) -> float:
    """Return how far the upper body's posterior inferior corner stands before the lower's posterior superior one.

    Along the lower body's superior endplate, in percent of its length (Taillard 1954); forwards is positive.

    Args:
        pair: corners `(2, 4, 2)` px, upper body first.
    """
    start, end = pair[1, 0], pair[1, 1]
    plate = end - start
    return 100 * float((pair[0, 3] - start) @ plate / (plate @ plate))


def meyerding_grade(percent: float) -> str:
    """Return the grade of a slip of this many percent, either way."""
    return next((grade for limit, grade in MEYERDING if abs(percent) <= limit), "V")


def measure(column: Column) -> list[Measurement]:
    """Return the slip of every body on the next, where both were found."""
    reason = column.void((), lateral=True)
    if reason:
        return [not_measurable("slip", (), "%", reason)]
    pairs = zip(LEVELS[INDEX["C2"] :], LEVELS[INDEX["C3"] :], strict=False)
    return [_slip(column, pair) for pair in pairs if column.get(pair[0]) or column.get(pair[1])]


def _slip(column: Column, levels: tuple[str, str]) -> Measurement:
    reason = column.void(levels, lateral=True)
    if not reason:
        pair, noise = column.corners(levels)
        if disc.middle_height(pair) > disc.MAX_HEIGHT * np.linalg.norm(pair[1, 3] - pair[1, 0]):
            reason = "the gap is too high for a disc: a vertebra between was not found"
    if reason:
        return not_measurable("slip", levels, "%", reason)
    value, error = slip_percent(pair), propagated_error(slip_percent, pair, noise)
    foot = pair[1, 0] + value / 100 * (pair[1, 1] - pair[1, 0])
    lines = (segment(pair[1, 0], pair[1, 1]), segment(pair[0, 3], foot))
    return Measurement("slip", levels, value, "%", error, label=_label(value, error), segments=lines)


def _label(value: float, error: float) -> str:
    floor = max(SLIP_FLOOR, ALL_DISCS * error)
    if abs(value) < floor:
        return f"under the floor of {floor:.0f} %"
    way = "forward" if value > 0 else "backward"
    return f"{way}, in the range of Meyerding {meyerding_grade(value)}"
