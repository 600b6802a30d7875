"""A CT and its vertebra labels from NIfTI files, checked and laid on one upright grid of cubes."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from spineyolo.anatomy import CATEGORY_ID, INDEX, LEVEL_OF_CATEGORY, LEVELS
from spineyolo.errors import BadInputError, SpineYoloError

CANAL: Final = 25
"""The spinal canal's number in `Scan.labels`, after the 24 levels."""

AIR_HU: Final = -1000.0
MAX_SPACING_MM: Final = 5.0
"""Thicker slices leave a vertebral body on three slices or fewer: neither film nor outline would be like a real one."""

_CONTENT_HU: Final = -900
_BONE_HU: Final = 200
"""Hounsfield units above air and of bone, by which a volume in other units is told from a CT."""

_READ_ERRORS: Final = (OSError, EOFError, ValueError, zlib.error)  # what nibabel raises on garbled files


class Numbering(StrEnum):
    """Whose numbers a label volume uses."""

    TOTALSEGMENTATOR = "totalsegmentator"
    VERSE = "verse"


@dataclass(frozen=True)
class _Scheme:
    """Label numbers of the 24 levels, of the spinal canal where there is one, and of all else that may occur."""

    levels: Mapping[int, str]
    canal: int | None
    others: frozenset[int]


SCHEMES: Final[Mapping[Numbering, _Scheme]] = {
    # Task `total` of TotalSegmentator 2: 25 sacrum, 26 S1, 27 L5 up to 50 C1, 79 spinal cord, 118 the last it has used.
    # Wasserthal J. et al. Radiology: Artificial Intelligence 2023; https://github.com/wasserth/TotalSegmentator
    Numbering.TOTALSEGMENTATOR: _Scheme(
        levels={50 - index: level for level, index in INDEX.items()}, canal=79, others=frozenset(range(119))
    ),
    # 1-24 from C1 to L5, 25 L6, 26 sacrum, 27 coccyx, 28 T13: Sekuboyina A. et al. Medical Image Analysis 2021;
    # https://github.com/anjany/verse
    Numbering.VERSE: _Scheme(
        levels={index + 1: level for level, index in INDEX.items()}, canal=None, others=frozenset({0, 25, 26, 27, 28})
    ),
}


@dataclass(frozen=True, eq=False)
class Scan:
    """A CT with its labels on one grid of cubes, whose axes run to the patient's right, front and head.

    Attributes:
        path: the CT's file.
        hounsfield: `(x, y, z)` float32, HU.
        labels: `(x, y, z)` uint8: 1…24 the levels' category ids, CANAL, 0 all else.
        voxel_mm: side of a cube.
        partial: levels that the scan's end cuts.
    """

    path: Path
    hounsfield: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]
    voxel_mm: float
    partial: tuple[str, ...]

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels labelled, whole or not, from the skull down."""
        present = np.flatnonzero(np.bincount(self.labels.ravel(), minlength=CANAL + 1)[1:CANAL]) + 1
        return tuple(LEVEL_OF_CATEGORY[int(number)] for number in present)


def optional(module: str) -> Any:
    """Return a module of requirements-ct.txt.

    Raises:
        SpineYoloError: if it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        how = "pip install --no-deps -r requirements-ct.txt"
        raise SpineYoloError(f"{module}: expected for films from CT, found not installed; {how}") from error


def read_scan(ct_path: Path, labels_path: Path, numbering: Numbering, voxel_mm: float) -> Scan:
    """Read a CT in HU and its label volume (NIfTI) and resample both to upright cubes of `voxel_mm`.

    Any orientation and spacing up to MAX_SPACING_MM will do, oblique ones too, if both files state the same.

    Raises:
        BadInputError: if a file is missing, broken, of another shape or place than its partner, no CT in HU, or
            holds unknown label numbers, no whole vertebra, or vertebrae out of order.
    """
    if not labels_path.is_file():
        raise BadInputError(ct_path, f"a label volume {labels_path.name}", "none")
    ct, label_image = _open(ct_path), _open(labels_path)
    _check_alike(ct, ct_path, label_image, labels_path)
    hounsfield, numbers = _voxels(ct, ct_path), _voxels(label_image, labels_path)
    _check_hounsfield(hounsfield, ct_path)
    labels = _own_numbers(numbers, numbering, labels_path)
    partial = _partial_levels(labels, hounsfield)
    scan = Scan(
        ct_path,
        _upright(ct, hounsfield, voxel_mm, order=1, fill=AIR_HU),
        _upright(ct, labels, voxel_mm, order=0, fill=0.0),
        voxel_mm,
        partial,
    )
    _check_column(scan, labels_path)
    return scan


def _open(path: Path) -> Any:
    nibabel = optional("nibabel")
    try:
        image = nibabel.load(path)
        affine = np.asarray(image.affine, np.float64)
        header_codes = int(image.header["sform_code"]), int(image.header["qform_code"])
    except (*_READ_ERRORS, KeyError, nibabel.filebasedimages.ImageFileError) as error:
        raise BadInputError(path, "a NIfTI volume", f"{type(error).__name__}: {error}") from error
    if len(image.shape) != 3 or min(image.shape) < 2:
        raise BadInputError(path, "a volume of three dimensions", f"shape {image.shape}")
    if not any(header_codes):
        raise BadInputError(path, "a header that states the patient's orientation", "sform and qform code 0")
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-6 * max(1.0, spacing.prod()):
        raise BadInputError(path, "an affine with three independent axes", str(affine[:3, :3].tolist()))
    if spacing.max() > MAX_SPACING_MM:
        raise BadInputError(path, f"voxels of up to {MAX_SPACING_MM:g} mm", f"{spacing.round(2).tolist()} mm")
    return image


def _check_alike(ct: Any, ct_path: Path, labels: Any, labels_path: Path) -> None:
    if labels.shape != ct.shape:
        raise BadInputError(labels_path, f"the shape {ct.shape} of {ct_path.name}", f"{labels.shape}")
    nibabel = optional("nibabel")
    axes, expected_axes = ("".join(nibabel.aff2axcodes(image.affine)) for image in (labels, ct))
    if axes != expected_axes:
        raise BadInputError(labels_path, f"the orientation {expected_axes} of {ct_path.name}", axes)
    far = np.array([[0, 0, 0, 1], [*ct.shape, 1]], np.float64)  # equal at both ends means equal in between
    apart = np.abs(far @ (labels.affine - ct.affine).T).max()
    half_voxel = 0.5 * np.linalg.norm(ct.affine[:3, :3], axis=0).min()
    if apart > half_voxel:
        raise BadInputError(labels_path, f"labels in the place of {ct_path.name}", f"a shift of {apart:.1f} mm")


def _voxels(image: Any, path: Path) -> npt.NDArray[np.float32]:
    try:
        values: npt.NDArray[np.float32] = image.get_fdata(dtype=np.float32)
    except _READ_ERRORS as error:
        raise BadInputError(path, "a whole NIfTI volume", f"{type(error).__name__}: {error}") from error
    if not np.isfinite(values).all():
        raise BadInputError(path, "finite voxels", "some that are not")
    return values


def _check_hounsfield(values: npt.NDArray[np.float32], path: Path) -> None:
    low, high = float(values.min()), float(values.max())
    if low > 0 or high < _BONE_HU:
        raise BadInputError(path, f"Hounsfield units, from below 0 to above {_BONE_HU}", f"{low:g} to {high:g}")


def _own_numbers(values: npt.NDArray[np.float32], numbering: Numbering, path: Path) -> npt.NDArray[np.uint8]:
    """Return labels by category id, whatever numbering they came in."""
    scheme = SCHEMES[numbering]
    whole = values.astype(np.int16)
    if (whole != values).any() or whole.min() < 0:
        raise BadInputError(path, "whole label numbers from 0", "others; is it a label volume?")
    present = np.flatnonzero(np.bincount(whole.ravel())).tolist()
    unknown = [str(number) for number in present if number not in scheme.levels and number not in scheme.others]
    if unknown:
        raise BadInputError(path, f"label numbers of {numbering}", ", ".join(unknown[:5]))
    table = np.zeros(present[-1] + 1, np.uint8)
    for number in present:
        if number in scheme.levels:
            table[number] = CATEGORY_ID[scheme.levels[number]]
        elif number == scheme.canal:
            table[number] = CANAL
    labels = table[whole]
    if not ((labels > 0) & (labels < CANAL)).any():
        found = ", ".join(str(number) for number in present[:10])
        raise BadInputError(path, f"a vertebra in the numbering of {numbering}", f"only the labels {found}")
    return labels


def _partial_levels(labels: npt.NDArray[np.uint8], hounsfield: npt.NDArray[np.float32]) -> tuple[str, ...]:
    """Return levels whose label touches the end of the volume, or of what it shows: some are padded with air."""
    shown = hounsfield > _CONTENT_HU
    filled = [np.flatnonzero(shown.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    ends = [(int(indices[0]), int(indices[-1]) + 1) for indices in filled]
    boxes = ndimage.find_objects(labels, max_label=CANAL - 1)
    return tuple(
        level
        for level, box in zip(LEVELS, boxes, strict=True)
        if box and any(side.start <= first or side.stop >= last for side, (first, last) in zip(box, ends, strict=True))
    )


def _upright(image: Any, values: npt.NDArray[Any], voxel_mm: float, order: int, fill: float) -> npt.NDArray[Any]:
    """Return voxels on a grid along the patient's axes, right, front and head."""
    nibabel, processing = optional("nibabel"), optional("nibabel.processing")
    moved = nibabel.Nifti1Image(values, image.affine)
    upright = processing.resample_to_output(moved, (voxel_mm,) * 3, order=order, cval=fill)
    return np.asarray(upright.dataobj, values.dtype)


def _check_column(scan: Scan, path: Path) -> None:
    """See that the vertebrae run from head to foot by their names, without a gap and with one that is whole."""
    levels = scan.levels
    if not set(levels) - set(scan.partial):
        raise BadInputError(path, "a vertebra that the scan shows whole", f"{', '.join(levels)} cut by its ends")
    for upper, lower in pairwise(levels):
        eleven_thoracic = (upper, lower) == ("T11", "L1")
        if INDEX[lower] - INDEX[upper] > 1 and not eleven_thoracic:
            raise BadInputError(path, "a column without a gap", f"{upper} followed by {lower}")
    ids = [CATEGORY_ID[level] for level in levels]
    heights = np.array(ndimage.center_of_mass(scan.labels > 0, scan.labels, ids))[:, 2]
    wrong = np.flatnonzero(np.diff(heights) >= 0)
    if len(wrong):
        upper, lower = levels[wrong[0]], levels[wrong[0] + 1]
        raise BadInputError(path, f"{upper} above {lower}", "it below; is the orientation right?")
