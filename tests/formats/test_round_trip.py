"""Each format against the same awkward vertebrae: a hole, two parts, touching neighbours, a point outside."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from spineyolo.anatomy import View
from spineyolo.errors import Skipped
from spineyolo.film import Film, Vertebra
from spineyolo.formats import READERS, coco, yolo
from spineyolo.polygons import bridge, mask_from_polygon, polygon_from_mask
from spineyolo.sources import Source

HEIGHT, WIDTH = 400, 300


def source(**options: Any) -> Source:
    return Source("made", "", "", "", "", View.AP, None, ("T11", "T12", "L1", "L2"), "", options=options)


def box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def rings() -> dict[str, list[np.ndarray]]:
    return {
        "T11": [box(50, 20, 200, 100), box(100, 40, 140, 70)],  # a hole
        "T12": [box(40, 100, 120, 180), box(150, 110, 240, 180)],  # two parts, touching T11
        "L1": [box(60, 180, 210, 270)],  # touching T12
        "L2": [box(-30, 290, 160, 420)],  # outside the film on two sides
    }


def truth() -> dict[str, np.ndarray]:
    return {level: mask_from_polygon(bridge(parts), HEIGHT, WIDTH) for level, parts in rings().items()}


def film(folder: Path, name: str = "film.png") -> Film:
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / name), np.zeros((HEIGHT, WIDTH), np.uint8))
    vertebrae = tuple(Vertebra(level, bridge(parts)) for level, parts in rings().items())
    return Film(folder / name, WIDTH, HEIGHT, View.AP, "made", name, vertebrae)


def read(name: str, root: Path, **options: Any) -> list[Film]:
    skipped = Skipped()
    films = list(READERS[name](root, source(**options), skipped))
    assert not skipped.errors, str(skipped.errors[0])
    return films


def assert_same(films: list[Film], levels: tuple[str, ...] = ("T11", "T12", "L1", "L2")) -> None:
    assert len(films) == 1
    assert [vertebra.level for vertebra in films[0].vertebrae] == list(levels)
    for vertebra in films[0].vertebrae:
        mask, expected = mask_from_polygon(vertebra.polygon, HEIGHT, WIDTH), truth()[vertebra.level or ""]
        assert (mask & expected).sum() / (mask | expected).sum() >= 0.99, vertebra.level


def test_coco__round_trip(tmp_path: Path) -> None:
    coco.write([film(tmp_path)], tmp_path / "annotations.json")
    assert_same(read("coco", tmp_path))


@pytest.mark.parametrize("kind", ["compressed", "uncompressed", "parts"])
def test_coco__foreign_documents(tmp_path: Path, kind: str) -> None:
    film(tmp_path)
    annotations = []
    for number, (level, mask) in enumerate(truth().items()):
        segmentation: Any = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
        segmentation["counts"] = segmentation["counts"].decode()
        if kind == "uncompressed":
            flat = mask.T.ravel().astype(int)
            runs = np.diff(np.concatenate([[0], np.flatnonzero(np.diff(flat)) + 1, [flat.size]])).tolist()
            segmentation = {"size": [HEIGHT, WIDTH], "counts": [0, *runs] if flat[0] else runs}
        if kind == "parts":
            segmentation = [ring.ravel().tolist() for ring in rings()[level]]
        annotations.append({"id": number, "image_id": 7, "category_id": 40 + number, "segmentation": segmentation})
    names = ["vertebra_T11", "t12", "L1", "L-02"]
    document = {
        "images": [{"id": 7, "file_name": "film.png"}],
        "categories": [{"id": 40 + number, "name": name} for number, name in enumerate(names)],
        "annotations": annotations,
    }
    (tmp_path / "annotations.json").write_text(json.dumps(document))
    assert_same(read("coco", tmp_path))


def test_coco__box_only_is_marked(tmp_path: Path) -> None:
    film(tmp_path)
    document = {
        "images": [{"id": 1, "file_name": "film.png"}],
        "categories": [{"id": 0, "name": "L1"}, {"id": 1, "name": "sacrum"}],
        "annotations": [
            {"image_id": 1, "category_id": 0, "bbox": [60, 180, 150, 90]},
            {"image_id": 1, "category_id": 1, "bbox": [60, 180, 150, 90]},
        ],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(document))
    skipped = Skipped()
    films = list(coco.read(tmp_path, source(), skipped))
    assert_same(films, ("L1",))
    assert films[0].vertebrae[0].box_only and "sacrum" in str(skipped.errors[0])


def write_yolo(root: Path) -> None:
    made = film(root / "train" / "images")
    (root / "train" / "labels").mkdir()
    (root / "train" / "labels" / "film.txt").write_text(yolo.lines(made))
    names = "".join(f"  {number}: {level}\n" for number, level in {17: "T11", 18: "T12", 19: "L1", 20: "L2"}.items())
    (root / "data.yaml").write_text(f"names:\n{names}")


def test_yolo__round_trip_one_line_a_vertebra(tmp_path: Path) -> None:
    write_yolo(tmp_path)
    assert len((tmp_path / "train" / "labels" / "film.txt").read_text().splitlines()) == 4
    films = read("yolo", tmp_path)
    assert_same(films)
    assert films[0].split == "train"


def test_yolo__faults_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    write_yolo(tmp_path)
    labels = tmp_path / "train" / "labels"
    film(tmp_path / "train" / "images", "alone.png")
    (labels / "orphan.txt").write_text("")
    with (labels / "film.txt").open("a") as file:
        file.write("19 0.5 0.5 nan 0.2 0.1 0.1\n77 0.5 0.5 0.1 0.1\n19 0.45 0.5625 0.5 0.225\n")
    skipped = Skipped()
    films = list(yolo.read(tmp_path, source(), skipped))
    assert [vertebra.box_only for vertebra in films[0].vertebrae] == [False] * 4 + [True]
    said = " ".join(str(error) for error in skipped.errors)
    assert len(skipped) == 4
    assert all(word in said for word in ("orphan.txt", "alone.png", "line 5", "not finite", "line 6"))


def test_labelme__groups_are_one_vertebra(tmp_path: Path) -> None:
    film(tmp_path)
    shapes = [
        {"label": level, "points": ring.tolist(), "group_id": number, "shape_type": "polygon"}
        for number, (level, parts) in enumerate(rings().items())
        for ring in parts
    ]
    (tmp_path / "film.json").write_text(json.dumps({"imagePath": "film.png", "shapes": shapes}))
    assert_same(read("labelme", tmp_path))


@pytest.mark.parametrize("kind", ["levels", "binary"])
def test_masks__round_trip(tmp_path: Path, kind: str) -> None:
    film(tmp_path / "images")
    ids = np.zeros((HEIGHT, WIDTH), np.uint8)
    (tmp_path / "masks" / "film").mkdir(parents=True)
    for number, (level, mask) in enumerate(truth().items(), start=11):
        ids[mask] = number
        cv2.imwrite(str(tmp_path / "masks" / "film" / f"{level}.png"), mask.astype(np.uint8) * 255)
    cv2.imwrite(str(tmp_path / "masks" / "film.png"), ids)
    films = read("masks", tmp_path, kind=kind, labels={11: "T11", 12: "T12", 13: "L1", 14: "L2"})
    assert_same(films, tuple(sorted(truth())) if kind == "binary" else ("T11", "T12", "L1", "L2"))


def test_masks__size_must_fit(tmp_path: Path) -> None:
    film(tmp_path / "images")
    (tmp_path / "masks").mkdir()
    cv2.imwrite(str(tmp_path / "masks" / "film.png"), np.ones((50, 60), np.uint8))
    skipped = Skipped()
    assert not list(READERS["masks"](tmp_path, source(labels={1: "L1"}), skipped))
    assert "300 × 400" in str(skipped.errors[0]) and "60 × 50" in str(skipped.errors[0])


def write_voc(root: Path, name: str = "L1", head: str = "") -> None:
    film(root)
    bounds = "<xmin>60</xmin><ymin>180</ymin><xmax>210</xmax><ymax>270</ymax>"
    thing = f"<object><name>{name}</name><bndbox>{bounds}</bndbox></object>"
    (root / "film.xml").write_text(f"{head}<annotation><filename>film.png</filename>{thing}</annotation>")


def test_voc__boxes(tmp_path: Path) -> None:
    write_voc(tmp_path)
    films = read("voc", tmp_path)
    assert_same(films, ("L1",))
    assert films[0].vertebrae[0].box_only


def test_voc__entities_are_refused(tmp_path: Path) -> None:
    write_voc(tmp_path, "&x;", '<!DOCTYPE a [<!ENTITY x "L1">]>')
    skipped = Skipped()
    assert not list(READERS["voc"](tmp_path, source(), skipped)) and len(skipped) == 1


def test_csxa__anterior_left(tmp_path: Path) -> None:
    film(tmp_path / "images")
    corners = {"top_left": [60, 180], "top_right": [210, 180], "bottom_left": [60, 270], "bottom_right": [210, 270]}
    (tmp_path / "labels.json").write_text(json.dumps({"cases": {"film": {"landmarks": {"L1": corners}}}}))
    films = read("csxa", tmp_path)
    assert_same(films, ("L1",))
    assert films[0].vertebrae[0].corners is not None
    assert films[0].vertebrae[0].corners[0].tolist() == [210, 180]  # superior posterior


def test_coco_keypoints__hidden_corner_is_noted(tmp_path: Path) -> None:
    film(tmp_path / "images")
    x0, y0, x1, y1 = 60, 180, 210, 270
    names = ["L1TB", "L1TF", "L1BB", "L1BF", "L2TB", "L2TF", "L2BB", "L2BF"]
    points = [x0, y0, 2, x1, y0, 2, x0, y1, 2, x1, y1, 2, 50, 300, 2, 90, 300, 2, 50, 340, 2, 0, 0, 0]
    document = {
        "images": [{"id": 1, "file_name": "film.png"}],
        "categories": [{"keypoints": names}],
        "annotations": [{"image_id": 1, "keypoints": points}],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(document))
    skipped = Skipped()
    assert_same(list(READERS["coco_keypoints"](tmp_path, source(), skipped)), ("L1",))
    assert "L2" in str(skipped.errors[0])


def write_aasce(root: Path, points: np.ndarray, films: int = 1) -> None:
    for folder in ("training", "test"):
        film(root / "data" / folder)
        (root / "labels" / folder).mkdir(parents=True)
        (root / "labels" / folder / "filenames.csv").write_text("film.png\n" * films)
        row = np.concatenate([points[:, 0] / WIDTH, points[:, 1] / HEIGHT])
        (root / "labels" / folder / "landmarks.csv").write_text(",".join(f"{value:.8f}" for value in row) + "\n")


def test_aasce__corners_and_split(tmp_path: Path) -> None:
    tops = np.arange(17) * 22.0
    points = np.array([[x, y + dy] for y in tops for dy in (2, 18) for x in (100, 180)])
    write_aasce(tmp_path, points)
    films = read("aasce", tmp_path)
    assert [made.split for made in films] == [None, "test"]
    assert [len(made.vertebrae) for made in films] == [17, 17]
    last = films[0].vertebrae[-1]
    assert last.level == "L5" and last.corners == pytest.approx(box(100, 354, 180, 370), abs=1e-3)


def test_aasce__row_count_must_fit(tmp_path: Path) -> None:
    write_aasce(tmp_path, np.zeros((68, 2)), films=2)
    skipped = Skipped()
    assert not list(READERS["aasce"](tmp_path, source(), skipped))
    assert "2 rows" in str(skipped.errors[0]) and "found 1" in str(skipped.errors[0])


def test_polygon_from_mask__of_truth_is_the_truth() -> None:
    for mask in truth().values():
        again = mask_from_polygon(polygon_from_mask(mask), HEIGHT, WIDTH)
        assert (mask & again).sum() / (mask | again).sum() >= 0.99
