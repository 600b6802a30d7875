"""Where tube and detector stand for a film of a CT, and the rays between them, cast by DiffDRR."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import shapely
import torch
from scipy import ndimage
from scipy.spatial.transform import Rotation

from spineyolo.anatomy import CATEGORY_ID
from spineyolo.film import Points
from spineyolo.polygons import Mask, outer_polygon
from spineyolo.render.ct_labels import Scan, optional
from spineyolo.render.projection import Geometry
from spineyolo.render.spec import Projection

Vector = npt.NDArray[np.float64]

PADDING_MM: Final = 60.0
"""The scan's end slices are repeated so far, for rays that pass beyond them in front of the spine or behind it."""

_YAW_DEG: Final = {Projection.AP: (0.0, 6.0), Projection.LATERAL: (90.0, 5.0), Projection.OBLIQUE: (45.0, 10.0)}
_PITCH_DEG: Final = 5.0
_ROLL_DEG: Final = 3.0
_MARGIN_MM: Final = (25.0, 160.0)
_END_MM: Final = (5.0, 40.0)
_RAYS_AT_ONCE: Final = 8192  # keeps memory below 200 MB


@dataclass(frozen=True)
class Aim:
    """Where the tube stands: degrees and mm; yaw 0 is AP, yaw 90 has the patient face the film's left."""

    projection: Projection
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    source_to_detector_mm: float
    source_to_spine_mm: float


def draw_aim(projection: Projection, rng: np.random.Generator) -> Aim:
    """Draw tube and detector for a projection: turned to either side, and a little astray as on real films."""
    yaw, stray = _YAW_DEG[projection]
    distance = rng.uniform(1100, 2000)
    return Aim(
        projection,
        yaw_deg=float(rng.choice([-1, 1])) * yaw + rng.uniform(-stray, stray),
        pitch_deg=rng.uniform(-_PITCH_DEG, _PITCH_DEG),
        roll_deg=rng.uniform(-_ROLL_DEG, _ROLL_DEG),
        source_to_detector_mm=distance,
        source_to_spine_mm=distance - rng.uniform(120, 300),
    )


def geometry_of(
    aim: Aim, scan: Scan, bodies: npt.NDArray[np.uint8], height_px: tuple[int, int], rng: np.random.Generator
) -> Geometry:
    """Return a film around the bodies, in mm from the scan's first voxel along its axes.

    It ends where a cut vertebra begins, else a little beyond the bodies, and never beyond the scan. Its height is one
    of `height_px`; a film that is broader than high has that as its width.
    """
    spots = np.asarray(np.argwhere(bodies)[::7] * scan.voxel_mm, np.float64)
    middle = (spots.min(axis=0) + spots.max(axis=0)) / 2
    turn = Rotation.from_euler("z", aim.yaw_deg, degrees=True)
    across, down, along = turn.apply([[-1.0, 0, 0], [0, 0, -1.0], [0, -1.0, 0]])
    tilt = Rotation.from_rotvec(across * aim.pitch_deg, degrees=True)
    down, along = tilt.apply([down, along])
    across, down = Rotation.from_rotvec(along * aim.roll_deg, degrees=True).apply([across, down])
    source = middle - along * aim.source_to_spine_mm
    bare = Geometry(source, across, down, along, aim.source_to_detector_mm, 1.0, (0.0, 0.0), 1, 1)
    (left, top), (right, bottom) = _extent(bare, scan, spots, middle, rng)
    px_mm = max(bottom - top, right - left) / rng.integers(*height_px, endpoint=True)
    width, height = int((right - left) / px_mm), int((bottom - top) / px_mm)
    return replace(bare, pitch=px_mm, foot=(-left / px_mm, -top / px_mm), width=width, height=height)


def _extent(
    bare: Geometry, scan: Scan, spots: Vector, middle: Vector, rng: np.random.Generator
) -> tuple[Vector, Vector]:
    """Return the film's top left and bottom right corner in mm on the detector."""
    shadow = bare.project(spots)
    (left, top), (right, bottom) = shadow.min(axis=0), shadow.max(axis=0)
    size = np.array(scan.labels.shape) * scan.voxel_mm
    corners = np.array(np.meshgrid(*[(0.0, side) for side in size])).reshape(3, -1).T
    outer = bare.project(corners)
    ends = bare.project(np.array([[*middle[:2], height] for height in (size[2], 0.0)]))
    highest, lowest = _cut_neighbours(bare, scan, top, bottom)
    margins, beyond = rng.uniform(*_MARGIN_MM, 2), rng.uniform(*_END_MM, 2)
    first = [max(left - margins[0], outer[:, 0].min()), max(top - beyond[0], highest, min(top, ends[0, 1]))]
    last = [min(right + margins[1], outer[:, 0].max()), min(bottom + beyond[1], lowest, max(bottom, ends[1, 1]))]
    return np.array(first), np.array(last)


def _cut_neighbours(bare: Geometry, scan: Scan, top: float, bottom: float) -> tuple[float, float]:
    """Return how far up and down the film may reach, mm: half way from the last body to a cut vertebra's middle."""
    highest, lowest = -np.inf, np.inf
    for level in set(scan.partial) & set(scan.levels):
        middle = np.argwhere(scan.labels == CATEGORY_ID[level]).mean(axis=0) * scan.voxel_mm
        y = float(bare.project(middle)[1])
        if y < (top + bottom) / 2:
            highest = max(highest, min(top, (y + top) / 2))
        else:
            lowest = min(lowest, max(bottom, (y + bottom) / 2))
    return highest, lowest


def cast_rays(
    density: npt.NDArray[np.float32], parts: npt.NDArray[np.uint8], geometry: Geometry, voxel_mm: float
) -> npt.NDArray[np.float32]:
    """Return attenuation along each ray by part `(parts, height, width)`: part 0 is all that is not a body.

    `density` `(x, y, z)` is per mm; `parts` of the same shape numbers the bodies 1, 2, 3 …
    """
    trilinear = optional("diffdrr.renderers").Trilinear()
    extra = round(PADDING_MM / voxel_mm)
    ends = ((0, 0), (0, 0), (extra, extra))
    volume = _volume(np.pad(density, ends, mode="edge"))
    mask = _volume(np.pad(parts, ends))
    shift = torch.tensor([0.0, 0.0, extra])
    source = torch.from_numpy(geometry.source / voxel_mm).float() + shift
    targets = torch.from_numpy(_targets(geometry) / voxel_mm).float() + shift
    steps = int(np.abs(geometry.along) @ np.array(volume.shape)) + 1
    films = []
    with torch.inference_mode():
        for some in torch.split(targets, _RAYS_AT_ONCE):
            length_mm = (some - source).norm(dim=-1)[None, None] * voxel_mm
            films.append(trilinear(volume, source[None, None], some[None], length_mm, n_points=steps, mask=mask)[0])
    return np.asarray(torch.cat(films, dim=1).reshape(-1, geometry.height, geometry.width).numpy(), np.float32)


def _volume(values: npt.NDArray[Any]) -> torch.Tensor:
    """Return voxels `(x, y, z)` with x running fastest in memory, as torch samples them: else each call copies."""
    return torch.from_numpy(np.ascontiguousarray(values.T, np.float32)).permute(2, 1, 0)


def _targets(geometry: Geometry) -> Vector:
    """Return the middle of each px `(height * width, 3)`, mm."""
    x = (np.arange(geometry.width) + 0.5 - geometry.foot[0]) * geometry.pitch
    y = (np.arange(geometry.height) + 0.5 - geometry.foot[1]) * geometry.pitch
    plane = x[None, :, None] * geometry.across + y[:, None, None] * geometry.down
    return (geometry.source + geometry.along * geometry.distance + plane).reshape(-1, 3)


def outline(mask: Mask, softness_px: float) -> Points:
    """Return the outer ring `(n, 2)` px of a body's shadow, without the steps of its voxels; empty if it has none."""
    soft = cv2.GaussianBlur(ndimage.binary_fill_holes(mask).astype(np.float32), (0, 0), softness_px)
    ring = outer_polygon(soft)
    if len(ring) < 3:
        return ring
    simple = shapely.Polygon(ring).simplify(0.25)
    return np.asarray(simple.exterior.coords[:-1], np.float32)
