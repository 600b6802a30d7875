"""COCO's average precision, with levels and class-agnostic, for boxes and masks."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from spineyolo.anatomy import CATEGORY_ID, LEVELS, Region, region_of
from spineyolo.formats.coco import categories

MAX_DETECTIONS: Final = 100
"""A film, the same for every model; what a model left out by a score threshold of its own cannot be counted."""

IOU_TYPES: Final = {"box": "bbox", "mask": "segm"}
NAMINGS: Final = ("numbered", "agnostic")

_ALL_AREAS: Final = [[0.0, 1e10]]  # px², as COCO's own "all"


def encoded(annotations: list[dict[str, Any]], height: int, width: int) -> list[dict[str, Any]]:
    """Return annotations with their masks as run lengths: drawn once, not by each evaluation again.

    A segmentation is a list of rings, or run lengths, plain or compressed.
    """
    return [
        {**annotation, "segmentation": _rle(annotation["segmentation"], height, width)} for annotation in annotations
    ]


def _rle(segmentation: Any, height: int, width: int) -> Any:
    if isinstance(segmentation, list):
        return coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
    if isinstance(segmentation["counts"], list):
        return coco_mask.frPyObjects(segmentation, height, width)
    return segmentation


@dataclass
class SpineEvaluator:
    """Collects films by `update`, runs COCOeval in `accumulate`, names its figures in `summarize`.

    Annotations are COCO dictionaries with `category_id` 1…24, `segmentation`, `bbox`, `area`, and for
    predictions `score`. Predictions marked `dropped` (set aside by numbering) have no level: they count among
    the class-agnostic figures, which measure the detector alone, and not among the numbered ones.
    """

    images: list[dict[str, Any]] = field(default_factory=list)
    truths: list[dict[str, Any]] = field(default_factory=list)
    predictions: list[dict[str, Any]] = field(default_factory=list)
    results: dict[str, COCOeval] = field(default_factory=dict)

    def update(self, image: dict[str, Any], truths: list[dict[str, Any]], predictions: list[dict[str, Any]]) -> None:
        """Add one film: its image entry (height, width), its true and its predicted annotations."""
        image_id = len(self.images) + 1
        self.images.append({**image, "id": image_id})
        for collected, added in ((self.truths, truths), (self.predictions, predictions)):
            for annotation in encoded(added, image["height"], image["width"]):
                collected.append({**annotation, "id": len(collected) + 1, "image_id": image_id, "iscrowd": 0})

    def accumulate(self) -> None:
        """Run COCOeval for box and mask, numbered and class-agnostic, over vertebrae of every size."""
        with contextlib.redirect_stdout(io.StringIO()):
            truth = _coco(self.images, self.truths)
            for naming in NAMINGS:
                agnostic = naming == "agnostic"
                counted = [dict(p) for p in self.predictions if agnostic or not p.get("dropped", False)]
                found = truth.loadRes(counted) if counted else _coco(self.images, [])
                for name, iou_type in IOU_TYPES.items():
                    self.results[f"{name}_{naming}"] = _evaluated(truth, found, iou_type, agnostic)

    def summarize(self) -> dict[str, float]:
        """Return mAP50-95, mAP50, mAP75 and mAR by name, and mask AP50 by region and level; NaN where no truth is."""
        figures: dict[str, float] = {}
        for name, evaluation in self.results.items():
            precision = evaluation.eval["precision"][:, :, :, 0, 0]  # IoU × recall × level
            figures[f"{name}_mAP50-95"] = _mean(precision)
            figures[f"{name}_mAP50"] = _mean(precision[0])
            figures[f"{name}_mAP75"] = _mean(precision[5])
            figures[f"{name}_mAR"] = _mean(evaluation.eval["recall"][:, :, 0, 0])
        precision = self.results["mask_numbered"].eval["precision"][0, :, :, 0, 0]
        for region in Region:
            columns = [CATEGORY_ID[level] - 1 for level in LEVELS if region_of(level) is region]
            figures[f"mask_AP50_{region}"] = _mean(precision[:, columns])
        for level in LEVELS:
            figures[f"mask_AP50_{level}"] = _mean(precision[:, CATEGORY_ID[level] - 1])
        return figures


def _evaluated(truth: COCO, found: COCO, iou_type: str, agnostic: bool) -> COCOeval:
    evaluation = COCOeval(truth, found, iou_type)
    evaluation.params.useCats = not agnostic
    evaluation.params.maxDets = [MAX_DETECTIONS]
    evaluation.params.areaRng, evaluation.params.areaRngLbl = _ALL_AREAS, ["all"]
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation


def _coco(images: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> COCO:
    coco = COCO()
    coco.dataset = {"info": {}, "images": images, "annotations": annotations, "categories": categories()}
    coco.createIndex()
    return coco


def _mean(values: Any) -> float:
    """Return the mean over what COCOeval filled in; it marks levels without truth by -1."""
    filled = values[values > -1]
    return float(np.mean(filled)) if filled.size else float("nan")
