"""A film's bodies in order down the spine, with what voids measurements on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from spineyolo.anatomy import INDEX, Region, View, region_of
from spineyolo.measure.geometry import Fit, caudal_directions, fit_body, tilt_deg
from spineyolo.measure.measurement import Array
from spineyolo.measure.view import view_of
from spineyolo.polygons import bounding_box, mask_from_polygon

Grey = npt.NDArray[np.uint8]

MIN_AGREEMENT: Final = 0.84
"""An outline whose hull overlaps its four corners less (intersection over union) is no body's; an ellipse has 0.837."""

FUSED_HEIGHT: Final = 1.6
"""A body this many times as high as its neighbours is two, found as one."""

METAL_GREY: Final = 245
METAL_SHARE: Final = 0.08
"""A body is covered by metal if more of it than this is at least `METAL_GREY`, and what lies around it is not."""

EDGE_PX: Final = 1.5
"""An outline with a side this near the film's edge is cut by it."""

EDGE_SHARE: Final = 0.05


@dataclass(frozen=True)
class OutlineQuality:
    """What the outlines of one origin can be trusted with.

    Attributes:
        corner_noise: standard deviation of a corner's coordinate, as a share of the body's height.
        follows_bone: whether they follow hollow endplates, waists and spurs, or run from corner to corner.
    """

    corner_noise: float
    follows_bone: bool


EXACT: Final = OutlineQuality(corner_noise=0.0, follows_bone=True)
PREDICTED: Final = OutlineQuality(corner_noise=0.11, follows_bone=False)
"""Of the released weights: measured on validation films against true corners, see `benchmarks/measure.md`. They were
taught outlines between four corners, and so draw neither spur nor hollow."""


@dataclass(frozen=True, eq=False)
class Body:
    """One vertebral body.

    Attributes:
        level: C1…L5.
        polygon: outline `(n, 2)` px.
        corners: `(4, 2)` px in `film.Vertebra`'s order for the film's view.
        noise_px: standard deviation of each coordinate of a corner.
        void: why nothing is measured on it; empty if something is.
    """

    level: str
    polygon: Array
    corners: Array
    noise_px: float
    void: str = ""

    @property
    def height_px(self) -> float:
        """Mean of the heights at both walls."""
        left, right = self.corners[3] - self.corners[0], self.corners[2] - self.corners[1]
        return float(np.linalg.norm(left) + np.linalg.norm(right)) / 2

    @property
    def centre(self) -> Array:
        """Middle of the corners, `(2,)` px."""
        return np.asarray(self.corners.mean(axis=0))


@dataclass(frozen=True, eq=False)
class Column:
    """The bodies of one film from the top down.

    Attributes:
        bodies: those whose outline could be fitted, each level once.
        view: of the film; None where it is neither stated nor plain.
        anterior_right: lateral films: whether anterior is right of the caudal direction; None where it is not plain.
        mm_per_px: where the film states it.
        unfit: levels whose outline has no four sides, with the reason.
    """

    bodies: tuple[Body, ...]
    view: View | None
    anterior_right: bool | None = None
    mm_per_px: float | None = None
    unfit: Mapping[str, str] | None = None

    def get(self, level: str) -> Body | None:
        """Return a level's body, if it was found."""
        return next((body for body in self.bodies if body.level == level), None)

    def void(self, levels: Sequence[str], lateral: bool = False) -> str:
        """Return why nothing can be measured on these levels; empty if something can."""
        if lateral and self.view is not View.LATERAL:
            return "lateral films only" if self.view is View.AP else "the film's view is not known; state it"
        if lateral and self.anterior_right is None:
            return "which side is anterior is not plain; state it"
        for level in levels:
            body = self.get(level)
            if body is None:
                return (self.unfit or {}).get(level, f"{level} was not found")
            if body.void:
                return f"{level}: {body.void}"
        return ""

    def corners(self, levels: Sequence[str]) -> tuple[Array, Array]:
        """Return corners `(k, 4, 2)` and their noise `(k,)` px of levels that are there."""
        bodies = [body for level in levels if (body := self.get(level)) is not None]
        return np.stack([body.corners for body in bodies]), np.array([body.noise_px for body in bodies])


def column_of(
    outlines: Mapping[str, npt.ArrayLike],
    size: tuple[int, int],
    quality: OutlineQuality,
    view: View | None = None,
    anterior_right: bool | None = None,
    grey: Grey | None = None,
    mm_per_px: float | None = None,
) -> Column:
    """Return the column that a film's outlines make.

    Args:
        outlines: level to ring `(n, 2)` px.
        size: the film's width and height, px.
        quality: what the outlines can be trusted with.
        view: None to tell it from the bodies' proportions and the film's symmetry, where they are plain.
        anterior_right: None to tell it from the column's curves, where they are plain.
        grey: the film `(height, width)`, to see metal and symmetry; without it neither is.
        mm_per_px: if known.
    """
    levels = sorted(outlines, key=INDEX.__getitem__)
    polygons = [np.asarray(outlines[level], np.float64) for level in levels]
    centres = np.array([_centre(polygon) for polygon in polygons]).reshape(-1, 2)
    fits = [
        fit_body(polygon, way, quality.follows_bone)
        for polygon, way in zip(polygons, caudal_directions(centres), strict=True)
    ]
    unfit = {
        level: f"{level}: its outline has no four sides" for level, fit in zip(levels, fits, strict=True) if not fit
    }
    found = [(level, ring, fit) for level, ring, fit in zip(levels, polygons, fits, strict=True) if fit is not None]
    corners = np.array([fit.corners for _, _, fit in found]).reshape(-1, 4, 2)
    view = view or view_of(corners, grey)
    if view is View.LATERAL and anterior_right is None:
        anterior_right = _anterior_right([level for level, _, _ in found], corners)
    flip = view is View.LATERAL and anterior_right is False
    voids = _voids(found, size, grey)
    bodies = tuple(
        Body(level, ring, fit.corners[[1, 0, 3, 2]] if flip else fit.corners, _noise(fit, quality), void)
        for (level, ring, fit), void in zip(found, voids, strict=True)
    )
    return Column(bodies, view, anterior_right if view is View.LATERAL else None, mm_per_px, unfit)


def _centre(polygon: Array) -> Array:
    return np.asarray(shapely.make_valid(shapely.Polygon(polygon)).centroid.coords[0])


def _noise(fit: Fit, quality: OutlineQuality) -> float:
    """Return a corner's noise in px: what its origin has, or what this outline's own jaggedness says if more."""
    height = float(np.linalg.norm(fit.corners[3] - fit.corners[0] + fit.corners[2] - fit.corners[1])) / 2
    return max(quality.corner_noise * height, fit.noise_px)


def _anterior_right(levels: Sequence[str], corners: Array) -> bool | None:
    """Tell which side is anterior from the curves: the lumbar one opens backwards, the thoracic one forwards.

    None where they turn by less than 10° in all: a straight column has no side. Right on 22 of 22 labelled films.
    The neck is not asked: 4 of those 21 necks bend the other way.
    """
    tilts = tilt_deg(corners) if len(corners) else np.zeros(0)
    lean = 0.0
    for region in (Region.THORACIC, Region.LUMBAR):
        inside = [row for row, level in enumerate(levels) if region_of(level) is region]
        if len(inside) > 1:
            bend = tilts[inside[-1]] - tilts[inside[0]]  # positive: the right side gets lower down the column
            lean += -bend if region is Region.THORACIC else bend
    return None if abs(lean) < 10 else bool(lean > 0)


def _voids(found: Sequence[tuple[str, Array, Fit]], size: tuple[int, int], grey: Grey | None) -> list[str]:
    """Return for each body why nothing is measured on it; empty if something is."""
    heights = np.array([np.linalg.norm(fit.corners[3] - fit.corners[0]) for _, _, fit in found])
    voids = []
    for row, (_, ring, fit) in enumerate(found):
        around = np.delete(heights[max(0, row - 2) : row + 3], min(row, 2))
        if _is_cut(ring, size):
            voids.append("cut by the film's edge")
        elif grey is not None and covered_by_metal(ring, grey):
            voids.append("covered by metal or something as dense")
        elif len(around) and heights[row] > FUSED_HEIGHT * np.median(around):
            voids.append("its outline spans more than one body: fused, or two found as one")
        elif fit.agreement < MIN_AGREEMENT:
            voids.append("its outline is not a body's")
        else:
            voids.append("")
    return voids


def _is_cut(ring: Array, size: tuple[int, int]) -> bool:
    """Return whether a ring runs along the edge of a film (width, height) for more than a touch."""
    window = shapely.box(EDGE_PX, EDGE_PX, size[0] - EDGE_PX, size[1] - EDGE_PX)
    edge = shapely.LinearRing(ring)
    return bool(edge.difference(window).length > EDGE_SHARE * edge.length)


def covered_by_metal(ring: Array, grey: Grey) -> bool:
    """Tell whether a body `(n, 2)` px is covered by metal: much of it is white, and what lies around it is not.

    Where a film is overexposed its surroundings are white as well.
    """
    x0, y0, x1, y1 = bounding_box(ring.astype(np.float32))
    pad = (y1 - y0) / 2
    left, top = max(0, int(x0 - pad)), max(0, int(y0 - pad))
    part = grey[top : int(y1 + pad), left : int(x1 + pad)]
    if not part.size:
        return False
    inside = mask_from_polygon((ring - [left, top]).astype(np.float32), *part.shape)
    if not inside.any() or inside.all():
        return False
    around = float(np.median(part[~inside]))
    return bool(np.mean(part[inside] >= METAL_GREY) > METAL_SHARE and around < METAL_GREY - 30)
