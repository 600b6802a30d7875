"""Cobb angles: the three of AASCE 2019, scoliotic curves on AP films, lordosis and kyphosis on laterals."""

from __future__ import annotations

from typing import Final

import numpy as np

from spineyolo.anatomy import INDEX, LEVELS, View
from spineyolo.measure.chain import smoothed_corners
from spineyolo.measure.column import Body, Column
from spineyolo.measure.geometry import cross, tilt_deg
from spineyolo.measure.measurement import (
    Array,
    Measurement,
    Segment,
    not_measurable,
    propagated_error,
    segment,
)

MIN_BODIES: Final = 5
"""Fewer do not show a curve's both end vertebrae."""

_SUPERIOR, _INFERIOR = (0, 1), (3, 2)

LATERAL_CURVES: Final = {
    "cervical_lordosis": (("C2", _INFERIOR), ("C7", _INFERIOR), 1.0),
    "thoracic_kyphosis": (("T4", _SUPERIOR), ("T12", _INFERIOR), -1.0),
    "lumbar_lordosis_l1_l5": (("L1", _SUPERIOR), ("L5", _INFERIOR), 1.0),
}
"""Name to the upper and the lower endplate, as level and its corners from posterior to anterior, and the sign."""

NO_SACRUM: Final = "no model outlines S1, whose endplate it needs; lumbar lordosis is given as L1-L5, a smaller angle"


def aasce_angles(corners: Array, film_height: int) -> Array:
    """Return the three Cobb angles (deg) by which AASCE 2019 labelled and scored films.

    The rule of the challenge's own evaluation: a body's tilt is that of the line between the middles of its sides.
    The first angle is the largest between any two tilts, of bodies i above j. If the column, by the middles of its
    endplates, stays on one side of the line from the first to the last of them, the others are the angles of the first
    body with i and of the last with j. Otherwise the second is the largest of i with a body above; and the third the
    largest of j with a body below where i and j lie in the film's upper half (the heights of their inferior endplates
    add up to less than the film's), else the largest of the second's upper body with one above that.

    Args:
        corners: `(n, 4, 2)` px from the top down: superior left, superior right, inferior right, inferior left.
        film_height: px.
    """
    across = corners[:, 1] + corners[:, 2] - corners[:, 0] - corners[:, 3]
    unit = across / np.linalg.norm(across, axis=1, keepdims=True)
    angles = np.degrees(np.arccos(np.clip(unit @ unit.T, -1, 1)))
    upper, lower = (int(row) for row in np.unravel_index(int(angles.argmax()), angles.shape))
    middles = np.stack([corners[:, 0] + corners[:, 1], corners[:, 2] + corners[:, 3]], axis=1) / 2
    if _on_one_side(middles.reshape(-1, 2)):
        return np.array([angles[upper, lower], angles[0, upper], angles[-1, lower]])
    above = int(angles[upper, : upper + 1].argmax())
    if middles[upper, 1, 1] + middles[lower, 1, 1] < film_height:
        third = angles[lower, lower:].max()
    else:
        third = angles[above, : above + 1].max()
    return np.array([angles[upper, lower], angles[upper, above], third])


def _on_one_side(points: Array) -> bool:
    """Return whether a curve `(n, 2)` px stays on one side of the line from its first to its last point."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = (points[:-2] - points[-1]) / (points[0] - points[-1])
    sides = shares[:, 1] - shares[:, 0]
    return bool((sides >= 0).all() or (sides <= 0).all())


def curves(column: Column) -> list[Measurement]:
    """Return the largest scoliotic curve and the ones above and below it, on an AP film.

    Tilts are smoothed along the column as far as outlines are noisy (`chain.smooth_tilts`), so that no single ragged
    outline makes a curve.
    """
    reason = "AP films only" if column.view is View.LATERAL else ""
    if column.view is None:
        reason = "the film's view is not known; state it"
    bodies = [body for body in column.bodies if not body.void and INDEX[body.level] >= INDEX["T1"]]
    if not reason and len(bodies) < MIN_BODIES:
        reason = f"{len(bodies)} usable bodies from T1 down, {MIN_BODIES} are needed"
    if reason:
        return [not_measurable("cobb_main", (), "deg", reason)]
    corners = np.stack([body.corners for body in bodies])
    noise = np.array([body.noise_px for body in bodies])
    tilts = tilt_deg(smoothed_corners(corners, noise))
    differences = tilts[None, :] - tilts[:, None]
    upper, lower = sorted(int(i) for i in np.unravel_index(int(np.abs(differences).argmax()), differences.shape))
    if upper == lower:  # a column as straight as a ruler
        lower = len(bodies) - 1
    above = int(np.abs(differences[upper, : upper + 1]).argmax())
    below = lower + int(np.abs(differences[lower, lower:]).argmax())
    found = [_curve("cobb_main", bodies, corners, upper, lower)]
    for name, first, last in (("cobb_above", above, upper), ("cobb_below", lower, below)):
        if last - first >= 2:
            found.append(_curve(name, bodies, corners, first, last))
        else:
            found.append(not_measurable(name, (), "deg", "no curve of three bodies or more there"))
    return found


def _curve(name: str, bodies: list[Body], corners: Array, upper: int, lower: int) -> Measurement:
    """Return the curve between two end vertebrae, by their place in the column; its error is that after smoothing."""

    noise = np.array([body.noise_px for body in bodies])

    def angle(noisy: Array) -> float:
        tilts = tilt_deg(smoothed_corners(noisy, noise))
        return float(abs(tilts[lower] - tilts[upper]))

    ends = smoothed_corners(corners, noise)[[upper, lower]]
    centres = corners.mean(axis=1)
    chord = centres[lower] - centres[upper]
    offsets = cross(chord, centres[upper : lower + 1] - centres[upper]) / np.linalg.norm(chord)
    apex = upper + int(np.abs(offsets).argmax())
    side = "left" if offsets[apex - upper] > 0 else "right"
    levels = [body.level for body in bodies[upper : lower + 1]]
    missing = [level for level in LEVELS[INDEX[levels[0]] : INDEX[levels[-1]]] if level not in levels]
    label = f"convex to the image's {side}, apex {bodies[apex].level}" + f"; without {', '.join(missing)}" * bool(
        missing
    )
    error = propagated_error(angle, corners, noise)
    lines = tuple(_mid_plane(body) for body in ends)
    return Measurement(name, (levels[0], levels[-1]), angle(corners), "deg", error, label=label, segments=lines)


def _mid_plane(corners: Array) -> Segment:
    left, right = (corners[0] + corners[3]) / 2, (corners[1] + corners[2]) / 2
    return segment(left - 0.7 * (right - left), right + 0.7 * (right - left))


def sagittal(column: Column) -> list[Measurement]:
    """Return lordosis and kyphosis between their endplates; positive in their own sense.

    Lumbar lordosis is L1-L5, and named so: films are outlined from C1 to L5, so L1-S1 never has a value.
    """
    measured = []
    for name, ((upper, upper_plate), (lower, lower_plate), sign) in LATERAL_CURVES.items():
        levels = (upper, lower)
        reason = column.void(levels, lateral=True)
        if reason:
            measured.append(not_measurable(name, levels, "deg", reason))
            continue
        corners, noise = column.corners(levels)
        facing = 1.0 if column.anterior_right else -1.0

        def angle(
            ends: Array,
            plates: tuple[tuple[int, int], tuple[int, int]] = (upper_plate, lower_plate),
            turn: float = sign * facing,
        ) -> float:
            ways = [ends[body, plate[1]] - ends[body, plate[0]] for body, plate in enumerate(plates)]
            return turn * float(np.degrees(np.arctan2(cross(*ways), ways[0] @ ways[1])))

        lines = tuple(
            segment(corners[body, plate[0]], corners[body, plate[1]])
            for body, plate in enumerate((upper_plate, lower_plate))
        )
        measured.append(
            Measurement(name, levels, angle(corners), "deg", propagated_error(angle, corners, noise), segments=lines)
        )
    reason = column.void((), lateral=True) or NO_SACRUM
    measured.append(not_measurable("lumbar_lordosis_l1_s1", ("L1", "S1"), "deg", reason))
    return measured
