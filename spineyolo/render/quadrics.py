"""Solids whose chord along a ray is known in closed form: quadrics cut by one another and by planes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

Vector = npt.NDArray[np.float64]
"""One point or direction `(3,)`, or several `(n, 3)`; mm in world coordinates unless said otherwise."""

Numbers = Sequence[float] | Vector
"""A few numbers in a row."""

_UNIT_BOX: Final = np.array([[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])


@dataclass(frozen=True, eq=False)
class Quadric:
    """The points p with (p-c)ᵀ M (p-c) + 2 q·(p-c) + k ≤ 0, for `centre` c, `matrix` M, `linear` q, `constant` k."""

    centre: Vector
    matrix: Vector
    linear: Vector
    constant: float


@dataclass(frozen=True, eq=False)
class Plane:
    """The half space n·p ≤ `offset` of the points p behind a plane with `normal` n."""

    normal: Vector
    offset: float


@dataclass(frozen=True, eq=False)
class Solid:
    """A convex solid: what its quadrics and half spaces have in common.

    Attributes:
        quadrics, planes: what bounds it.
        density: linear attenuation per mm beyond that of what surrounds it; negative for gas, or to take away
            the inside of a shell.
        box: `(n, 3)` points whose hull holds the solid.
    """

    quadrics: tuple[Quadric, ...]
    planes: tuple[Plane, ...]
    density: float
    box: Vector


@dataclass(frozen=True, eq=False)
class Frame:
    """A body's own axes: `rotation` has them as columns in world coordinates, `origin` is where they meet."""

    origin: Vector
    rotation: Vector

    def points(self, local: Vector) -> Vector:
        """Return local points `(…, 3)` in world coordinates."""
        return np.asarray(local @ self.rotation.T + self.origin)

    def moved(self, local: Numbers) -> Frame:
        """Return the frame with its origin at a local point."""
        return Frame(self.points(np.asarray(local, float)), self.rotation)

    def turned(self, rotation: Vector) -> Frame:
        """Return the frame turned about its own origin by a rotation in its own axes."""
        return Frame(self.origin, self.rotation @ rotation)

    def quadric(self, diagonal: Numbers, linear: Numbers, constant: float) -> Quadric:
        """Return the quadric that these coefficients mean in local axes."""
        rotation = self.rotation
        matrix = rotation @ np.diag(np.asarray(diagonal, float)) @ rotation.T
        return Quadric(self.origin, matrix, rotation @ np.asarray(linear, float), constant)

    def plane(self, normal: Numbers, offset: float) -> Plane:
        """Return the half space n·p ≤ offset of local coordinates; the normal need not have length 1."""
        direction = self.rotation @ np.asarray(normal, float)
        return Plane(direction, offset + float(direction @ self.origin))

    def box(self, half: Numbers) -> Vector:
        """Return the eight corners of a box about the origin with these half sides."""
        return self.points(_UNIT_BOX * np.asarray(half, float))


WORLD: Final = Frame(np.zeros(3), np.eye(3))


def rotation(axis: int, angle_deg: float) -> Vector:
    """Return the right-handed rotation `(3, 3)` about axis 0, 1 or 2."""
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cosine
    matrix[second, first], matrix[first, second] = sine, -sine
    return matrix


def frame_along(start: Vector, end: Vector, sideways: Numbers) -> Frame:
    """Return a frame at the middle of a line, its z along the line, its x as near `sideways` as can be."""
    line = end - start
    along = line / math.sqrt(line @ line)
    side = np.asarray(sideways, float)
    across = side - along * (along @ side)
    across /= math.sqrt(across @ across)
    (a, b, c), (d, e, f) = along.tolist(), across.tolist()
    third = (b * f - c * e, c * d - a * f, a * e - b * d)  # np.cross is slow for one pair
    return Frame((start + end) / 2, np.array([across, third, along]).T)


def ellipsoid(frame: Frame, radii: Numbers, density: float, planes: tuple[Plane, ...] = ()) -> Solid:
    """Return an ellipsoid about a frame's origin, perhaps cut by planes."""
    inverse = [1.0 / radius**2 for radius in radii]
    return Solid((frame.quadric(inverse, (0, 0, 0), -1.0),), planes, density, frame.box(radii))


def shell(frame: Frame, radii: Numbers, wall: float, cortex: float, core: float) -> list[Solid]:
    """Return an ellipsoid with a wall of this thickness in mm: density `cortex` in the wall, `core` inside."""
    inner = [max(radius - wall, 0.2 * radius) for radius in radii]
    return [ellipsoid(frame, radii, cortex), ellipsoid(frame, inner, core - cortex)]


def rod(ends: Vector, radii: Numbers, density: float, sideways: Numbers) -> Solid:
    """Return an elliptic cylinder between two points `(2, 3)`, ends flat; the first radius points `sideways`."""
    start, end = ends
    return _segment(start, end, radii, density, sideways, _square_ends(start, end))


def hollow_rod(ends: Vector, radii: Numbers, wall: float, cortex: float, core: float, sideways: Numbers) -> list[Solid]:
    """Return an elliptic cylinder between two points `(2, 3)` with a wall, open at its ends."""
    inner = [max(radius - wall, 0.2 * radius) for radius in radii]
    return [rod(ends, radii, cortex, sideways), rod(ends, inner, core - cortex, sideways)]


def smooth(path: Vector, radii: Vector, pieces: int) -> tuple[Vector, Vector]:
    """Return a path `(n, 3)` and its radii `(n, 2)` through the same points, each step split in `pieces`."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    fine = np.interp(np.arange((len(path) - 1) * pieces + 1) / pieces, np.arange(len(path)), along)
    values = np.hstack([path, np.broadcast_to(radii, (len(path), 2))])
    bent = PchipInterpolator(along, values)(fine)
    return bent[:, :3], bent[:, 3:]


def tube(path: Vector, radii: Vector, wall: float, cortex: float, core: float, sideways: Numbers) -> list[Solid]:
    """Return a bent tube along a path `(n, 3)`, mitred at its joints so that nothing is counted twice.

    Args:
        path: its axis.
        radii: `(n, 2)` at the points of the path, the first `sideways`; or `(2,)` if it is the same everywhere.
        wall: thickness in mm; 0 for a full tube of density `cortex`.
        cortex, core: densities of the wall and the inside.
        sideways: where the first radius points.
    """
    radii = np.broadcast_to(radii, (len(path), 2))
    steps = np.diff(path, axis=0)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    mitres = np.vstack([steps[:1], steps[:-1] + steps[1:], steps[-1:]])
    solids = []
    for index in range(len(path) - 1):
        start, end = path[index], path[index + 1]
        ends = (
            Plane(-mitres[index], -float(mitres[index] @ start)),
            Plane(mitres[index + 1], float(mitres[index + 1] @ end)),
        )
        size = (radii[index] + radii[index + 1]) / 2
        outer = _segment(start, end, size, cortex, sideways, ends)
        solids.append(outer)
        if wall:
            inner = np.maximum(size - wall, 0.2 * size)
            solids.append(replace(_segment(start, end, inner, core - cortex, sideways, ends), box=outer.box))
    return solids


def _square_ends(start: Vector, end: Vector) -> tuple[Plane, Plane]:
    along = end - start
    return Plane(-along, -float(along @ start)), Plane(along, float(along @ end))


def _segment(
    start: Vector,
    end: Vector,
    radii: Numbers,
    density: float,
    sideways: Numbers,
    ends: tuple[Plane, Plane],
) -> Solid:
    frame = frame_along(start, end, sideways)
    half = float(np.linalg.norm(end - start)) / 2 + 0.5 * float(max(radii))
    cylinder = frame.quadric((1.0 / radii[0] ** 2, 1.0 / radii[1] ** 2, 0.0), (0, 0, 0), -1.0)
    return Solid((cylinder,), ends, density, frame.box((radii[0], radii[1], half)))
