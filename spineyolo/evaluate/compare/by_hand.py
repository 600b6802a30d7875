"""Our AP against pycocotools as its own manual calls it: from files, with its own settings."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from spineyolo.anatomy import CATEGORY_ID
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.coco import IOU_TYPES, NAMINGS
from spineyolo.evaluate.compare.accuracy import annotations_of
from spineyolo.formats.coco import categories
from spineyolo.polygons import bounding_box, signed_area
from spineyolo.prediction import Prediction

TOLERANCE: Final = 1e-6
_STATS: Final = {"mAP50-95": 0, "mAP50": 1, "mAP75": 2, "mAR": 8}  # places in COCOeval.stats


def check(cases: Sequence[Case], predictions: Sequence[Prediction], ours: Mapping[str, float]) -> float:
    """Return the largest difference of our AP figures of all cases from pycocotools called by hand.

    Raises:
        SpineYoloError: if it is over `TOLERANCE`, or one of both has a figure that the other lacks.
    """
    theirs = by_hand(cases, predictions)
    differences = {name: abs(value - ours[name]) for name, value in theirs.items() if value >= 0 or ours[name] >= 0}
    worst = max(differences, key=lambda name: differences[name])
    if not differences[worst] <= TOLERANCE:
        raise SpineYoloError(f"{worst}: expected pycocotools' {theirs[worst]:.8f}, found {ours[worst]:.8f}")
    return differences[worst]


def by_hand(cases: Sequence[Case], predictions: Sequence[Prediction]) -> dict[str, float]:
    """Return pycocotools' AP and AR at 100 detections by our names; -1 without truth."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        truth_path = Path(folder) / "truth.json"
        truth_path.write_text(json.dumps(_truth(cases)), encoding="utf-8")
        truth = COCO(str(truth_path))
        for naming in NAMINGS:
            found = _found(predictions, agnostic=naming == "agnostic")
            found_path = Path(folder) / f"{naming}.json"
            found_path.write_text(json.dumps(found), encoding="utf-8")
            for kind, iou_type in IOU_TYPES.items():
                if not found:
                    figures.update({f"{kind}_{naming}_{name}": 0.0 for name in _STATS})
                    continue
                evaluation = COCOeval(truth, truth.loadRes(str(found_path)), iou_type)
                evaluation.params.useCats = int(naming == "numbered")
                evaluation.evaluate()
                evaluation.accumulate()
                evaluation.summarize()
                figures.update({f"{kind}_{naming}_{name}": float(evaluation.stats[i]) for name, i in _STATS.items()})
    return figures


def _truth(cases: Sequence[Case]) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, case in enumerate(cases, start=1):
        height, width = case.size
        images.append({"id": image_id, "height": height, "width": width, "file_name": case.path.name})
        for vertebra in case.vertebrae:
            x0, y0, x1, y1 = bounding_box(vertebra.polygon)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": CATEGORY_ID[vertebra.level or ""],
                    "segmentation": [vertebra.polygon.astype(float).ravel().tolist()],
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "area": abs(signed_area(vertebra.polygon)),
                    "iscrowd": 0,
                }
            )
    return {"info": {}, "images": images, "categories": categories(), "annotations": annotations}


def _found(predictions: Sequence[Prediction], agnostic: bool) -> list[dict[str, Any]]:
    return [
        {**annotation, "image_id": image_id}
        for image_id, prediction in enumerate(predictions, start=1)
        for annotation in annotations_of(prediction)
        if agnostic or not annotation["dropped"]
    ]
