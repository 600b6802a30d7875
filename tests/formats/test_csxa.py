import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from spineyolo.anatomy import View
from spineyolo.errors import Skipped
from spineyolo.film import Film
from spineyolo.formats import csxa
from spineyolo.polygons import mask_from_polygon
from spineyolo.sources import Source

C3 = {"top_left": [40, 30], "top_right": [120, 32], "bottom_left": [42, 80], "bottom_right": [122, 82]}
C2 = {"bottom_left": [40, 20], "bottom_right": [120, 22], "centroid": [80, 10]}


def write(root: Path, landmarks: Any) -> None:
    (root / "images").mkdir()
    for name in ("a", "b"):
        cv2.imwrite(str(root / "images" / f"{name}.png"), np.zeros((200, 180), np.uint8))
    cases = {"a": {"landmarks": landmarks}, "b": {"landmarks": {"C2": C2, "C3": C3}}}
    (root / "labels.json").write_text(json.dumps({"cases": cases}))


def read(root: Path, **options: Any) -> tuple[list[Film], list[str]]:
    source = Source("made", "", "", "", "", View.LATERAL, "csxa", ("C3", "C4"), "", options=options)
    skipped = Skipped()
    return list(csxa.read(root, source, skipped)), [str(error) for error in skipped.errors]


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ({}, ("top_right", "top_left", "bottom_left", "bottom_right")),
        ({"anterior": "right"}, ("top_left", "top_right", "bottom_right", "bottom_left")),
    ],
)
def test_read__corners_are_posterior_first_and_masks_fit(
    tmp_path: Path, options: dict[str, str], order: tuple[str, ...]
) -> None:
    write(tmp_path, {"C2": C2, "C3": C3})
    films, said = read(tmp_path, **options)
    assert said == [] and len(films) == 2  # C2 was not to be labelled
    (vertebra,) = films[0].vertebrae
    assert vertebra.level == "C3" and vertebra.corners is not None
    assert vertebra.corners.tolist() == [C3[name] for name in order]
    assert mask_from_polygon(vertebra.polygon, 200, 180).sum() == pytest.approx(80 * 50 - 4, rel=0.01)


@pytest.mark.parametrize(
    "landmarks",
    [None, [], {"C3": None}, {"C3": {"top_left": [1, 2]}}, {"C3": C3 | {"top_left": ["x", 2]}}, {"C3": C3, "C4": C2}],
)
def test_read__bad_landmarks_are_noted_and_the_rest_goes_on(tmp_path: Path, landmarks: Any) -> None:
    write(tmp_path, landmarks)
    films, said = read(tmp_path)
    assert [film.path.name for film in films] == ["b.png"]
    assert len(said) == 1 and "a.png" in said[0]


def test_read__unknown_side_is_noted(tmp_path: Path) -> None:
    write(tmp_path, {"C3": C3})
    films, said = read(tmp_path, anterior="front")
    assert not films and len(said) == 1 and "'front'" in said[0]


@pytest.mark.parametrize("content", ["", "[]", '{"cases": 3}'])
def test_read__bad_document_is_noted(tmp_path: Path, content: str) -> None:
    (tmp_path / "labels.json").write_text(content)
    films, said = read(tmp_path)
    assert not films and len(said) == 1 and "labels.json" in said[0]
