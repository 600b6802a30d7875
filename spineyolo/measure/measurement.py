"""Measurement: one number with its unit and error, or the reason why it could not be measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Segment = tuple[tuple[float, float], tuple[float, float]]
"""A line on the film, from x, y to x, y in px."""

COVERAGE: Final = 1.96
"""Standard deviations on either side that hold 95 % of a normal distribution."""


@dataclass(frozen=True)
class Measurement:
    """One measurement on one film.

    Attributes:
        name: a key of `definitions.DEFINITIONS`.
        levels: what it was taken on: one level, the two beside a disc, or a curve's end vertebrae.
        value: in `unit`; None where it could not be measured.
        unit: deg, %, px, px2, mm, mm2 or ratio.
        error: half the width of a 95 % interval that noise of the outlines causes; nothing else is in it.
        reason: why there is no value; empty where there is one.
        label: the value in words: a grade, a band, a direction.
        segments: where on the film it was taken.
    """

    name: str
    levels: tuple[str, ...]
    value: float | None
    unit: str
    error: float | None = None
    reason: str = ""
    label: str = ""
    segments: tuple[Segment, ...] = ()

    @property
    def where(self) -> str:
        """The levels as one word, `L4-L5`; `film` where it belongs to none."""
        return "-".join(self.levels) or "film"

    def as_record(self) -> dict[str, Any]:
        """Return it as what JSON can hold, rounded to what the error allows to be read."""
        return {
            "name": self.name,
            "levels": list(self.levels),
            "value": None if self.value is None else round(self.value, 3),
            "unit": self.unit,
            "error": None if self.error is None else round(self.error, 3),
            "reason": self.reason,
            "label": self.label,
            "segments_px": [[[round(v, 1) for v in point] for point in segment] for segment in self.segments],
        }


def not_measurable(name: str, levels: Sequence[str], unit: str, reason: str) -> Measurement:
    """Return a measurement without a value, and why."""
    return Measurement(name, tuple(levels), None, unit, reason=reason)


def propagated_error(function: Callable[[Array], float], corners: Array, noise_px: Array) -> float:
    """Return half the 95 % interval of `function(corners)` that independent noise of the corners causes.

    Linear propagation (JCGM 100:2008, 5.1.2) with central differences.

    Args:
        function: takes corners like these and returns one number.
        corners: `(k, 4, 2)` px.
        noise_px: `(k,)` standard deviation of each coordinate of each body's corners.
    """
    variance = 0.0
    for body, corner, axis in np.ndindex(*corners.shape):
        step = np.zeros_like(corners)
        step[body, corner, axis] = max(float(noise_px[body]), 1e-3)
        slope = (function(corners + step) - function(corners - step)) / (2 * step[body, corner, axis])
        variance += float(slope * noise_px[body]) ** 2
    return COVERAGE * float(np.sqrt(variance))


def segment(start: Array, end: Array) -> Segment:
    """Return a line from one point `(2,)` px to another."""
    return (float(start[0]), float(start[1])), (float(end[0]), float(end[1]))


def in_mm(measurement: Measurement, mm_per_px: float | None) -> Measurement:
    """Return a length in px or an area in px2 in mm or mm2 where the film states how large a px is."""
    if mm_per_px is None or measurement.value is None or measurement.unit not in {"px", "px2"}:
        return measurement
    power = 2 if measurement.unit == "px2" else 1
    scale = mm_per_px**power
    error = None if measurement.error is None else measurement.error * scale
    unit = "mm" if power == 1 else "mm2"
    return replace(measurement, value=measurement.value * scale, error=error, unit=unit)
