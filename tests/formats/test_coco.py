import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from formats.made import HEIGHT, WIDTH, iou, levels, make_image, read

from spineyolo.anatomy import View
from spineyolo.film import Film, Vertebra
from spineyolo.formats import coco

GOOD = {"image_id": 1, "category_id": 3, "bbox": [60, 180, 150, 90]}


def write_document(folder: Path, annotations: list[Any], images: tuple[str, ...] = ("film.png",), **size: Any) -> None:
    document = {
        "images": [{"id": number, "file_name": name, **size} for number, name in enumerate(images, start=1)],
        "categories": [{"id": 3, "name": "L1"}],
        "annotations": annotations,
    }
    for name in images:
        make_image(folder / name)
    (folder / "annotations.json").write_text(json.dumps(document))


def rle(counts: Any, height: int = HEIGHT, width: int = WIDTH) -> dict[str, Any]:
    return {"segmentation": {"size": [height, width], "counts": counts}}


@pytest.mark.parametrize(
    "fault",
    [
        {"category_id": [3]},
        {"category_id": 77},
        {"bbox": None},
        {"bbox": [None] * 4},
        {"bbox": 5},
        {"bbox": [float("nan"), 1, 5, 5]},
        {"bbox": [10, 10, 0, 5]},
        {"bbox": [10**400, 1, 2, 3]},
        {"segmentation": [[10**400, 1, 2, 3, 4, 5]]},
        {"segmentation": [[1, 2, 3, 4]]},
        {"segmentation": [1, 2, 3, 4, 5, 6]},
        {"segmentation": "polygon"},
        rle([5, 5]),
        rle([HEIGHT * WIDTH + 5, -5]),
        rle([10**12], 10**6, 10**6),
        rle([HEIGHT * WIDTH]),
    ],
    ids=str,
)
def test_read__one_faulty_annotation_is_noted_and_the_next_goes_through(tmp_path: Path, fault: dict[str, Any]) -> None:
    write_document(tmp_path, [{**GOOD, **fault}, GOOD])
    films, said = read("coco", tmp_path)
    assert levels(films[0]) == ["L1"]
    assert len(said) == 1 and "film.png" in said[0]


def test_read__stated_size_must_be_the_films(tmp_path: Path) -> None:
    write_document(tmp_path, [GOOD], width=HEIGHT, height=WIDTH)
    films, said = read("coco", tmp_path)
    assert not films
    assert len(said) == 1 and "400 × 300" in said[0] and "300 × 400" in said[0]


def test_read__annotation_of_no_image_is_noted(tmp_path: Path) -> None:
    write_document(tmp_path, [GOOD, {**GOOD, "image_id": 9}])
    films, said = read("coco", tmp_path)
    assert levels(films[0]) == ["L1"]
    assert len(said) == 1 and "image_id 9" in said[0]


def test_read__label_outside_the_film_costs_only_that_film(tmp_path: Path) -> None:
    far = {"image_id": 1, "category_id": 3, "bbox": [900, 900, 50, 50]}
    write_document(tmp_path, [far, {**GOOD, "image_id": 2}], ("first.png", "second.png"))
    films, said = read("coco", tmp_path)
    assert [film.path.name for film in films] == ["second.png"]
    assert len(said) == 1 and "first.png" in said[0]


def test_read__missing_and_broken_images_are_noted(tmp_path: Path) -> None:
    write_document(tmp_path, [{**GOOD, "image_id": 3}], ("gone.png", "broken.png", "film.png"))
    (tmp_path / "gone.png").unlink()
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    films, said = read("coco", tmp_path)
    assert [film.path.name for film in films] == ["film.png"]
    assert len(said) == 2 and "gone.png" in said[0] and "broken.png" in said[1]


@pytest.mark.parametrize("text", ["", "[1, 2", "[]", "{}", '{"images": 5}', '{"images": [{}]}'])
def test_read__no_coco_document(tmp_path: Path, text: str) -> None:
    (tmp_path / "annotations.json").write_text(text)
    films, said = read("coco", tmp_path)
    assert not films and len(said) == 1


def test_read__glob_takes_the_split_from_the_folder(tmp_path: Path) -> None:
    for folder in ("train", "valid", "test"):
        write_document(tmp_path / folder, [GOOD], (f"{folder}.png",))
        (tmp_path / folder / "annotations.json").rename(tmp_path / folder / "_annotations.coco.json")
    films, said = read("coco", tmp_path, annotations="*/_annotations.coco.json")
    assert not said
    assert {film.path.stem: film.split for film in films} == {"train": "train", "valid": "val", "test": "test"}


def test_write__document_is_complete(tmp_path: Path) -> None:
    make_image(tmp_path / "film.png")
    ring = np.array([[60, 180], [210, 180], [210, 270], [60, 270]], np.float32)
    film = Film(tmp_path / "film.png", WIDTH, HEIGHT, None, "made", "film", (Vertebra("C7", ring, box_only=True),))
    coco.write([film], tmp_path / "annotations.json")
    document = json.loads((tmp_path / "annotations.json").read_text())
    assert [category["id"] for category in document["categories"]] == list(range(1, 25))
    assert document["categories"][7] == {"id": 8, "name": "T1", "supercategory": "thoracic"}
    annotation = document["annotations"][0]
    assert (annotation["category_id"], annotation["bbox"], annotation["area"]) == (7, [60, 180, 150, 90], 150 * 90)
    films, said = read("coco", tmp_path)
    assert not said and films[0].vertebrae[0].box_only
    assert iou(films[0].vertebrae[0].polygon, ring) == 1


def test_read__view_of_an_image_goes_before_that_of_the_source(tmp_path: Path) -> None:
    write_document(tmp_path, [GOOD], view="")
    assert read("coco", tmp_path)[0][0].view is View.AP
    write_document(tmp_path, [GOOD], view="lateral")
    assert read("coco", tmp_path)[0][0].view is View.LATERAL
    write_document(tmp_path, [GOOD], view="axial")
    films, said = read("coco", tmp_path)
    assert not films and "view AP or lateral" in said[0] and "'axial'" in said[0]


def test_write__view_comes_back(tmp_path: Path) -> None:
    make_image(tmp_path / "film.png")
    films = [Film(tmp_path / "film.png", WIDTH, HEIGHT, view, "made", "film") for view in (View.LATERAL, View.AP, None)]
    for film in films[:2]:
        coco.write([film], tmp_path / "annotations.json")
        assert read("coco", tmp_path)[0][0].view is film.view
