"""What a rendered film shows, exactly: outlines and corners in px, and every number that was drawn."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from spineyolo.anatomy import View
from spineyolo.film import Points, Vertebra
from spineyolo.polygons import clip_polygon, signed_area
from spineyolo.render.alignment import PlacedVertebra, Spine, wall_height
from spineyolo.render.projection import Geometry
from spineyolo.render.quadrics import Vector
from spineyolo.render.spec import PhantomSpec, Projection
from spineyolo.render.vertebra3d import spur_tip
from spineyolo.windows import MIN_VISIBLE

VIEW_OF: Final = {Projection.AP: View.AP, Projection.LATERAL: View.LATERAL, Projection.OBLIQUE: None}


def vertebra_on_film(placed: PlacedVertebra, geometry: Geometry, spec: PhantomSpec) -> Vertebra:
    """Return a vertebral body's outline and corners on a film, which may reach beyond the film's edge."""
    direction = _across(placed, geometry)
    ring, corners = placed.body.outline(direction)
    if placed.name == "C2":
        ring = _with_dens(placed, ring, direction)
    polygon = geometry.project(placed.frame.points(ring)).astype(np.float32)
    points = geometry.project(placed.frame.points(corners)).astype(np.float32)
    return Vertebra(placed.level, polygon, _ordered(points, spec))


def visible(vertebra: Vertebra, geometry: Geometry) -> Vertebra | None:
    """Return a vertebra cut at the film's edge, without corners if it is cut; None if less than half is in view."""
    polygon = vertebra.polygon
    size = np.array([geometry.width, geometry.height], np.float32)
    if (polygon >= 0).all() and (polygon <= size).all():
        return vertebra
    clipped = clip_polygon(polygon, 0, 0, geometry.width, geometry.height)
    if len(clipped) < 3 or abs(signed_area(clipped)) < MIN_VISIBLE * abs(signed_area(polygon)):
        return None
    return Vertebra(vertebra.level, clipped)


def record(
    spec: PhantomSpec, spine: Spine, geometry: Geometry, drawn: list[Vertebra], style: dict[str, Any]
) -> dict[str, Any]:
    """Return the truth of a film as what JSON can hold: every parameter, and each vertebra as it is seen."""
    rows = [_row(placed, vertebra, geometry, spec) for placed, vertebra in zip(spine.vertebrae, drawn, strict=True)]
    return {
        "spec": spec.as_record(),
        "style": style,
        "geometry": {
            "source_mm": geometry.source.tolist(),
            "foot_px": list(geometry.foot),
            "detector_px_mm": geometry.pitch,
            "source_to_detector_mm": geometry.distance,
            "pixel_spacing_at_spine_mm": geometry.pitch * spec.spine_distance_mm / spec.distance_mm,
        },
        "curves_on_film": _curves_on_film(spec, spine, drawn),
        "vertebrae": rows,
    }


def _row(placed: PlacedVertebra, vertebra: Vertebra, geometry: Geometry, spec: PhantomSpec) -> dict[str, Any]:
    shown = visible(vertebra, geometry)
    body, size = placed.body, placed.size
    variant = "" if placed.level else f"{placed.name}: one more than the 24 levels name"
    return {
        "name": placed.name,
        "level": placed.level,
        "variant": variant,
        "on_film": "no" if shown is None else "whole" if shown is vertebra else "partial",
        "polygon_px": np.round(vertebra.polygon.astype(float), 3).tolist(),
        "corners_px": None if vertebra.corners is None else np.round(vertebra.corners.astype(float), 3).tolist(),
        "centre_mm": np.round(placed.frame.origin, 4).tolist(),
        "axes": np.round(placed.frame.rotation, 6).tolist(),
        "px_per_mm": geometry.px_per_mm(placed.frame.origin),
        "upper_width_mm": 2 * body.half_width,
        "lower_width_mm": 2 * body.half_width * body.lower_ratio,
        "depth_mm": body.depth,
        "height_mm": body.upper.height - body.lower.height,
        "anterior_height_mm": wall_height(body, np.array([0.0, -1.0])),
        "posterior_height_mm": wall_height(body, np.array([0.0, 1.0])),
        "disc_below_mm": _disc_height(placed, size.disc_below, spec),
        "osteophyte_tips_px": [
            {"upper": spur.upper, "side": spur.side, "size_mm": spur.size_mm,
             "px": np.round(geometry.project(spur_tip(placed, spur)), 3).tolist()}
            for spur in spec.osteophytes if spur.level == placed.name
        ],
    }  # fmt: skip


def _curves_on_film(spec: PhantomSpec, spine: Spine, drawn: list[Vertebra]) -> list[dict[str, Any]]:
    """Return each curve's angle as the AP film shows it, by the end vertebrae's outer endplates.

    It is the drawn one where the end vertebrae are not turned by the patient's own turn.
    """
    if spec.view is not Projection.AP:
        return []
    corners = {placed.name: vertebra.corners for placed, vertebra in zip(spine.vertebrae, drawn, strict=True)}
    rows = []
    for curve in spec.curves:
        upper, lower = corners[curve.upper], corners[curve.lower]
        if upper is not None and lower is not None:
            angle = _tilt_deg(upper[1] - upper[0]) - _tilt_deg(lower[2] - lower[3])
            rows.append({"upper": curve.upper, "lower": curve.lower, "cobb_deg": angle})
    return rows


def _tilt_deg(way: Points) -> float:
    return float(np.degrees(np.arctan2(way[1], way[0])))


def _disc_height(placed: PlacedVertebra, healthy: float, spec: PhantomSpec) -> float:
    """Return the disc's height at its middle, mm: square to the lower endplate, to the middle of the upper rim."""
    for loss in spec.discs:
        if loss.level == placed.name:
            return healthy * (1 - (loss.share if loss.side is None else loss.share / 2))
    return healthy


def _across(placed: PlacedVertebra, geometry: Geometry) -> Vector:
    """Return the direction `(2,)` across the beam, to the image's right, in the body's own x and y.

    The central ray stands for the beam: the few degrees by which a ray at the film's edge differs move an outline by
    less than 0.1 mm, and a body that is not turned is outlined by its own sides.
    """
    beam = placed.frame.rotation.T @ geometry.along
    right = placed.frame.rotation.T @ geometry.across
    across = np.array([-beam[1], beam[0]]) / np.hypot(beam[0], beam[1])
    return np.asarray(across if across @ right[:2] > 0 else -across)


def _with_dens(placed: PlacedVertebra, ring: Vector, direction: Vector) -> Vector:
    """Put the dens, whose tip readers outline with C2, on top of the body's ring, which starts at its upper left."""
    size = placed.size
    top, radius = 1.15 * size.height, 5.1
    angles = np.radians(np.linspace(180, 0, 9))
    across = radius * np.cos(angles)
    bump = np.column_stack([across * direction[0], 1.5 + across * direction[1], top + 4.6 * np.sin(angles)])
    upper = ring[:17]
    side = upper[:, :2] @ direction - np.array([0.0, 1.0]) @ direction
    return np.vstack([upper[side < -radius], bump, upper[side > radius], ring[17:]])


def _ordered(corners: Points, spec: PhantomSpec) -> Points | None:
    """Put corners (upper left, upper right, lower right, lower left of the image) in `film.Vertebra`'s order."""
    if spec.view is Projection.OBLIQUE:
        return None
    if spec.view is Projection.LATERAL and spec.faces_left:
        return corners[[1, 0, 3, 2]]
    return corners
