import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from spineyolo.anatomy import View
from spineyolo.errors import Skipped
from spineyolo.film import Film
from spineyolo.formats import coco_keypoints
from spineyolo.polygons import mask_from_polygon
from spineyolo.sources import Source

SOURCE = Source("made", "", "", "", "", View.LATERAL, "coco_keypoints", ("C3", "C4", "C5"), "")
# Anterior to the right: back is x = 40, front x = 120.
POINTS = {
    "C2BB": (40, 20),
    "C2BF": (120, 22),
    "C3TB": (40, 30),
    "C3TF": (120, 32),
    "C3BB": (42, 80),
    "C3BF": (122, 82),
    "C4TB": (42, 90),
    "C4TF": (122, 92),
    "C4BB": (44, 140),
    "C4BF": (124, 142),
    "C5TB": (0, 0),
    "C5TF": (0, 0),
    "C5BB": (0, 0),
    "C5BF": (0, 0),
}


def write(root: Path, hidden: tuple[str, ...] = ("C5TB", "C5TF", "C5BB", "C5BF"), **changes: Any) -> None:
    (root / "images").mkdir()
    cv2.imwrite(str(root / "images" / "a.png"), np.zeros((200, 180), np.uint8))
    values = [number for name, (x, y) in POINTS.items() for number in (x, y, 0 if name in hidden else 2)]
    document = {
        "images": [{"id": 3, "file_name": "a.png"}],
        "categories": [{"id": 1, "keypoints": list(POINTS)}],
        "annotations": [{"image_id": 3, "category_id": 1, "keypoints": values}],
    }
    (root / "annotations.json").write_text(json.dumps(document | changes))


def read(root: Path) -> tuple[list[Film], list[str]]:
    skipped = Skipped()
    return list(coco_keypoints.read(root, SOURCE, skipped)), [str(error) for error in skipped.errors]


def test_read__corners_are_posterior_first_and_masks_fit(tmp_path: Path) -> None:
    write(tmp_path)
    (film,), said = read(tmp_path)
    assert said == []  # C2 was not to be labelled, C5 is not in view
    assert [vertebra.level for vertebra in film.vertebrae] == ["C3", "C4"]
    for vertebra in film.vertebrae:
        ring = [list(map(float, POINTS[f"{vertebra.level}{corner}"])) for corner in ("TB", "TF", "BF", "BB")]
        assert vertebra.corners is not None and vertebra.corners.tolist() == ring
        mask = mask_from_polygon(vertebra.polygon, film.height, film.width)
        assert mask.sum() == pytest.approx(80 * 50 - 4, rel=0.01)


def test_read__part_of_the_corners_hidden_is_noted(tmp_path: Path) -> None:
    write(tmp_path, hidden=("C4TB", "C5TB", "C5TF", "C5BB", "C5BF"))
    (film,), said = read(tmp_path)
    assert [vertebra.level for vertebra in film.vertebrae] == ["C3"]
    assert len(said) == 1 and "four corners of C4" in said[0] and "found 3" in said[0]


@pytest.mark.parametrize("keypoints", [[1, 2, 2], ["x"] * 42, [[1], [2, 3]], None])
def test_read__bad_keypoints_are_noted(tmp_path: Path, keypoints: object) -> None:
    write(tmp_path, annotations=[{"image_id": 3, "keypoints": keypoints}])
    films, said = read(tmp_path)
    assert not films and len(said) == 1 and "a.png" in said[0]


def test_read__film_without_annotation_is_noted(tmp_path: Path) -> None:
    write(tmp_path, annotations=[])
    films, said = read(tmp_path)
    assert not films and len(said) == 1 and "a.png" in said[0]


def test_read__second_annotation_of_a_film_is_noted(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "annotations.json"
    document = json.loads(path.read_text())
    document["annotations"].append({"image_id": 3, "keypoints": [0] * 42})
    path.write_text(json.dumps(document))
    (film,), said = read(tmp_path)
    assert len(film.vertebrae) == 2 and len(said) == 1 and "image 3" in said[0]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"categories": [], "images": [], "annotations": []}'])
def test_read__bad_document_is_noted(tmp_path: Path, content: str) -> None:
    (tmp_path / "annotations.json").write_text(content)
    films, said = read(tmp_path)
    assert not films and len(said) == 1 and "annotations.json" in said[0]


def test_read__keypoint_name_that_is_a_list(tmp_path: Path) -> None:
    write(tmp_path, categories=[{"id": 1, "keypoints": [["C3TB"], *list(POINTS)[1:]]}])
    (film,), said = read(tmp_path)
    assert film.vertebrae and said == []
