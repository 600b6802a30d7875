import contextlib
import copy
import io
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from spineyolo.anatomy import INDEX
from spineyolo.evaluate import levels
from spineyolo.evaluate.report import FilmPair, figures
from spineyolo.formats.coco import categories

AP_FIGURES = ("mAP50-95", "mAP50", "mAP75")
IMAGE = {"id": 1, "file_name": "film.png", "height": 400, "width": 100}


def annotation(level: str, y0: float, height: float = 20, score: float = 0.9, **extra: Any) -> dict[str, Any]:
    ring = [30, y0, 70, y0, 70, y0 + height, 30, y0 + height]
    return {
        "category_id": INDEX[level] + 1,
        "segmentation": [ring],
        "bbox": [30, y0, 40, height],
        "area": 40 * height,
        "score": score,
        **extra,
    }


def truths() -> list[dict[str, Any]]:
    return [annotation(level, 30.0 * row) for row, level in enumerate(("T10", "T11", "T12", "L1", "L2"))]


def measured(predictions: list[dict[str, Any]]) -> dict[str, Any]:
    return figures([FilmPair(IMAGE, truths(), predictions)])


def test_figures__perfect_prediction() -> None:
    result = measured(truths())
    assert result["mask_numbered_mAP50-95"] == pytest.approx(1) == result["box_agnostic_mAP50-95"]
    assert result["identification"] == result["films_all_right"] == result["dice"] == 1


def test_figures__one_level_too_low() -> None:
    shifted = [{**truth, "category_id": truth["category_id"] + 1} for truth in truths()]
    result = measured(shifted)
    assert result["mask_numbered_mAP50"] == 0 and result["mask_agnostic_mAP50"] == pytest.approx(1)
    assert result["identification"] == 0 and result["detection"] == 1 and result["shifts"] == {"+1": 5}


def test_figures__missed_vertebra_lowers_the_rates_by_its_share() -> None:
    result = measured(truths()[1:])
    assert result["identification"] == pytest.approx(4 / 5)
    assert result["films_all_right"] == 0 and result["dice"] == 1 and result["dice_all"] == pytest.approx(4 / 5)


def test_figures__set_aside_candidates_count_only_where_levels_do_not() -> None:
    extra = annotation("L3", 200, score=0.99, dropped=True)
    result, without = measured([*truths(), extra]), measured(truths())
    changed = {name for name in result if str(result[name]) != str(without[name])}
    assert changed == {f"{kind}_agnostic_{figure}" for kind in ("mask", "box") for figure in AP_FIGURES}


def test_figures__nothing_predicted() -> None:
    result = measured([])
    assert result["mask_agnostic_mAP50"] == result["identification"] == 0


def test_compare__iou_and_dice_of_shifted_masks() -> None:
    film = levels.compare(IMAGE, [annotation("L1", 100)], [annotation("L1", 105)])
    assert film.ious == pytest.approx((15 / 25,)) and film.dices == pytest.approx((15 / 20,))


def test_compare__below_the_matching_iou_is_a_miss() -> None:
    assert levels.compare(IMAGE, [annotation("L1", 100)], [annotation("L1", 110)]).shifts == ()


def test_figures__equal_pycocotools_called_by_hand() -> None:
    rng = np.random.default_rng(0)
    predictions = []
    for truth in truths():
        for _ in range(3):
            y0 = truth["bbox"][1] + rng.normal(0, 4)
            level = truth["category_id"] - 1 + int(rng.integers(-1, 2))
            predictions.append(annotation(list(INDEX)[level], y0, score=float(rng.random())))
    coco = COCO()
    true = [{**truth, "id": i + 1, "image_id": 1, "iscrowd": 0} for i, truth in enumerate(truths())]
    coco.dataset = {"info": {}, "images": [IMAGE], "annotations": true, "categories": categories()}
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        found = coco.loadRes([{**p, "image_id": 1} for p in copy.deepcopy(predictions)])
        by_hand = COCOeval(coco, found, "segm")
        by_hand.evaluate()
        by_hand.accumulate()
        by_hand.summarize()
    result = measured(predictions)
    ours = [result[f"mask_numbered_{name}"] for name in ("mAP50-95", "mAP50", "mAP75")]
    assert 0 < ours[1] < 1 and ours == pytest.approx(list(by_hand.stats[:3]), abs=1e-9)
    assert result["mask_numbered_mAR"] == pytest.approx(by_hand.stats[8], abs=1e-9)
