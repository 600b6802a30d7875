import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from films import prediction_of
from pycocotools.coco import COCO

from spineyolo import export
from spineyolo.anatomy import LEVELS
from spineyolo.numbering import Numbering
from spineyolo.numbering.variants import Variant
from spineyolo.polygons import mask_from_polygon


def test_write_coco__pycocotools_reads_the_same_masks(tmp_path: Path) -> None:
    prediction = prediction_of(["T12", None, "L1"])
    export.write_coco([prediction], tmp_path / "predictions.json")
    coco = COCO(str(tmp_path / "predictions.json"))
    assert [category["name"] for category in coco.loadCats(range(1, 25))] == list(LEVELS)
    for annotation, polygon in zip(coco.loadAnns([1, 2, 3]), prediction.detections.polygons, strict=True):
        expected = mask_from_polygon(polygon, prediction.height, prediction.width)
        assert (coco.annToMask(annotation).astype(bool) == expected).mean() > 0.9999
        assert annotation["area"] == pytest.approx(expected.sum(), rel=0.05)
    assert [annotation["dropped"] for annotation in coco.loadAnns([1, 2, 3])] == [False, True, False]


def test_write_csv__numbered_vertebrae_from_the_top(tmp_path: Path) -> None:
    export.write_csv([prediction_of(["T12", None, "L1"])], tmp_path / "vertebrae.csv")
    assert pd.read_csv(tmp_path / "vertebrae.csv")["level"].tolist() == ["T12", "L1"]


def test_write_csv__nothing_found(tmp_path: Path) -> None:
    export.write_csv([prediction_of([])], tmp_path / "vertebrae.csv")
    assert pd.read_csv(tmp_path / "vertebrae.csv").empty


@pytest.mark.parametrize(("margin", "sure"), [(0.5, False), (30.0, True), (np.inf, True)])
def test_numbering_text__by_margin(margin: float, sure: bool) -> None:
    assert (export.numbering_text(prediction_of(["L1"], margin=margin)) == "sure") is sure


def test_numbering_text__says_what_is_unusual() -> None:
    found = prediction_of(["L1"])
    assert export.numbering_text(found) == "sure"
    with_variant = replace(found, numbering=replace(found.numbering, variant=Variant.LUMBAR_6))
    assert export.numbering_text(with_variant) == "sure, 6 lumbar"
    suspected = replace(found, numbering=replace(found.numbering, suspected=Variant.THORACIC_13))
    assert export.numbering_text(suspected) == "uncertain, perhaps 13 thoracic"


def test_coco_document__t13_and_l6_are_named_and_keep_valid_categories() -> None:
    prediction = prediction_of(["T12", "L1", "L2", "L3"])
    names = ("T12", "T13", "L1", "L6")
    document = export.coco_document([replace(prediction, numbering=Numbering(names, 30.0, Variant.THORACIC_13))])
    annotations = document["annotations"]
    assert [annotation["level"] for annotation in annotations] == list(names)
    assert [LEVELS[annotation["category_id"] - 1] for annotation in annotations] == ["T12", "T12", "L1", "L5"]
    assert not any(annotation["dropped"] for annotation in annotations)
    assert document["images"][0]["numbering"] == "sure, 13 thoracic"


def test_rows_of__a_recovered_candidate_scores_as_a_found_one() -> None:
    prediction = prediction_of(["T12", "L1", "L2"])
    prediction.detections.level_scores[:] = np.where(prediction.detections.level_scores > 0.5, 0.8, 0)
    prediction.detections.level_scores[1] *= 0.1
    rows = export.rows_of(replace(prediction, numbering=replace(prediction.numbering, recovered=(1,))))
    assert [row["recovered"] for row in rows] == [False, True, False]
    assert [row["score"] for row in rows] == pytest.approx([0.8, 0.25, 0.8])
    assert export.rows_of(prediction)[1]["score"] == pytest.approx(0.08)


def test_coco_document__is_plain_json() -> None:
    json.dumps(export.coco_document([prediction_of(["L1"])]), allow_nan=False)
