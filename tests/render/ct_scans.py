"""A labelled scan that is drawn: boxes with arches in a round trunk."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from spineyolo.anatomy import CATEGORY_ID
from spineyolo.render.ct_labels import CANAL, Scan

VOXEL_MM = 2.0
WIDE, DEEP, STEP, END = 60, 50, 13, 8  # voxels: the trunk, a level and its disc, and what lies beyond the column

Labels = npt.NDArray[np.uint8]


def column(*levels: str) -> tuple[Labels, Labels]:
    """Label volume and the bodies in it: boxes of 32 × 24 × 20 mm, each with an arch round a canal, in a column."""
    shape = (WIDE, DEEP, 2 * END + STEP * len(levels))
    labels, bodies = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    for place, level in enumerate(reversed(levels)):
        z = END + STEP * place
        number = CATEGORY_ID[level]
        bodies[22:38, 26:38, z : z + 10] = number
        labels[22:38, 14:26, z + 3 : z + 8] = number  # the arch
        labels[26:34, 18:26, z + 3 : z + 8] = 0  # the canal
        labels[29:31, 4:14, z + 2 : z + 6] = number  # the spinous process
    return np.maximum(labels, bodies), bodies


def hounsfield(labels: Labels) -> npt.NDArray[np.float32]:
    """A round trunk of water in air, a dense marker in its left half, and bone where vertebrae are."""
    x, y = np.indices(labels.shape[:2])
    trunk = (x - WIDE / 2) ** 2 / 28**2 + (y - DEEP / 2) ** 2 / 24**2 < 1
    values = np.where(trunk[:, :, None], 40.0, -1000.0).repeat(1, 2) + np.zeros(labels.shape)
    values[8:12, 24:28, :] = 1500  # x runs to the right: low x is the patient's left
    values[(labels > 0) & (labels < CANAL)] = 400
    return np.asarray(values, np.float32)


def scan_of(labels: Labels, partial: tuple[str, ...] = ()) -> Scan:
    return Scan(Path("ct.nii.gz"), hounsfield(labels), labels, VOXEL_MM, partial)


def dice(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def save(path: Path, values: npt.NDArray[Any], affine: npt.NDArray[np.float64] | None = None) -> Path:
    nibabel: Any = pytest.importorskip("nibabel", reason="nibabel (requirements-ct.txt) is not installed")
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([VOXEL_MM] * 3 + [1]) if affine is None else affine), path)
    return path


def pair(folder: Path, *levels: str, name: str = "a") -> tuple[Path, Path]:
    labels, _ = column(*levels)
    return save(folder / f"{name}_ct.nii.gz", hounsfield(labels)), save(folder / f"{name}_seg.nii.gz", labels)


def garble(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])
