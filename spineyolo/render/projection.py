"""A point source and a flat detector: points to pixels, and chord lengths of solids summed over a film."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from spineyolo.render.loft import Loft, LoftedSolid
from spineyolo.render.quadrics import Plane, Quadric, Solid, Vector

Layer = npt.NDArray[np.float32]
"""Attenuation (density times chord, no unit) `(height, width)` along the ray through each pixel's centre."""

_TINY: Final = 1e-9


@dataclass(frozen=True, eq=False)
class Geometry:
    """Where source and detector stand.

    Attributes:
        source: the focal spot, mm.
        across, down, along: unit vectors `(3,)` of the image's x, its y, and of the beam from source to detector.
        distance: source to detector, mm.
        pitch: detector mm a px.
        foot: x, y in px where the perpendicular from the source meets the film.
        width, height: px.
    """

    source: Vector
    across: Vector
    down: Vector
    along: Vector
    distance: float
    pitch: float
    foot: tuple[float, float]
    width: int
    height: int

    def project(self, points: Vector) -> Vector:
        """Return film coordinates `(…, 2)` px of points `(…, 3)` mm."""
        away = points - self.source
        seen = away @ self._axes
        return np.asarray(seen[..., :2] / seen[..., 2:] * (self.distance / self.pitch) + self.foot)

    @cached_property
    def _axes(self) -> Vector:
        return np.array([self.across, self.down, self.along]).T

    def px_per_mm(self, point: Vector) -> float:
        """Return how many px a mm across the beam makes at a point."""
        return float(self.distance / ((point - self.source) @ self.along) / self.pitch)

    def coarser(self, factor: int) -> Geometry:
        """Return the geometry with pixels `factor` times as large."""
        width, height = -(-self.width // factor), -(-self.height // factor)
        foot = (self.foot[0] / factor, self.foot[1] / factor)
        return Geometry(
            self.source, self.across, self.down, self.along, self.distance, self.pitch * factor, foot, width, height
        )

    @cached_property
    def directions(self) -> tuple[Vector, Vector]:
        """The change of a ray's direction a px to the right and a px down, per mm along the beam."""
        step = self.pitch / self.distance
        return self.across * step, self.down * step


def add_solids(layer: Layer, solids: Iterable[Solid | LoftedSolid], geometry: Geometry) -> None:
    """Add what each solid attenuates to a layer `(height, width)`, each only where its shadow can fall."""
    with np.errstate(invalid="ignore"):
        for solid in solids:
            _add(layer, solid, geometry)


def _add(layer: Layer, solid: Solid | LoftedSolid, geometry: Geometry) -> None:
    reference = solid.box.mean(axis=0)
    shadow = geometry.project(solid.box)
    x0, y0 = np.maximum(np.floor(shadow.min(axis=0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(shadow.max(axis=0)).astype(int) + 1, (geometry.width, geometry.height))
    if x0 >= x1 or y0 >= y1:
        return
    rays = _Rays.through(reference, geometry, (x0, y0, x1, y1))
    if isinstance(solid, LoftedSolid):
        entry, leave = rays.inside_loft(solid.loft)
        others = solid.quadrics
    else:
        entry, leave = rays.inside(solid.quadrics[0])
        others = solid.quadrics[1:]
    for quadric in others:
        other_entry, other_leave = rays.inside(quadric)
        entry, leave = np.maximum(entry, other_entry), np.minimum(leave, other_leave)
    for plane in solid.planes:
        rays.cut(plane, entry, leave)
    chord = np.subtract(leave, entry, out=leave)
    np.fmax(chord, 0, out=chord)
    if isinstance(solid, LoftedSolid) and solid.fullness != 1:
        longest = np.maximum(chord.max(axis=1, keepdims=True), np.float32(1e-3))
        chord = longest * (chord / longest) ** np.float32(solid.fullness)
    chord *= np.float32(solid.density * rays.length)
    layer[y0:y1, x0:x1] += chord


@dataclass(frozen=True, eq=False)
class _Rays:
    """The rays of a patch of film, p = o + t d, with o and d linear in px from a solid's projected centre.

    t = 0 where the ray passes the solid's centre, so that 32 bit numbers are exact enough.

    Attributes:
        reference: that centre, mm.
        starts, directions: `(3, 3)`; columns are the constant part and the change a px right and a px down.
        x, y: px from the centre, `(1, width)` and `(height, 1)`.
        length: mm a unit of t.
    """

    reference: Vector
    starts: Vector
    directions: Vector
    x: Layer
    y: Layer
    length: float

    @classmethod
    def through(cls, reference: Vector, geometry: Geometry, patch: Sequence[int]) -> _Rays:
        depth = float((reference - geometry.source) @ geometry.along)
        right, below = geometry.directions
        centre = geometry.project(reference)
        x0, y0, x1, y1 = patch
        to_centre = (reference - geometry.source) / depth
        return cls(
            reference,
            np.array([np.zeros(3), right * depth, below * depth]).T,
            np.array([to_centre, right, below]).T,
            (np.arange(x0, x1) + (0.5 - centre[0])).astype(np.float32)[None, :],
            (np.arange(y0, y1) + (0.5 - centre[1])).astype(np.float32)[:, None],
            math.sqrt(to_centre @ to_centre),
        )

    def inside(self, quadric: Quadric) -> tuple[Layer, Layer]:
        """Return where each ray enters and leaves a quadric; not a number where it misses."""
        starts = self.starts.copy()
        starts[:, 0] += self.reference - quadric.centre
        linear_starts, linear_directions = quadric.linear @ starts, quadric.linear @ self.directions
        ends = quadric.matrix @ starts
        a = self._polynomial(self.directions.T @ quadric.matrix @ self.directions)
        b = self.directions.T @ ends
        b[:, 0] += linear_directions
        c = starts.T @ ends
        c[0, :] += linear_starts
        c[:, 0] += linear_starts
        c[0, 0] += quadric.constant
        half_b = self._polynomial((b + b.T) / 2)
        a = np.maximum(a, np.float32(_TINY))
        root = half_b * half_b - a * self._polynomial(c)
        # A miss leaves no number, which the chord's fmax turns into 0.
        np.sqrt(root, out=root)
        return (-half_b - root) / a, (root - half_b) / a

    def inside_loft(self, loft: Loft) -> tuple[Layer, Layer]:
        """Return where each ray enters and leaves a loft; its section is taken at the height where t = 0."""
        z = self.reference[2] + self.starts[2, 2] * self.y
        (centre_x, centre_y, half_x, half_y), within = loft.sections(np.asarray(z[:, 0], float))
        direction_x = self._linear(self.directions[0]) / half_x
        direction_y = self._linear(self.directions[1]) / half_y
        start_x = (self._linear(self.starts[0]) + (np.float32(self.reference[0]) - centre_x)) / half_x
        start_y = (self._linear(self.starts[1]) + (np.float32(self.reference[1]) - centre_y)) / half_y
        a = direction_x**2 + direction_y**2
        half_b = direction_x * start_x + direction_y * start_y
        root = half_b * half_b - a * (start_x**2 + start_y**2 - 1)
        root[~np.broadcast_to(within, root.shape)] = -1
        np.sqrt(root, out=root)
        return np.asarray((-half_b - root) / a), np.asarray((root - half_b) / a)

    def cut(self, plane: Plane, entry: Layer, leave: Layer) -> None:
        """Shorten intervals in place to what lies behind a plane."""
        start = plane.normal @ self.starts
        start[0] += float(plane.normal @ self.reference) - plane.offset
        above = self._linear(start)
        speed = self._linear(plane.normal @ self.directions)
        speed += np.float32(_TINY)
        crossing = -above / speed
        leaving = speed > 0
        if leaving.all():
            np.minimum(leave, crossing, out=leave)
        elif not leaving.any():
            np.maximum(entry, crossing, out=entry)
        else:
            np.minimum(leave, crossing, out=leave, where=leaving)
            np.maximum(entry, crossing, out=entry, where=~leaving)

    def _linear(self, row: Vector) -> Layer:
        a, b, c = row.astype(np.float32)
        return np.asarray((a + b * self.x) + c * self.y)

    def _polynomial(self, matrix: Vector) -> Layer:
        (a, b, c), (_, d, e), (_, _, f) = matrix.astype(np.float32)
        x, y = self.x, self.y
        value: Layer = (2 * e * y) * x
        value += x * (2 * b + d * x)
        value += a + y * (2 * c + f * y)
        return value
