import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from films import prediction_of
from pycocotools.coco import COCO

from spineyolo import export
from spineyolo.anatomy import LEVELS
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


@pytest.mark.parametrize(("margin", "sure"), [(0.5, False), (9.0, True), (np.inf, True)])
def test_is_sure__by_margin(margin: float, sure: bool) -> None:
    assert export.is_sure(prediction_of(["L1"], margin=margin)) is sure


def test_coco_document__is_plain_json() -> None:
    json.dumps(export.coco_document([prediction_of(["L1"])]), allow_nan=False)
