from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely
from scipy.io import savemat

from spineyolo.anatomy import LEVELS, View
from spineyolo.errors import BadInputError, Skipped
from spineyolo.film import Film
from spineyolo.formats import aasce
from spineyolo.polygons import mask_from_polygon
from spineyolo.sources import Source

WIDTH, HEIGHT = 256, 512  # powers of two, so that dividing by them and back is exact
SOURCE = Source("made", "", "", "", "", View.AP, "aasce", LEVELS[7:], "", subject_pattern=r"(\d+)")


def corners() -> np.ndarray:
    """`(17, 4, 2)` px: top left, top right, bottom left, bottom right of T1…L5, leaning a little."""
    tops = np.arange(17) * 28.0 + 10
    return np.array([[[80, y], [150, y + 4], [84, y + 20], [154, y + 25]] for y in tops])


def write(root: Path, form: str, points: np.ndarray) -> None:
    for folder in ("training", "test"):
        images, labels = root / "data" / folder, root / "labels" / folder
        images.mkdir(parents=True)
        labels.mkdir(parents=True)
        cv2.imwrite(str(images / "7 A.jpg"), np.zeros((HEIGHT, WIDTH), np.uint8))
        (labels / "filenames.csv").write_text("7 A.jpg\n")
        (labels / "angles.csv").write_text("31.5,20.25,11\n")
        flat = points.reshape(-1, 2)
        if form == "mat":
            savemat(labels / "7 A.jpg.mat", {"p2": flat})
        else:
            row = np.concatenate([flat[:, 0] / WIDTH, flat[:, 1] / HEIGHT])
            (labels / "landmarks.csv").write_text(",".join(map(repr, row.tolist())) + "\n")


def read(root: Path) -> tuple[list[Film], list[str]]:
    skipped = Skipped()
    return list(aasce.read(root, SOURCE, skipped)), [str(error) for error in skipped.errors]


def iou_with(ring: np.ndarray, polygon: np.ndarray) -> float:
    """Overlap of a polygon's mask with the pixel centres inside the true ring, both eight times as fine."""
    corner = ring.min(axis=0) - 2
    width, height = (8 * (ring.max(axis=0) - corner + 2)).astype(int)
    y, x = np.mgrid[:height, :width] + 0.5
    truth = shapely.contains_xy(shapely.Polygon(8 * (ring - corner)), x, y)
    mask = mask_from_polygon(np.float32(8 * (polygon - corner)), height, width)
    return float((mask & truth).sum() / (mask | truth).sum())


@pytest.mark.parametrize("form", ["csv", "mat"])
@pytest.mark.parametrize("folder", ["", "boostnet_labeldata"])
def test_read__corners_are_exact_and_masks_fit(tmp_path: Path, form: str, folder: str) -> None:
    write(tmp_path / folder, form, corners())
    films, said = read(tmp_path)
    assert said == [] and [(film.split, film.subject) for film in films] == [(None, "7"), ("test", "7")]
    for film in films:
        assert [vertebra.level for vertebra in film.vertebrae] == list(LEVELS[7:])
        assert (film.width, film.height, film.labelled) == (WIDTH, HEIGHT, LEVELS[7:])
        for vertebra, (top_left, top_right, bottom_left, bottom_right) in zip(film.vertebrae, corners(), strict=True):
            ring = np.array([top_left, top_right, bottom_right, bottom_left])
            assert vertebra.corners is not None and vertebra.corners.tolist() == ring.tolist()
            assert iou_with(ring, vertebra.polygon) >= 0.99


def test_read__rows_stay_as_published(tmp_path: Path) -> None:
    flawed = corners()
    flawed[[15, 16]] = flawed[[16, 15]]  # L5 above L4
    write(tmp_path, "csv", flawed)
    films, _ = read(tmp_path)
    lowest = max(films[0].vertebrae, key=lambda vertebra: float(vertebra.polygon[:, 1].max()))
    assert lowest.level == "L4"


def test_read__number_missing_is_noted(tmp_path: Path) -> None:
    points = corners()
    points[3, 1, 0] = np.nan
    write(tmp_path, "csv", points)
    films, said = read(tmp_path)
    assert not films and len(said) == 2 and "7 A.jpg" in said[0] and "T4" in said[0]


def test_read__film_missing_is_noted_and_the_rest_goes_on(tmp_path: Path) -> None:
    write(tmp_path, "csv", corners())
    (tmp_path / "data" / "training" / "7 A.jpg").unlink()
    films, said = read(tmp_path)
    assert [film.split for film in films] == ["test"]
    assert len(said) == 1 and "7 A.jpg" in said[0]


@pytest.mark.parametrize("fault", ["missing", "empty", "garbage", "other key", "other shape"])
def test_read__bad_mat_is_noted(tmp_path: Path, fault: str) -> None:
    write(tmp_path, "mat", corners())
    path = tmp_path / "labels" / "training" / "7 A.jpg.mat"
    if fault == "missing":
        path.unlink()
    elif fault in {"empty", "garbage"}:
        path.write_bytes(b"" if fault == "empty" else bytes(range(256)) * 4)
    else:
        savemat(path, {"p1": np.zeros((68, 2))} if fault == "other key" else {"p2": np.zeros((60, 2))})
    films, said = read(tmp_path)
    assert len(films) == 1 and len(said) == 1 and "7 A.jpg.mat" in said[0]


def test_read_angles__as_published(tmp_path: Path) -> None:
    write(tmp_path / "boostnet_labeldata", "csv", corners())
    angles = aasce.read_angles(tmp_path, "test")
    assert angles.to_dict("records") == [{"film": "7 A.jpg", "angle_1": 31.5, "angle_2": 20.25, "angle_3": 11.0}]


@pytest.mark.parametrize("content", [None, "", "1,2\n", "1,2,3\n4,5,6\n", "a,b,c\n"])
def test_read_angles__bad_table(tmp_path: Path, content: str | None) -> None:
    write(tmp_path, "csv", corners())
    path = tmp_path / "labels" / "test" / "angles.csv"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(BadInputError, match=r"angles\.csv"):
        aasce.read_angles(tmp_path, "test")
