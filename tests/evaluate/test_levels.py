from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from spineyolo.evaluate import levels

IMAGE = {"file_name": "film.png", "height": 400, "width": 100}


def body(category: int, y0: float, y1: float, score: float = 0.9) -> dict[str, Any]:
    ring = [30, y0, 70, y0, 70, y1, 30, y1]
    return {"category_id": category, "segmentation": [ring], "bbox": [30, y0, 40, y1 - y0], "score": score}


def test_compare__fragment_does_not_cost_the_true_match() -> None:
    # The fragment fits the first truth by 0.45 and the second prediction fits the second by 0.2: together more
    # than the one real match (15 of 27 rows), though neither is one.
    truths = [body(20, 100, 120), body(21, 120, 140)]
    film = levels.compare(IMAGE, truths, [body(20, 105, 127), body(20, 100, 109)])
    assert film.shifts == (0,) and film.ious == pytest.approx((15 / 27,))


def test_compare__duplicate_is_matched_once() -> None:
    film = levels.compare(IMAGE, [body(20, 100, 120)], [body(21, 100, 116), body(20, 100, 120)])
    assert film.shifts == (0,) and film.ious == (1.0,)


@pytest.mark.parametrize(("score", "found"), [(levels.SURE_SCORE, 1), (levels.SURE_SCORE - 0.01, 0)])
def test_compare__score_below_the_operating_point_is_not_found(score: float, found: int) -> None:
    assert len(levels.compare(IMAGE, [body(20, 100, 120)], [body(20, 100, 120, score)]).shifts) == found


@pytest.mark.parametrize("form", ["compressed", "counts", "text"])
def test_compare__run_lengths_equal_the_polygon(form: str) -> None:
    mask = np.zeros((400, 100), np.uint8)
    mask[105:125, 30:70] = 1
    runs: dict[str, Any] = coco_mask.encode(np.asfortranarray(mask))
    if form == "counts":
        column_major = mask.ravel(order="F")
        edges = np.flatnonzero(np.diff(column_major)) + 1
        runs = {"size": [400, 100], "counts": np.diff([0, *edges, mask.size]).tolist()}
    if form == "text":
        runs = {**runs, "counts": runs["counts"].decode()}
    film = levels.compare(IMAGE, [body(20, 100, 120)], [{**body(20, 105, 125), "segmentation": runs}])
    assert film.ious == pytest.approx((15 / 25,))


def test_summarize__counts_over_films() -> None:
    films = [levels.FilmLevels(2, (0, 0), (1.0, 0.5), (1.0, 2 / 3)), levels.FilmLevels(2, (-1,), (0.6,), (0.75,))]
    result = levels.summarize(films)
    assert result["identification"] == pytest.approx(2 / 4) and result["detection"] == pytest.approx(3 / 4)
    assert result["films_all_right"] == 0.5 and result["shifts"] == {"-1": 1, "0": 2}
    assert result["iou"] == pytest.approx(2.1 / 3) and result["iou_all"] == pytest.approx(2.1 / 4)
