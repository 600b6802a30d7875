"""Lofts: bodies whose every level section is an ellipse, as trunk, neck and lungs are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from spineyolo.render.quadrics import Plane, Quadric, Vector

_LEAST_MM: Final = 0.5


@dataclass(frozen=True, eq=False)
class Loft:
    """Ellipses stacked from the bottom up.

    A ray is cut with the ellipse at the height where it passes the loft's axis; for beams a few degrees off the
    level that is close enough for soft parts, which carry no truth.

    Attributes:
        knots: `(n, 5)` sorted by the first column: z, centre x, centre y, half breadth x, half depth y; mm.
    """

    knots: Vector

    def sections(self, z: Vector) -> tuple[list[npt.NDArray[np.float32]], npt.NDArray[np.bool_]]:
        """Return centre x, centre y, half breadth, half depth `(n, 1)` at heights `(n,)`, and where there are any."""
        low, high = self.knots[0, 0], self.knots[-1, 0]
        values = PchipInterpolator(self.knots[:, 0], self.knots[:, 1:])(np.clip(z, low, high)).astype(np.float32)
        columns = [values[:, column : column + 1] for column in range(4)]
        columns[2], columns[3] = np.maximum(columns[2], _LEAST_MM), np.maximum(columns[3], _LEAST_MM)
        return columns, ((z >= low) & (z <= high))[:, None]

    def box(self) -> Vector:
        """Return points `(8, 3)` whose hull holds the loft."""
        z, x, y, half_x, half_y = self.knots.T
        ends = [((x - half_x).min(), (x + half_x).max()), ((y - half_y).min(), (y + half_y).max()), (z[0], z[-1])]
        return np.array([[a, b, c] for a in ends[0] for b in ends[1] for c in ends[2]])


@dataclass(frozen=True, eq=False)
class LoftedSolid:
    """What a loft has in common with quadrics and half spaces; `density` and `box` as of `quadrics.Solid`.

    `fullness` bends the chords as a squarer section would: each is taken to this power of its share of its row's
    longest one; 1 leaves the ellipse as it is.
    """

    loft: Loft
    density: float
    box: Vector
    quadrics: tuple[Quadric, ...] = ()
    planes: tuple[Plane, ...] = ()
    fullness: float = 1.0


def lofted(loft: Loft, density: float, quadrics: tuple[Quadric, ...] = (), fullness: float = 1.0) -> LoftedSolid:
    """Return a loft, or its part inside quadrics, as a solid."""
    return LoftedSolid(loft, density, loft.box(), quadrics, (), fullness)
