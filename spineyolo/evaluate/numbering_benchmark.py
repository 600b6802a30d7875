"""Our numbering beside how others number, on the same detections: whole films, windows cut out of them, part views."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import supervision as sv
from ultralytics import YOLO

from spineyolo.anatomy import LEVELS
from spineyolo.detect import Detections
from spineyolo.detect.candidates import MAX_CANDIDATES, MIN_SCORE
from spineyolo.detect.canvas import place
from spineyolo.evaluate import baselines, bootstrap
from spineyolo.evaluate.cases import Case, Group
from spineyolo.evaluate.coco import SpineEvaluator, encoded
from spineyolo.evaluate.levels import SURE_SCORE, FilmLevels, compare, summarize
from spineyolo.evaluate.readings import AS_READ
from spineyolo.evaluate.tables import json_value, markdown
from spineyolo.export import coco_document
from spineyolo.files import write_atomic
from spineyolo.film import Vertebra
from spineyolo.numbering import Numbering, number
from spineyolo.polygons import bounding_box
from spineyolo.prediction import Prediction

METHODS: Final = {
    "a": "plain Ultralytics: NMS within each class, argmax",
    "b": "class-agnostic NMS, argmax",
    "c": "counting down from the uppermost, named by its looks",
    "d": "counting up from the lowest as L5",
    "e": "ours",
    "f": "ours with the true boxes",
}
OURS: Final = "e"
RIVALS: Final = ("a", "b", "c", "d")

WINDOW_SEEDS: Final = {"lateral": (0,)}
"""Sources whose whole films give windows here, and the seeds they are cut with (`windows.cut`)."""

_NOTES: Final = (
    "b to e number the same candidates, found once a film; b to d count a candidate's score as ours does, its levels' "
    "scores added up, so that all four have the same vertebrae to name.",
    "a is Ultralytics' own `predict` on the same pixels at the same size, with its NMS (IoU 0.7) and its masks: its "
    "score is that of the best level alone, so it also finds fewer vertebrae where neighbours look alike.",
    "f takes the true outlines for candidates, each with the level scores of the candidate that overlaps its box most "
    "(even ones where none does): what f lacks are looks and numbering, what it is ahead of e is detection. It knows "
    "nothing of false candidates, nor of vertebrae in view that nobody labelled, such as C7 on AASCE's films.",
    "Identification: share of all true vertebrae found (mask IoU ≥ 0.5, score ≥ 0.25) at their level. All right: share "
    "of films, or windows, with every vertebra so. In square brackets 95 % percentile intervals of 1000 resamples of "
    "films; all windows of a film are drawn together, and on few films such an interval is too narrow. Lead: e less "
    "the method, in the same resamples.",
    "As read: films whose row of levels two readings, blind to names, place alike, by the levels read; outlines that "
    "are sacrum by them left out (readings_test.md).",
    "Windows are cut out of the film's pixels with margins drawn from a fixed seed and detected anew; two of each kind "
    "a film, where it shows at least three vertebrae of that kind.",
)


GROUPS: Final = {
    "AASCE": Group("aasce2019"),
    "AASCE without flawed": Group("aasce2019", flawed=False),
    "AASCE as read": Group("aasce2019" + AS_READ),
    "laterals": Group("lateral"),
    "cervical windows": Group("lateral", ("cervical",)),
    "thoracic windows": Group("lateral", ("thoracic",)),
    "lumbar windows": Group("lateral", ("lumbar",)),
    "cervical films": Group("cervical"),
}


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one method made of one case: its annotations, how they compare to the truth, and the numbering."""

    annotations: list[dict[str, Any]]
    levels: FilmLevels
    numbering: Numbering


class PlainUltralytics:
    """YOLOv8-seg as Ultralytics predicts: NMS within each class, one level and its score a candidate, its masks."""

    def __init__(self, weights: Path, imgsz: int) -> None:
        """Load a checkpoint that `YoloDetector` has loaded before; `imgsz` is the canvas height in px."""
        self.model = YOLO(str(weights), task="segment")
        self.imgsz = imgsz

    def detect(self, grey: npt.NDArray[np.uint8]) -> Detections:
        """Return the candidates on a film `(height, width)`, 8 bit grey; all scores but the best level's are 0."""
        placed = place(grey, self.imgsz)
        settings = {"conf": MIN_SCORE, "iou": baselines.NMS_IOU, "max_det": MAX_CANDIDATES, "verbose": False}
        image = cv2.cvtColor(placed.image, cv2.COLOR_GRAY2BGR)
        result = self.model.predict(image, imgsz=placed.image.shape, **settings)[0].cpu().numpy()
        boxes = result.boxes.xyxy.astype(np.float32)
        rings = [] if result.masks is None else result.masks.xy
        outlines = [
            ring if len(ring) >= 3 else box[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2)
            for ring, box in zip(rings, boxes, strict=True)
        ]
        level_scores = np.zeros((len(boxes), len(LEVELS)), np.float32)
        level_scores[np.arange(len(boxes)), result.boxes.cls.astype(int)] = result.boxes.conf
        film_boxes = placed.to_film(boxes.reshape(-1, 2, 2)).reshape(-1, 4)
        polygons = tuple(placed.to_film(outline.astype(np.float32)) for outline in outlines)
        return Detections(film_boxes, level_scores, polygons)


def outcomes(case: Case, found: Detections, plain: Detections) -> dict[str, Outcome]:
    """Return what each method makes of one case, from our candidates and those of plain Ultralytics."""
    height, width = case.size
    image = {"height": height, "width": width, "file_name": case.path.name}
    truths = case.truths()
    results = {}
    for method, (candidates, numbering) in _numbered(case, found, plain).items():
        document = coco_document([Prediction(case.path, height, width, candidates, numbering)])
        annotations = encoded(document["annotations"], height, width)
        results[method] = Outcome(annotations, compare(image, truths, annotations), numbering)
    return results


def _numbered(case: Case, found: Detections, plain: Detections) -> dict[str, tuple[Detections, Numbering]]:
    height, _ = case.size
    counted = np.flatnonzero(found.scores >= SURE_SCORE)
    seen = (found.boxes[counted], found.level_scores[counted])
    down, up = (
        dict(zip(counted.tolist(), count(*seen, min_score=0.0), strict=True))
        for count in (baselines.count_down, baselines.count_up)
    )
    true = with_true_boxes(found, case.vertebrae)
    plain_names = tuple(LEVELS[index] for index in plain.level_scores.argmax(axis=1))
    return {
        "a": (plain, Numbering(plain_names, 0.0)),
        "b": (found, Numbering(baselines.class_agnostic_argmax(found.boxes, found.level_scores), 0.0)),
        "c": (found, Numbering(tuple(map(down.get, range(len(found)))), 0.0)),
        "d": (found, Numbering(tuple(map(up.get, range(len(found)))), 0.0)),
        "e": (found, number(found.boxes, found.level_scores, height)),
        "f": (true, number(true.boxes, true.level_scores, height)),
    }


def with_true_boxes(found: Detections, vertebrae: Sequence[Vertebra]) -> Detections:
    """Return the true vertebrae as candidates, each with the level scores of the candidate its box overlaps most.

    The scores are scaled to add up to 1, for that it is a vertebra is known; even scores where none overlaps.
    """
    boxes = np.array([bounding_box(vertebra.polygon) for vertebra in vertebrae], np.float32).reshape(-1, 4)
    level_scores = np.full((len(boxes), len(LEVELS)), 1 / len(LEVELS), np.float32)
    if len(boxes) and len(found):
        overlaps = sv.box_iou_batch(boxes, found.boxes)
        seen = overlaps.max(axis=1) > 0
        best = found.level_scores[overlaps.argmax(axis=1)[seen]]
        level_scores[seen] = best / best.sum(axis=1, keepdims=True)
    return Detections(boxes, level_scores, tuple(vertebra.polygon for vertebra in vertebrae))


def present(cases: Sequence[Case]) -> list[str]:
    """Return the names of the groups that have cases."""
    return [name for name, group in GROUPS.items() if any(group.holds(case) for case in cases)]


def group_figures(group: Group, measured: Sequence[tuple[Case, Mapping[str, Outcome]]]) -> dict[str, Any]:
    """Return the figures of one group: of each method, our lead on it, how often ours is sure, and its level shifts."""
    pairs = [pair for pair in measured if group.holds(pair[0])]
    cases, results = [case for case, _ in pairs], [result for _, result in pairs]
    films = pd.factorize(np.array([case.path.stem for case in cases]))[0]
    counts = bootstrap.film_counts(np.ones(films.max() + 1, bool))
    right = {method: _right(results, method) for method in METHODS}
    whole = np.array([[len(case.vertebrae), 1] for case in cases])
    figures: dict[str, dict[str, Any]] = {}
    for method in METHODS:
        found = figures[method] = _summary(cases, results, method)
        for column, name in enumerate(("identification", "films_all_right")):
            wholes = np.bincount(films, weights=whole[:, column])
            shares = {
                m: bootstrap.share(np.bincount(films, weights=right[m][:, column]), wholes, counts)
                for m in (method, OURS)
            }
            found[f"{name}_95"] = list(bootstrap.interval(shares[method][1:]))
            if method in RIVALS:
                lead = shares[OURS] - shares[method]
                found[f"{name}_lead"] = float(lead[0])
                found[f"{name}_lead_95"] = list(bootstrap.interval(lead[1:]))
    shifts = summarize(result[OURS].levels for result in results)["shifts"]
    sizes = {"films": int(films.max()) + 1, "cases": len(cases), "vertebrae": int(whole[:, 0].sum())}
    return {**sizes, "methods": figures, "sure": _sureness([result[OURS] for result in results]), "shifts": shifts}


def _right(results: Sequence[Mapping[str, Outcome]], method: str) -> npt.NDArray[np.int64]:
    """Return for each case how many vertebrae are right, and whether all are, `(n, 2)`."""
    found = [result[method].levels for result in results]
    return np.array([[levels.right, levels.right == levels.truths] for levels in found], np.int64)


def _summary(cases: Sequence[Case], results: Sequence[Mapping[str, Outcome]], method: str) -> dict[str, Any]:
    evaluator = SpineEvaluator()
    for case, result in zip(cases, results, strict=True):
        height, width = case.size
        evaluator.update({"height": height, "width": width}, case.truths(), result[method].annotations)
    evaluator.accumulate()
    found = summarize(result[method].levels for result in results)
    kept = {name: found[name] for name in ("identification", "films_all_right", "detection")}
    return {**kept, "mask_AP50": evaluator.summarize()["mask_numbered_mAP50"]}


def _sureness(ours: Sequence[Outcome]) -> dict[str, Any]:
    """Return the share of films called sure, and of vertebrae found on them and on all films, how many are right."""
    sure = [outcome for outcome in ours if outcome.numbering.is_sure()]
    return {"share": len(sure) / len(ours), "accuracy": _accuracy(sure), "accuracy_all": _accuracy(ours)}


def _accuracy(outcomes_: Sequence[Outcome]) -> float:
    found = sum(len(outcome.levels.shifts) for outcome in outcomes_)
    return sum(outcome.levels.right for outcome in outcomes_) / found if found else float("nan")


def tables(results: Mapping[str, Mapping[str, Any]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two tables of text: the methods by group; and ours' sureness and level shifts by group."""
    methods, ours = [], []
    for group, figures in results.items():
        for method, found in figures["methods"].items():
            lead = method in RIVALS
            methods.append(
                {
                    "group": group,
                    "method": f"{method}: {METHODS[method]}",
                    "identification": _with_interval(found, "identification"),
                    "all right": _with_interval(found, "films_all_right"),
                    "detection": _text(found["detection"]),
                    "mask AP50": _text(found["mask_AP50"]),
                    "lead, identification": _with_interval(found, "identification_lead") if lead else "",
                    "lead, all right": _with_interval(found, "films_all_right_lead") if lead else "",
                }
            )
        sure = figures["sure"]
        ours.append(
            {
                "group": group,
                "films": str(figures["films"]),
                "windows": str(figures["cases"]) if figures["cases"] > figures["films"] else "",
                "vertebrae": str(figures["vertebrae"]),
                "called sure": _text(sure["share"]),
                "right, of those found on sure films": _text(sure["accuracy"]),
                "right, of those found on all": _text(sure["accuracy_all"]),
                "level shifts (+1: one too low)": ", ".join(
                    f"{key}: {count}" for key, count in figures["shifts"].items()
                ),
            }
        )
    return pd.DataFrame(methods), pd.DataFrame(ours)


def write(results: Mapping[str, Mapping[str, Any]], folder: Path, about: Mapping[str, str]) -> None:
    """Write `numbering.json` (null where there is no truth, or no sure film) and `numbering.md`, each whole or not."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(
        {"about": about, "methods": METHODS, "results": json_value(results)}, indent=1, allow_nan=False
    )
    methods, ours = tables(results)
    lines = ["# numbering", "", *(f"- {key}: `{value}`" for key, value in about.items()), ""]
    lines += [*markdown(methods), "", "Ours (e):", "", *markdown(ours), "", *(f"- {note}" for note in _NOTES)]
    write_atomic(folder / "numbering.json", content.encode())
    write_atomic(folder / "numbering.md", ("\n".join(lines) + "\n").encode())


def _with_interval(found: Mapping[str, Any], name: str) -> str:
    sign = "+" if name.endswith("lead") else ""
    low, high = found[f"{name}_95"]
    return f"{found[name]:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def _text(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
