"""Four corners and both endplates of a vertebral body from its outline.

An outline from a network has rounded corners, steps, and spurs where there are osteophytes. So no point of it is
taken for a corner: four straight sides are fitted to the middle part of each side, which spurs and rounding hardly
reach, with Huber's weights against what is left of them; corners are where the sides meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely

from spineyolo.measure.measurement import Array

SIDE_BAND: Final = 0.7
"""Share of a side, around its middle, that its line is fitted to."""

RIM: Final = (0.72, 0.92)
"""Where an endplate's rims are, as shares of the way from its middle to a wall."""

_SAMPLES: Final = 81  # columns across a side; a body is some 30 to 200 px wide
HOLLOW_NOISE: Final = 1.5
"""A side is hollow if both its ends lie so many times its noise farther out than its middle."""

_END_AT, _CORE_AT = 0.62, 0.1  # where a side's ends and its middle are compared
_HUBER: Final = 1.345  # Huber's tuning constant, 95 % efficient under normal noise (Huber 1981)
_MAD_TO_SD: Final = 1.4826
_TURNS: Final = 3  # refits in the frame of the last fit, of which the best is kept
_DIAGONALS: Final = np.array([[-1.0, 1, 1, -1], [-1.0, -1, 1, 1]])  # towards the corners of a box, in Fit's order
_REFITS: Final = 2  # of each side between its own corners


@dataclass(frozen=True, eq=False)
class Fit:
    """Four sides fitted to one outline.

    Attributes:
        corners: `(4, 2)` px in the order superior left, superior right, inferior right, inferior left, where right
            is the side that lies right of the caudal direction when that points down the image.
        noise_px: standard deviation of the outline about the fitted sides.
        agreement: intersection over union of the outline, or its convex hull (for biconcave bodies) if that is more,
            and the four corners' quadrilateral.
    """

    corners: Array
    noise_px: float
    agreement: float


def fit_body(polygon: Array, caudal: Array, hollow: bool = True) -> Fit | None:
    """Return the four sides of an outline; None if it has no area or its sides do not meet.

    Args:
        polygon: ring `(n, 2)` px.
        caudal: direction `(2,)` down the column at this body; need not be exact.
        hollow: whether the outline follows the hollows of endplates and walls; if not, what looks like one is noise.
    """
    shape = shapely.make_valid(shapely.Polygon(polygon))
    if shape.area < 4:
        return None
    points = _dense(polygon)
    middle = np.asarray(shape.centroid.coords[0])
    across = np.array([caudal[1], -caudal[0]]) / np.hypot(*caudal)
    best: Fit | None = None
    for _ in range(_TURNS):
        frame = np.stack([across, [-across[1], across[0]]], axis=1)
        sides = _four_sides((points - middle) @ frame, hollow)
        if sides is None:
            break
        corners = sides[0] @ frame.T + middle
        fit = Fit(corners, sides[1], _agreement(corners, shape))
        best = fit if best is None or fit.agreement > best.agreement else best
        mid_plane = corners[1] + corners[2] - corners[0] - corners[3]
        across = mid_plane / np.hypot(*mid_plane)
    return best if best is not None and best.agreement > 0 else None


def _agreement(corners: Array, shape: shapely.Geometry) -> float:
    """Return how far a quadrilateral and an outline, or its hull, overlap; 0 if its sides cross."""
    quad = shapely.Polygon(corners)
    if not quad.is_valid:
        return 0.0
    return float(max(quad.intersection(one).area / quad.union(one).area for one in (shape, shape.convex_hull)))


def _dense(polygon: Array) -> Array:
    """Return a ring with a point about every half px, at least 400 in all."""
    ring = np.vstack([polygon, polygon[:1]])
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(ring, axis=0), axis=1))])
    at = np.linspace(0, lengths[-1], max(400, int(2 * lengths[-1])), endpoint=False)
    return np.stack([np.interp(at, lengths, ring[:, axis]) for axis in (0, 1)], axis=1)


Side = tuple[float, float, float]
"""A side as slope, offset and noise: `other = slope * along + offset`, along being x for endplates, y for walls."""


def _four_sides(points: Array, hollow: bool) -> tuple[Array, float] | None:
    """Return corners `(4, 2)` and the outline's noise, in the frame of `points` (x across, y caudal).

    Each side is fitted again between its own corners: a wedged body's anterior wall is a small part of its height.
    """
    shares = points / np.maximum(np.ptp(points, axis=0), 1e-9)
    corners = points[(shares @ _DIAGONALS).argmax(axis=0)]
    noise = 0.0
    for _ in range(_REFITS):
        left = _wall(_profile(points, 1, corners[[0, 3], 1], 1.0), hollow)
        right = _wall(_profile(points, 1, corners[[1, 2], 1], -1.0), hollow)
        middle_y = float(np.median(points[:, 1]))
        between = np.array([wall[0] * middle_y + wall[1] for wall in (left, right)])
        upper = _endplate(_profile(points, 0, between, 1.0), hollow)
        lower = _endplate(_profile(points, 0, between, -1.0), hollow)
        sides = (upper, lower, left, right)
        if not np.isfinite(sides).all():
            return None
        meetings = ((upper, left), (upper, right), (lower, right), (lower, left))
        corners = np.array([_meet(plate, wall) for plate, wall in meetings])
        noise = float(np.sqrt(np.mean([side[2] ** 2 for side in sides])))
    return corners, noise


@dataclass(frozen=True, eq=False)
class _Profile:
    """One side of an outline, between `middle - half` and `middle + half` of the axis it runs along.

    `at` is the place along it from -1 to 1, `reach` the outline's farthest point there on the other axis, px; `sign`
    is 1 for the side of lesser reach, -1 for the other.
    """

    at: Array
    reach: Array
    sign: float
    middle: float
    half: float

    def side(self, slope: float, offset: float, noise: float) -> Side:
        """Return a line over `at` as one over px."""
        return slope / self.half, offset - slope / self.half * self.middle, noise


def _profile(points: Array, along: int, ends: Array, sign: float) -> _Profile:
    """Return the side of an outline that runs along an axis between two `ends` `(2,)` px of it."""
    middle, half = float(ends.mean()), max(float(ends[1] - ends[0]) / 2, 1.0)
    grid = np.linspace(-RIM[1], RIM[1], _SAMPLES)
    bins = np.rint(((points[:, along] - middle) / half / RIM[1] + 1) * (_SAMPLES - 1) / 2)
    inside = (bins >= 0) & (bins < _SAMPLES)
    reach = np.full(_SAMPLES, np.inf)
    np.minimum.at(reach, bins[inside].astype(int), sign * points[inside, 1 - along])
    seen = np.isfinite(reach)
    return _Profile(grid[seen], sign * reach[seen], sign, middle, half)


def _endplate(profile: _Profile, hollow: bool) -> Side:
    """Return an endplate: through its middle part, or through both its rims if it sinks in between them.

    The rims are those of the ring apophysis, flat where the endplate between them is hollow.
    """
    line = _middle_line(profile)
    rims = (np.abs(profile.at) >= RIM[0]) & (np.abs(profile.at) <= RIM[1])
    if hollow and rims.sum() > 3 and _sag(profile, line) > 0:
        line = _robust_line(profile.at[rims], profile.reach[rims])
    return profile.side(*line)


def _wall(profile: _Profile, hollow: bool) -> Side:
    """Return a wall: through its middle part, moved out to the chord of its ends if it is waisted (a parabola)."""
    slope, offset, noise = line = _middle_line(profile)
    if hollow:
        bend = _sag(profile, line) / (_END_AT**2 - _CORE_AT**2)
        offset -= profile.sign * bend * (1 - SIDE_BAND**2 / 3)
    return profile.side(slope, offset, noise)


def _middle_line(profile: _Profile) -> Side:
    """Return slope, offset and noise of a side's middle part, over `at`; not a number where there is too little."""
    band = np.abs(profile.at) <= SIDE_BAND
    return _robust_line(profile.at[band], profile.reach[band]) if band.sum() > 3 else (np.nan, np.nan, np.nan)


def _sag(profile: _Profile, line: Side) -> float:
    """Return by how many px a side's middle lies inside both its ends; 0 unless its noise leaves no doubt.

    A side that bulges is a rounded outline, and one that rises at one end alone has a spur there.
    """
    slope, offset, noise = line
    at, outward = profile.at, -profile.sign * (profile.reach - slope * profile.at - offset)
    parts = [np.abs(at - place) < 0.08 for place in (-_END_AT, _END_AT, _CORE_AT, -_CORE_AT)]
    if any(part.sum() < 2 for part in parts):
        return 0.0
    first, last, *core = (float(np.median(outward[part])) for part in parts)
    sag = min(first, last) - max(core)
    return sag if sag > HOLLOW_NOISE * noise else 0.0


def _robust_line(x: Array, y: Array) -> Side:
    """Return slope, offset and residual noise of Huber's regression of y on x, by reweighted least squares."""
    weights = np.ones_like(x)
    slope = offset = 0.0
    residual = np.zeros_like(x)
    for _ in range(10):
        total = weights.sum()
        mean_x, mean_y = weights @ x / total, weights @ y / total
        apart = x - mean_x
        slope = float(weights * apart @ (y - mean_y) / max(float(weights * apart @ apart), 1e-12))
        offset = float(mean_y - slope * mean_x)
        residual = np.abs(y - slope * x - offset)
        limit = _HUBER * _MAD_TO_SD * float(np.median(residual)) + 1e-6
        weights = np.minimum(1.0, limit / np.maximum(residual, 1e-9))
    return slope, offset, _MAD_TO_SD * float(np.median(residual))


def _meet(plate: Side, wall: Side) -> tuple[float, float]:
    """Return where an endplate `y = a x + b` and a wall `x = c y + d` cross."""
    y = (plate[0] * wall[1] + plate[1]) / (1 - plate[0] * wall[0])
    return wall[0] * y + wall[1], y


def caudal_directions(centres: Array) -> Array:
    """Return the direction `(n, 2)` down the column at each body, from their centres `(n, 2)` px in order.

    A body alone is taken to stand upright on the film.
    """
    if len(centres) < 2:
        return np.tile([0.0, 1.0], (len(centres), 1))
    steps = np.gradient(centres, axis=0)
    return np.asarray(steps / np.maximum(np.linalg.norm(steps, axis=1), 1e-9)[:, None])


def tilt_deg(corners: Array) -> Array:
    """Return the tilt `(n,)` of each body's mid-plane, from `(n, 4, 2)` corners in `Fit`'s order.

    Between the middles of both sides, as AASCE takes it; positive when the right side is lower.
    """
    across = corners[:, 1] + corners[:, 2] - corners[:, 0] - corners[:, 3]
    return np.degrees(np.arctan2(across[:, 1], across[:, 0]))


def cross(first: Array, second: Array) -> Array:
    """Return the cross product of vectors `(…, 2)`: positive where the second is clockwise of the first on screen."""
    return np.asarray(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0])
