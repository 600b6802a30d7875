import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from formats.made import HEIGHT, WIDTH, iou, levels, make_image, read

GOOD = {"label": "L1", "shape_type": "rectangle", "points": [[210, 270], [60, 180]]}


def write_set(root: Path, shapes: list[Any], **stated: int) -> None:
    make_image(root / "films" / "film.png")
    document = {"imagePath": "..\\films\\film.png", "shapes": shapes, **stated}
    (root / "labels").mkdir()
    (root / "labels" / "film.json").write_text(json.dumps(document))


def test_read__rectangle_of_any_two_corners(tmp_path: Path) -> None:
    write_set(tmp_path, [GOOD], imageWidth=WIDTH, imageHeight=HEIGHT)
    films, said = read("labelme", tmp_path)
    box = np.array([[60, 180], [210, 180], [210, 270], [60, 270]], np.float32)
    assert not said and films[0].vertebrae[0].box_only
    assert iou(films[0].vertebrae[0].polygon, box) == 1


def test_read__group_with_a_polygon_is_more_than_a_box(tmp_path: Path) -> None:
    polygon = {"label": "L1", "shape_type": "polygon", "points": [[10, 10], [50, 10], [50, 50]], "group_id": 4}
    write_set(tmp_path, [polygon, {**GOOD, "group_id": 4}, {**GOOD, "label": "L2", "group_id": 4}])
    films, said = read("labelme", tmp_path)
    assert not said
    assert [(made.level, made.box_only) for made in films[0].vertebrae] == [("L1", False), ("L2", True)]


@pytest.mark.parametrize(
    "shape",
    [
        "shape",
        {"points": [[1, 1], [2, 2], [3, 1]]},
        {**GOOD, "label": "sacrum"},
        {**GOOD, "points": [[1, 2, 3], [4, 5, 6]]},
        {**GOOD, "points": [["a", 1], [2, 3]]},
        {**GOOD, "points": [1, 2]},
        {**GOOD, "points": None},
        {"label": "L1", "shape_type": "circle", "points": [[1, 1], [2, 2]]},
        {"label": "L1", "points": [[10**400, 1], [2, 2], [3, 3]]},
        {"label": "L1", "points": [[float("nan"), 1], [2, 2], [3, 3]]},
    ],
    ids=str,
)
def test_read__one_faulty_shape_is_noted_and_the_next_goes_through(tmp_path: Path, shape: Any) -> None:
    write_set(tmp_path, [shape, GOOD])
    films, said = read("labelme", tmp_path)
    assert levels(films[0]) == ["L1"]
    assert len(said) == 1 and "film.json" in said[0]


def test_read__stated_size_must_be_the_films(tmp_path: Path) -> None:
    write_set(tmp_path, [GOOD], imageWidth=2 * WIDTH, imageHeight=2 * HEIGHT)
    films, said = read("labelme", tmp_path)
    assert not films
    assert len(said) == 1 and "600 × 800" in said[0] and "300 × 400" in said[0]


def test_read__broken_document_and_film_without_label_are_noted(tmp_path: Path) -> None:
    write_set(tmp_path, [GOOD])
    make_image(tmp_path / "films" / "alone.png")
    make_image(tmp_path / "films" / "broken.png")
    (tmp_path / "labels" / "broken.json").write_text("{")
    films, said = read("labelme", tmp_path)
    assert [film.path.name for film in films] == ["film.png"]
    assert len(said) == 2 and "broken.json" in said[0] and "alone.png" in said[1]
