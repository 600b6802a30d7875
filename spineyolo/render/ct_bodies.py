"""Vertebral bodies out of labels that hold the whole vertebra: the body lies in front of the spinal canal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from spineyolo.anatomy import CATEGORY_ID
from spineyolo.errors import BadInputError
from spineyolo.render.ct_labels import CANAL, Scan

Vector = npt.NDArray[np.float64]

MIN_CANAL_MM2: Final = 40.0
"""Smallest hole taken for the canal, which has some 200 mm²; a transverse process's foramen has 30 (Panjabi 1991)."""

CANAL_REACH_MM: Final = 12.0
"""Canal labels this far above and below a vertebra's middle belong to it: half a thoracic vertebra's height."""

OPENING_MM: Final = 3.5
"""Radius of the ball that must fit: the front root of a cervical transverse process is thinner, a body is not."""

REGROWTH_MM: Final = 2.0
"""What opening took off corners is given back: a ball of 3.5 mm leaves out 1.5 mm of a right-angled edge."""

_TILTS_DEG: Final = (-12, -6, 0, 6, 12)
"""Lordosis and kyphosis tilt a vertebra against the line through its neighbours by as much."""


@dataclass(frozen=True, eq=False)
class _Frame:
    """A vertebra's own axes, unit vectors in the scan's axes: to its left or right, to the front, and up."""

    side: Vector
    front: Vector
    up: Vector


def part_bodies(scan: Scan) -> npt.NDArray[np.uint8]:
    """Return the bodies of whole vertebrae `(x, y, z)` by category id; the atlas, which has none, is kept as a ring.

    The canal is the label of that name where there is one, else the hole in a vertebra seen from above.

    Raises:
        BadInputError: if a vertebra encloses no canal and none is labelled: it can't be said where its body ends.
    """
    bodies = np.zeros_like(scan.labels)
    boxes = ndimage.find_objects(scan.labels, max_label=CANAL)
    centres = _centres(scan)
    for level in scan.levels:
        if level in scan.partial:
            continue
        number = CATEGORY_ID[level]
        margin = round(CANAL_REACH_MM / scan.voxel_mm)
        box = tuple(slice(max(0, side.start - margin), side.stop + margin) for side in boxes[number - 1])
        vertebra, canal = largest_part(scan.labels[box] == number), scan.labels[box] == CANAL
        body = vertebra if level == "C1" else _body(vertebra, canal, _up(level, scan, centres), scan.voxel_mm)
        if body is None:
            raise BadInputError(scan.path, f"labels in which {level} encloses the spinal canal", "no hole in it")
        bodies[box][body] = number
    return bodies


def _centres(scan: Scan) -> dict[str, Vector]:
    ids = [CATEGORY_ID[level] for level in scan.levels]
    centres = ndimage.center_of_mass(scan.labels > 0, scan.labels, ids)
    return {level: np.array(centre) for level, centre in zip(scan.levels, centres, strict=True)}


def _up(level: str, scan: Scan, centres: dict[str, Vector]) -> Vector:
    """Return the direction to the head along the column; cut neighbours, whose centres are off, are left out."""
    whole = [name for name in scan.levels if name not in scan.partial]
    place = whole.index(level)
    upper, lower = whole[max(0, place - 1)], whole[min(len(whole) - 1, place + 1)]
    return _unit(centres[upper] - centres[lower]) if upper != lower else np.array([0.0, 0.0, 1.0])


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / np.linalg.norm(vector), np.float64)


def _frame(up: Vector, front: Vector) -> _Frame:
    front = _unit(front - (front @ up) * up)
    return _Frame(np.cross(front, up), front, up)


def _tilted(frame: _Frame, degrees: float) -> _Frame:
    angle = np.radians(degrees)
    up = np.cos(angle) * frame.up + np.sin(angle) * frame.front
    return _frame(up, frame.front)


def _body(
    vertebra: npt.NDArray[np.bool_], canal: npt.NDArray[np.bool_], up: Vector, voxel_mm: float
) -> npt.NDArray[np.bool_] | None:
    """Return the part of one vertebra before its canal; None if the canal is not found."""
    points, canal_points = _points(vertebra, voxel_mm), _points(canal, voxel_mm)
    frame = _frame(up, np.array([0.0, 1.0, 0.0]))
    body = None
    for _ in range(2):  # the first body tells which way the vertebra faces: it may be turned about its own axis
        frame = max((_tilted(frame, tilt) for tilt in _TILTS_DEG), key=lambda tried: _hole(points, tried, voxel_mm)[1])
        parted = _before_canal(points, canal_points, frame, voxel_mm)
        if parted is None:
            return body
        before, canal_middle = parted
        body = np.zeros_like(vertebra)
        body[vertebra] = before
        body = _without_processes(body, voxel_mm)
        to_body = _points(body, voxel_mm).mean(axis=0) - points.mean(axis=0)
        frame = _frame(frame.up, to_body - canal_middle)
    return body


def _points(mask: npt.NDArray[np.bool_], voxel_mm: float) -> Vector:
    return np.asarray(np.argwhere(mask) * voxel_mm, np.float64)


def _seen_from_above(points: Vector, frame: _Frame, voxel_mm: float) -> tuple[npt.NDArray[np.bool_], Vector]:
    """Return points `(n, 3)` mm as a picture `(side, front)` along the vertebra's axis, and its corner in mm."""
    flat = points @ np.stack([frame.side, frame.front], axis=1)
    corner = np.floor(flat.min(axis=0) / voxel_mm - 1) * voxel_mm
    cells = np.round((flat - corner) / voxel_mm).astype(int)
    picture = np.zeros(cells.max(axis=0) + 2, bool)
    picture[tuple(cells.T)] = True
    return picture, corner


def _hole(points: Vector, frame: _Frame, voxel_mm: float) -> tuple[npt.NDArray[np.bool_], float]:
    """Return the largest hole of a vertebra seen from above, and its area in mm²."""
    picture, _ = _seen_from_above(points, frame, voxel_mm)
    hole = ndimage.binary_fill_holes(picture) & ~picture
    largest = largest_part(hole)
    return largest, float(largest.sum() * voxel_mm**2)


def _before_canal(
    points: Vector, canal_points: Vector, frame: _Frame, voxel_mm: float
) -> tuple[npt.NDArray[np.bool_], Vector] | None:
    """Tell which points lie before the canal's front wall, and where from the vertebra's middle its canal is, mm."""
    middle = points.mean(axis=0)
    beside = np.abs((canal_points - middle) @ frame.up) < CANAL_REACH_MM
    picture, corner = _seen_from_above(points, frame, voxel_mm)
    if beside.sum() * voxel_mm**3 > MIN_CANAL_MM2 * CANAL_REACH_MM / 2:
        flat = canal_points[beside] @ np.stack([frame.side, frame.front], axis=1)
        cells = (flat - corner) / voxel_mm
    else:
        hole, area = _hole(points, frame, voxel_mm)
        if area < MIN_CANAL_MM2:
            return None
        cells = np.argwhere(hole).astype(np.float64)
    wall = _front_wall(picture, cells)
    if wall is None:
        return None
    wall_mm = corner[1] + (wall - 0.5) * voxel_mm
    canal_mm = cells.mean(axis=0) * voxel_mm + corner
    towards = canal_mm - middle @ np.stack([frame.side, frame.front], axis=1)
    return points @ frame.front >= wall_mm, towards[0] * frame.side + towards[1] * frame.front


def _front_wall(picture: npt.NDArray[np.bool_], canal: Vector) -> float | None:
    """Return the row of the first bone before the canal's cells: the middle one of the canal's middle half."""
    side, front = canal.mean(axis=0)
    half_width = max(1.0, 0.25 * float(np.ptp(canal[:, 0])))
    columns = range(max(0, round(side - half_width)), min(len(picture), round(side + half_width) + 1))
    rows = []
    for column in columns:
        bone = np.flatnonzero(picture[column, max(0, round(front)) :])
        if len(bone):
            rows.append(max(0, round(front)) + int(bone[0]))
    return float(np.median(rows)) if rows else None


def _without_processes(body: npt.NDArray[np.bool_], voxel_mm: float) -> npt.NDArray[np.bool_]:
    """Return the body without thin parts: cervical transverse processes reach before the canal."""
    depth = ndimage.distance_transform_edt(np.pad(body, 1))[1:-1, 1:-1, 1:-1] * voxel_mm
    radius = min(OPENING_MM, 0.6 * float(depth.max(initial=0.0)))
    core = largest_part(depth > radius)
    if not core.any():
        return body
    reach = ndimage.distance_transform_edt(~core) * voxel_mm
    return largest_part(body & (reach <= radius + REGROWTH_MM))


def largest_part(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the largest connected part of a mask of any shape."""
    parts, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.asarray(parts == sizes.argmax(), bool)
