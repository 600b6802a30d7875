from pathlib import Path
from typing import Any

import numpy as np
import pytest
from render.ct_scans import (
    END,
    VOXEL_MM,
    column,
    dice,
    garble,
    hounsfield,
    pair,
    save,
)

from spineyolo.anatomy import CATEGORY_ID
from spineyolo.errors import BadInputError, SpineYoloError
from spineyolo.render.ct_labels import Numbering, optional, read_scan


def test_optional__missing_module_is_named_with_the_remedy() -> None:
    with pytest.raises(SpineYoloError, match=r"no_such_module.*requirements-ct\.txt"):
        optional("no_such_module")


def test_read_scan__levels_of_both_numberings(tmp_path: Path) -> None:
    ct_path, labels_path = pair(tmp_path, "T12", "L1", "L2")
    labels, _ = column("T12", "L1", "L2")
    total = save(tmp_path / "total.nii.gz", np.where(labels > 0, 51 - labels.astype(int), 0).astype(np.uint8))
    for path, numbering in ((labels_path, Numbering.VERSE), (total, Numbering.TOTALSEGMENTATOR)):
        scan = read_scan(ct_path, path, numbering, VOXEL_MM)
        assert scan.levels == ("T12", "L1", "L2") and not scan.partial
        assert (scan.labels == labels).all()


def test_read_scan__anisotropic_and_flipped_volume_comes_out_upright(tmp_path: Path) -> None:
    labels, _ = column("T12", "L1", "L2")
    kept = labels[::-1, ::-1, ::2]  # patient's left and back first, 4 mm slices
    affine = np.diag([-VOXEL_MM, -VOXEL_MM, 2 * VOXEL_MM, 1.0])
    ct_path = save(tmp_path / "ct.nii.gz", hounsfield(labels)[::-1, ::-1, ::2], affine)
    scan = read_scan(ct_path, save(tmp_path / "seg.nii.gz", kept, affine), Numbering.VERSE, VOXEL_MM)
    depth = min(labels.shape[2], scan.labels.shape[2])
    assert dice(scan.labels[:, :, :depth] > 0, labels[:, :, :depth] > 0) > 0.85
    left = np.argwhere(scan.hounsfield > 1000).mean(axis=0)
    assert left[0] < scan.labels.shape[0] / 3


def test_read_scan__oblique_volume_is_resampled(tmp_path: Path) -> None:
    labels, _ = column("T12", "L1", "L2")
    angle = np.radians(12)
    affine = np.eye(4)
    affine[:3, :3] = VOXEL_MM * np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    ct_path = save(tmp_path / "ct.nii.gz", hounsfield(labels), affine)
    scan = read_scan(ct_path, save(tmp_path / "seg.nii.gz", labels, affine), Numbering.VERSE, VOXEL_MM)
    centres = {level: np.argwhere(scan.labels == CATEGORY_ID[level]).mean(axis=0) for level in scan.levels}
    up = centres["T12"] - centres["L2"]
    assert np.degrees(np.arctan2(-up[1], up[2])) == pytest.approx(12, abs=0.5)
    assert (scan.labels > 0).sum() == pytest.approx((labels > 0).sum(), rel=0.03)


@pytest.mark.parametrize("padded", [False, True], ids=["at the last slice", "before slices of air"])
def test_read_scan__cut_levels_are_partial(tmp_path: Path, padded: bool) -> None:
    labels, _ = column("T12", "L1", "L2")
    cut = slice(None, labels.shape[2] - END - 4)
    values, labels = hounsfield(labels)[:, :, cut], labels[:, :, cut]
    if padded:
        values = np.pad(values, ((0, 0), (0, 0), (0, 6)), constant_values=-1000)
        labels = np.pad(labels, ((0, 0), (0, 0), (0, 6)))
    ct_path = save(tmp_path / "ct.nii.gz", values)
    scan = read_scan(ct_path, save(tmp_path / "seg.nii.gz", labels), Numbering.VERSE, VOXEL_MM)
    assert scan.partial == ("T12",)


def test_read_scan__each_fault_is_named(tmp_path: Path) -> None:
    labels, _ = column("T12", "L1", "L2")
    values = hounsfield(labels)
    upside_down = labels[:, :, ::-1]
    gap = np.where(labels == CATEGORY_ID["L1"], CATEGORY_ID["L2"] + 1, labels).astype(np.uint8)
    thick = np.diag([VOXEL_MM, VOXEL_MM, 9.0, 1.0])
    moved = np.diag([VOXEL_MM] * 3 + [1.0])
    moved[0, 3] = 30
    flipped = np.diag([-VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    nan = values.copy()
    nan[0, 0, 0] = np.nan
    faults: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("the shape", {}, {"values": labels[:-1]}),
        ("the orientation RAS of", {}, {"affine": flipped}),
        ("a shift of 30.0 mm", {}, {"affine": moved}),
        ("label numbers of verse, found 77", {}, {"values": np.where(labels == 20, 77, labels).astype(np.uint8)}),
        ("whole label numbers", {}, {"values": labels + np.float32(0.5)}),
        ("a vertebra in the numbering of verse", {}, {"values": (labels > 0).astype(np.uint8) * 26}),
        ("T12 above L1", {}, {"values": upside_down}),
        ("without a gap", {}, {"values": gap}),
        ("shows whole", {}, {"values": np.full_like(labels, 20)}),
        ("Hounsfield units", {"values": values / 4000}, {}),
        ("finite voxels", {"values": nan}, {}),
        ("voxels of up to 5 mm", {"affine": thick}, {"affine": thick}),
        ("three dimensions", {"values": values[..., None, None].repeat(2, 3)}, {}),
    ]
    for sentence, ct_fault, labels_fault in faults:
        ct_path = save(tmp_path / "ct.nii.gz", **{"values": values, **ct_fault})
        labels_path = save(tmp_path / "seg.nii.gz", **{"values": labels, **labels_fault})
        with pytest.raises(BadInputError) as caught:
            read_scan(ct_path, labels_path, Numbering.VERSE, VOXEL_MM)
        assert sentence in str(caught.value), caught.value


def test_read_scan__missing_and_broken_files_are_named(tmp_path: Path) -> None:
    ct_path, labels_path = pair(tmp_path, "L1", "L2")
    with pytest.raises(BadInputError, match=r"a label volume none\.nii\.gz"):
        read_scan(ct_path, tmp_path / "none.nii.gz", Numbering.VERSE, VOXEL_MM)
    garble(labels_path)
    with pytest.raises(BadInputError, match=r"a_seg\.nii\.gz: expected a"):
        read_scan(ct_path, labels_path, Numbering.VERSE, VOXEL_MM)
