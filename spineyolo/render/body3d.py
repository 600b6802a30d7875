"""The vertebral body: its shape once, drawn as solids and outlined from any side, so that truth is what is drawn.

In cross-section an ellipse cut flat at the back; its walls are a hyperboloid's (waisted); each endplate is a plane
with a dish, a paraboloid. Local axes: x left, y back, z up; the origin is the middle of the body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from spineyolo.render.quadrics import Frame, Plane, Quadric, Solid, Vector

_CENTRE_SHARE: Final = 0.1
"""How far behind the body's middle its ellipse is centred, as a share of its depth."""
_RADIUS_SHARE: Final = 0.6
_DISH_SHARES: Final = (0.80, 0.42)
"""Radii of an endplate's dish as shares of half the width and of the depth."""

_WALL_POINTS: Final = 9
_BACK_WALL_TURN: Final = 0.3
"""Sine of the turn from which on the back wall's outer edge is outlined, not the middle of its two edges."""
_ENDPLATE_POINTS: Final = 17


@dataclass(frozen=True)
class Endplate:
    """The plane z = height + slope_x x + slope_y y of a rim, mm, and the depth of its dish."""

    height: float
    slope_x: float
    slope_y: float
    dish: float

    def z(self, x: float, y: float) -> float:
        """Return the plane's height above the body's middle at x, y mm."""
        return self.height + self.slope_x * x + self.slope_y * y


@dataclass(frozen=True)
class Body:
    """One vertebral body's shape.

    Attributes:
        half_width: at the upper rim, mm.
        lower_ratio, waist: width at the lower rim and half way, as shares of the upper rim's.
        depth: from the back wall to the front at the upper rim, mm.
        reach: half the height between which the walls are defined, mm.
        upper, lower: the endplates.
    """

    half_width: float
    lower_ratio: float
    waist: float
    depth: float
    reach: float
    upper: Endplate
    lower: Endplate

    @property
    def centre_y(self) -> float:
        """Return where the cross-section's ellipse is centred, mm behind the body's middle."""
        return _CENTRE_SHARE * self.depth

    def scale_at(self, z: float) -> float:
        """Return the size of the cross-section at a height, 1 at the upper rim."""
        constant, slope, square = self._profile()
        return float(np.sqrt(max(constant + slope * z + square * z * z, 0.05)))

    def _profile(self) -> tuple[float, float, float]:
        """Return the coefficients of the squared scale, a parabola in z through rim, waist and rim."""
        above, below, middle = 1.0, self.lower_ratio**2, self.waist**2
        slope = (above - below) / (2 * self.reach)
        return middle, slope, ((above + below) / 2 - middle) / self.reach**2

    def rim(self, direction: Vector, upper: bool) -> Vector:
        """Return the point `(3,)` of a rim that lies furthest in a direction `(2,)` of x and y."""
        plate = self.upper if upper else self.lower
        z = plate.height
        point = np.zeros(2)
        for _ in range(12):
            point = self._furthest(direction, self.scale_at(z))
            z = plate.z(*point)
        return np.array([*point, z])

    def _furthest(self, direction: Vector, scale: float) -> Vector:
        radii = np.array([self.half_width, _RADIUS_SHARE * self.depth]) * scale
        x, y = radii**2 * direction / np.linalg.norm(radii * direction)
        back = self.depth / 2
        if y + self.centre_y > back:
            beyond = 1 - ((back - self.centre_y) / radii[1]) ** 2
            # Seen along the flat back wall, its near and far edge lie close: the outline runs half way between them.
            side = float(np.clip(direction[0] / _BACK_WALL_TURN, -1, 1))
            x, y = side * radii[0] * np.sqrt(max(beyond, 0.0)), back - self.centre_y
        return np.array([x, y + self.centre_y])

    def outline(self, direction: Vector) -> tuple[Vector, Vector]:
        """Return the section across a beam, local mm: its ring `(n, 3)` and its corners `(4, 3)`.

        The section joins the walls' furthest points on both sides, and so runs half way between the near and the
        far edge of an endplate that is seen obliquely, where readers put the outline (Genant et al. 1993).

        Args:
            direction: `(2,)` in x and y, across the beam and towards the image's right.
        """
        right, left = ({upper: self.rim(way, upper) for upper in (True, False)} for way in (direction, -direction))
        ring = np.vstack(
            [
                self._dish_line(left[True], right[True], self.upper, 1)[:-1],
                self._wall(direction, right[True], right[False])[:-1],
                self._dish_line(right[False], left[False], self.lower, -1)[:-1],
                self._wall(-direction, left[False], left[True])[:-1],
            ]
        )
        return ring, np.array([left[True], right[True], right[False], left[False]])

    def _wall(self, direction: Vector, start: Vector, end: Vector) -> Vector:
        heights = np.linspace(start[2], end[2], _WALL_POINTS)
        points = np.array([[*self._furthest(direction, self.scale_at(float(z))), z] for z in heights])
        points[0], points[-1] = start, end
        return points

    def _dish_line(self, start: Vector, end: Vector, plate: Endplate, outward: int) -> Vector:
        share = np.linspace(0, 1, _ENDPLATE_POINTS)[:, None]
        line = start + (end - start) * share
        radii = self._dish_radii()
        inside = np.maximum(1 - (line[:, 0] / radii[0]) ** 2 - (line[:, 1] / radii[1]) ** 2, 0)
        line[:, 2] -= outward * plate.dish * inside
        return line

    def _dish_radii(self) -> tuple[float, float]:
        return _DISH_SHARES[0] * self.half_width, _DISH_SHARES[1] * self.depth

    def solids(self, frame: Frame, rim_mm: float, plate_mm: float, cortex: float, core: float) -> list[Solid]:
        """Return the body's solids: a wall of density `cortex`, `rim_mm` and at the endplates `plate_mm` thick, and
        inside it `core`.
        """
        outer = self._slab(frame, 0.0, (0.0, 0.0), cortex)
        inner = self._slab(frame, rim_mm, (plate_mm, plate_mm), core - cortex)
        dishes = [
            solid
            for upper in (True, False)
            for solid in (
                self._dish(frame, upper, 0.0, -cortex),
                self._dish(frame, upper, plate_mm, cortex - core),
            )
        ]
        return [outer, inner, *dishes]

    def band(self, frame: Frame, upper: bool, thickness: float, density: float) -> list[Solid]:
        """Return the solids of a dense band of this thickness in mm that follows an endplate."""
        plate, other = (self.upper, self.lower) if upper else (self.lower, self.upper)
        rest = abs(plate.height - other.height) - thickness
        below = (0.0, rest) if upper else (rest, 0.0)
        solid = self._slab(frame, 0.0, below, density)
        return [solid, self._dish(frame, upper, 0.0, -density), self._dish(frame, upper, thickness, density)]

    def _slab(self, frame: Frame, inset: float, plates: tuple[float, float], density: float) -> Solid:
        radii = self.half_width - inset, _RADIUS_SHARE * self.depth - inset
        constant, slope, square = self._profile()
        wall = frame.moved((0, self.centre_y, 0)).quadric(
            (1 / radii[0] ** 2, 1 / radii[1] ** 2, -square), (0, 0, -slope / 2), -constant
        )
        back = frame.plane((0, 1, 0), self.depth / 2 - inset)
        ends = (self._plane(frame, True, plates[0]), self._plane(frame, False, plates[1]))
        widest = max(1.0, self.lower_ratio) * 1.08
        half = (radii[0] * widest, radii[1] * widest, self.reach * 1.3)
        return Solid((wall,), (back, *ends), density, frame.moved((0, self.centre_y, 0)).box(half))

    def _plane(self, frame: Frame, upper: bool, inset: float) -> Plane:
        plate, sign = (self.upper, 1) if upper else (self.lower, -1)
        return frame.plane((-sign * plate.slope_x, -sign * plate.slope_y, sign), sign * plate.height - inset)

    def _dish(self, frame: Frame, upper: bool, inset: float, density: float) -> Solid:
        plate, sign = (self.upper, 1) if upper else (self.lower, -1)
        radii, depth = self._dish_radii(), max(plate.dish, 0.05)
        # r² ≤ 1 + sign (z - plane) / depth, the plane moved inwards by the inset.
        height = plate.height - sign * inset
        linear = (sign * plate.slope_x / (2 * depth), sign * plate.slope_y / (2 * depth), -sign / (2 * depth))
        bowl: Quadric = frame.quadric((1 / radii[0] ** 2, 1 / radii[1] ** 2, 0), linear, sign * height / depth - 1)
        tilt = abs(plate.slope_x) * radii[0] + abs(plate.slope_y) * radii[1]
        box = frame.moved((0, 0, height - sign * depth / 2)).box((radii[0], radii[1], depth / 2 + tilt + 0.1))
        return Solid((bowl,), (self._plane(frame, upper, inset),), density, box)
