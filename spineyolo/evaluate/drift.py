"""How far an export strays from the checkpoint it was made from, on real films; one that strays too far is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.optimize import linear_sum_assignment
from supervision import box_iou_batch

from spineyolo.detect import Detections, Detector
from spineyolo.detect.exported import Export, Precision
from spineyolo.detect.load import Backend, load_detector, load_export
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.levels import SURE_SCORE
from spineyolo.evaluate.report import FilmPair, figures
from spineyolo.export import coco_document
from spineyolo.numbering import number
from spineyolo.polygons import mask_from_polygon
from spineyolo.prediction import Prediction


@dataclass(frozen=True)
class Drift:
    """What an export's candidates differ by from the checkpoint's, over all films.

    The checkpoint's sure candidates (`SURE_SCORE`) are matched one to one with the export's so that their boxes' IoUs
    add up to most; one without a match counts with IoU 0 and its whole score.

    Attributes:
        box_iou, mask_iou: lowest mean over a film's sure candidates.
        score: largest mean absolute difference of a film's sure candidates' scores.
        level_score: the same of the largest difference among a candidate's 24 level scores.
        numbered_ap: numbered mask AP50-95 lost, as a share (0.01: one point); below 0 if gained.
        identification: lost, likewise.
    """

    box_iou: float
    mask_iou: float
    score: float
    level_score: float
    numbered_ap: float
    identification: float

    def beyond(self, bounds: Drift) -> list[str]:
        """Return each figure that is worse than its bound, in words."""
        found = []
        for field in fields(self):
            value, bound = getattr(self, field.name), getattr(bounds, field.name)
            if value < bound if field.name.endswith("_iou") else value > bound:
                found.append(f"{field.name} {value:.4f} (bound {bound:g})")
        return found


BOUNDS: Final[dict[Precision, Drift]] = {
    Precision.FP32: Drift(
        box_iou=0.995, mask_iou=0.99, score=0.005, level_score=0.005, numbered_ap=0.002, identification=0.002
    ),
    Precision.BF16: Drift(
        box_iou=0.97, mask_iou=0.96, score=0.02, level_score=0.05, numbered_ap=0.005, identification=0.005
    ),
    Precision.INT8: Drift(
        box_iou=0.9, mask_iou=0.88, score=0.1, level_score=0.1, numbered_ap=0.01, identification=0.005
    ),
}
"""What an export may differ by. In single precision only the order of sums differs. Bfloat16 and int8 may lose half a
point of identification; their other bounds keep them from being right by chance on few films."""


@dataclass(frozen=True)
class Verdict:
    """What came of checking one export: how far it strays, and each figure that is out of bounds, in words."""

    kind: Export
    precision: Precision
    strayed: Drift
    beyond: tuple[str, ...]


def look(detector: Detector, cases: Sequence[Case]) -> list[Detections]:
    """Return a detector's candidates on each film."""
    return [detector.detect(case.grey()) for case in cases]


def drift(cases: Sequence[Case], wanted: Sequence[Detections], found: Sequence[Detections]) -> Drift:
    """Return how far an export's candidates stray from those of its checkpoint on the same films."""
    films = np.array([_of_film(case, *pair) for case, *pair in zip(cases, wanted, found, strict=True)])
    before, after = (_evaluated(cases, detections) for detections in (wanted, found))
    return Drift(
        *films[:, :2].min(axis=0).tolist(),
        *films[:, 2:].max(axis=0).tolist(),
        *(before[figure] - after[figure] for figure in ("mask_numbered_mAP50-95", "identification")),
    )


def _of_film(case: Case, wanted: Detections, found: Detections) -> tuple[float, float, float, float]:
    """Return a film's mean box and mask IoU, and score and level score differences."""
    sure = np.flatnonzero(wanted.scores >= SURE_SCORE)
    if not len(sure):
        return 1.0, 1.0, 0.0, 0.0
    ious = box_iou_batch(wanted.boxes[sure], found.boxes)
    rows, columns = linear_sum_assignment(-ious)
    pairs = [(sure[row], column) for row, column in zip(rows, columns, strict=True) if ious[row, column] > 0]
    missed = len(sure) - len(pairs)
    scores = sum(abs(float(wanted.scores[one] - found.scores[other])) for one, other in pairs)
    looks = sum(float(np.abs(wanted.level_scores[one] - found.level_scores[other]).max()) for one, other in pairs)
    masks = sum(_mask_iou(case, wanted, found, one, other) for one, other in pairs)
    return (
        float(ious[rows, columns].sum()) / len(sure),
        masks / len(sure),
        (scores + missed) / len(sure),
        (looks + missed) / len(sure),
    )


def _mask_iou(case: Case, wanted: Detections, found: Detections, one: int, other: int) -> float:
    a, b = (mask_from_polygon(polygon, *case.size) for polygon in (wanted.polygons[one], found.polygons[other]))
    return float((a & b).sum()) / max(float((a | b).sum()), 1.0)


def _evaluated(cases: Sequence[Case], detections: Sequence[Detections]) -> dict[str, Any]:
    films = []
    for case, found in zip(cases, detections, strict=True):
        height, width = case.size
        prediction = Prediction(case.path, height, width, found, number(found.boxes, found.level_scores, height))
        document = coco_document([prediction])
        films.append(FilmPair(document["images"][0], case.truths(), document["annotations"]))
    return figures(films)


def keep_faithful(weights: Path, made: Mapping[Export, Path], cases: Sequence[Case]) -> Iterator[Verdict]:
    """Move exports beside their checkpoint, one by one, each after it was found to see what the checkpoint sees.

    Yields the verdict on each. One that is out of bounds is not left there, nor is an older one of its kind.

    Args:
        weights: the checkpoint.
        made: where each kind of export lies now, on the same disk.
        cases: real films with their truth; not those it was calibrated on.

    Raises:
        BadInputError: if a film cannot be read.
    """
    wanted = look(load_detector(weights, Backend.TORCH), cases)
    for kind, path in made.items():
        exported = load_export(path, kind)
        strayed = drift(cases, wanted, look(exported, cases))
        beyond = tuple(strayed.beyond(BOUNDS[exported.precision]))
        target = kind.beside(weights)
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
        if not beyond:
            path.rename(target)
        yield Verdict(kind, exported.precision, strayed, beyond)
