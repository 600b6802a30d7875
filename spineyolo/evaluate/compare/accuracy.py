"""Every accuracy figure of one model, with its 95 % interval over films, over all, each region and each level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spineyolo.anatomy import INDEX, LEVELS, Region, region_of
from spineyolo.evaluate.bootstrap import Counts, Curves, coco_curves, film_counts, share
from spineyolo.evaluate.boundary import boundary_error_px
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.coco import IOU_TYPES, NAMINGS, SpineEvaluator
from spineyolo.evaluate.levels import match
from spineyolo.export import coco_document
from spineyolo.prediction import Prediction

ALL: Final = "all"
SCOPES: Final[dict[str, tuple[int, ...]]] = {
    ALL: tuple(range(len(LEVELS))),
    **{str(region): tuple(INDEX[level] for level in LEVELS if region_of(level) is region) for region in Region},
    **{level: (INDEX[level],) for level in LEVELS},
}
"""What figures are taken over, and the levels in it by their place from the skull."""

AP_FIGURES: Final = tuple(
    f"{kind}_{naming}_{figure}"
    for kind in ("mask", "box")
    for naming in NAMINGS
    for figure in ("mAP50-95", "mAP50", "mAP75", "mAR")
)
_SHARES: Final = {
    "identification": ("right", "truths"),
    "detection": ("found", "truths"),
    "dice": ("dice", "found"),
    "dice_all": ("dice", "truths"),
    "iou": ("iou", "found"),
    "iou_all": ("iou", "truths"),
    "boundary_px": ("boundary", "found"),
}
FIGURES: Final = (*AP_FIGURES, *_SHARES, "films_all_right")

Samples = Mapping[tuple[str, str], npt.NDArray[np.float64]]
"""By figure and scope: the figure, then the figure in every resample, `(1 + resamples,)`."""


@dataclass(frozen=True, eq=False)
class Measured:
    """One model's predictions, matched to the truth.

    Attributes:
        evaluator: has run.
        sums: `(films, 24)` by name: truths, found, right, and iou, dice and boundary px added up over those found.
    """

    evaluator: SpineEvaluator
    sums: Mapping[str, npt.NDArray[np.float64]]


def annotations_of(prediction: Prediction) -> list[dict[str, Any]]:
    """Return a film's candidates as COCO annotations, one for each, in their order."""
    found: list[dict[str, Any]] = coco_document([prediction])["annotations"]
    return found


def measure(cases: Sequence[Case], predictions: Sequence[Prediction]) -> Measured:
    """Match one model's predictions to the true vertebrae of their cases."""
    evaluator = SpineEvaluator()
    names = ("truths", "found", "right", "iou", "dice", "boundary")
    sums = {name: np.zeros((len(cases), len(LEVELS))) for name in names}
    for film, (case, prediction) in enumerate(zip(cases, predictions, strict=True)):
        height, width = case.size
        image = {"height": height, "width": width, "file_name": case.path.name}
        truths, found = case.truths(), annotations_of(prediction)
        evaluator.update(image, truths, found)
        for truth in truths:
            sums["truths"][film, truth["category_id"] - 1] += 1
        for matched in match(image, truths, found):
            category = truths[matched.truth]["category_id"]
            outlines = prediction.detections.polygons[matched.prediction], case.vertebrae[matched.truth].polygon
            of_vertebra = {
                "found": 1.0,
                "right": float(found[matched.prediction]["category_id"] == category),
                "iou": matched.iou,
                "dice": matched.dice,
                "boundary": boundary_error_px(*outlines),
            }
            for name, value in of_vertebra.items():
                sums[name][film, category - 1] += value
    evaluator.accumulate()
    return Measured(evaluator, sums)


def groups(cases: Sequence[Case]) -> dict[str, Counts]:
    """Return the films of each source, and of each without flawed labels, as counts to resample by."""
    members: dict[str, npt.NDArray[np.bool_]] = {}
    for source in sorted({case.source for case in cases}):
        of_source = np.array([case.source == source for case in cases])
        clean = of_source & ~np.array([case.flawed for case in cases])
        members[source] = of_source
        if 0 < clean.sum() < of_source.sum():
            members[f"{source} without flawed"] = clean
    return {name: film_counts(films) for name, films in members.items()}


def samples(measured: Measured, counts: Counts) -> Samples:
    """Return every figure of the films that count: mask AP and shares in all scopes, the rest over all levels."""
    found: dict[tuple[str, str], npt.NDArray[np.float64]] = {}
    for name in (f"{kind}_{naming}" for naming in NAMINGS for kind in IOU_TYPES):
        curves = coco_curves(measured.evaluator.results[name], counts)
        agnostic = name.endswith("agnostic")
        for scope, columns in {ALL: SCOPES[ALL]}.items() if agnostic else SCOPES.items():
            for figure, values in _ap(curves, [0] if agnostic else list(columns)).items():
                found[f"{name}_{figure}", scope] = values
    for scope, columns in SCOPES.items():
        sums = {name: values[:, list(columns)].sum(axis=1) for name, values in measured.sums.items()}
        for figure, (part, whole) in _SHARES.items():
            found[figure, scope] = share(sums[part], sums[whole], counts)
    right = (measured.sums["right"].sum(axis=1) == measured.sums["truths"].sum(axis=1)).astype(float)
    found["films_all_right", ALL] = share(right, np.ones(len(right)), counts)
    return found


def _ap(curves: Curves, columns: list[int]) -> dict[str, npt.NDArray[np.float64]]:
    """Return COCO's means over some levels; levels without truth do not count."""
    precision, recall = curves.precision[:, :, columns], curves.recall[:, :, columns]
    return {
        "mAP50-95": _mean(precision),
        "mAP50": _mean(precision[:, :1]),
        "mAP75": _mean(precision[:, 5:6]),
        "mAR": _mean(recall),
    }


def _mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the mean of known values `(n, …)` for each row; NaN where none is."""
    known = ~np.isnan(values)
    count = known.sum(axis=(1, 2))
    total = np.where(known, values, 0).sum(axis=(1, 2))
    return np.asarray(np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0))
