"""All models of a plan on the same films: runs, figures with intervals, paired differences, a check by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from spineyolo.detect.yolo import YoloDetector
from spineyolo.evaluate.baselines import class_agnostic_argmax
from spineyolo.evaluate.bootstrap import interval
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.compare import accuracy, by_hand
from spineyolo.evaluate.compare.accuracy import ALL, FIGURES, Samples
from spineyolo.evaluate.compare.plan import Model
from spineyolo.evaluate.compare.run import ModelRun, run_apart
from spineyolo.evaluate.compare.stages import STAGES
from spineyolo.evaluate.compare.ultralytics_val import ladder
from spineyolo.numbering import Numbering
from spineyolo.prediction import Prediction

WITH, WITHOUT = "with", "without"
"""Numbering: ours, or each candidate by its own best level."""

END_TO_END: Final = "end to end"


@dataclass(frozen=True, eq=False)
class Comparison:
    """What was measured, as long tables.

    Attributes:
        models: those whose weights are there.
        absent: the others.
        runs: by model.
        figures: group, films, model, numbering, figure, scope, value, low, high.
        differences: group, first and second (each a model and its numbering), figure, difference, low, high.
        latency: model, stage, p50_ms, p95_ms.
        growth: model, varied, megapixels, vertebrae, found, and ms of each stage.
        val: model, step, mask and box mAP50-95 and mAP50; of checkpoints that Ultralytics reads.
        disagreement: the largest difference of an AP from pycocotools called by hand, by model.
    """

    models: Sequence[Model]
    absent: Sequence[Model]
    runs: Mapping[str, ModelRun]
    figures: pd.DataFrame
    differences: pd.DataFrame
    latency: pd.DataFrame
    growth: pd.DataFrame
    val: pd.DataFrame
    disagreement: Mapping[str, float]


def compare(plan: Sequence[Model], cases: Sequence[Case]) -> Comparison:
    """Run every model whose weights are there on all cases, whole films of a converted data set.

    Raises:
        BadInputError: if weights or a film cannot be read.
        SpineYoloError: if an AP differs from pycocotools'.
    """
    models = [model for model in plan if model.is_there]
    runs = {model.name: run_apart(model, cases) for model in models}
    counts = accuracy.groups(cases)
    found: dict[str, dict[tuple[str, str], Samples]] = {group: {} for group in counts}
    disagreement = {}
    for name, run in runs.items():
        for numbering in (WITH, WITHOUT):
            predictions = run.predictions if numbering == WITH else [unnumbered(film) for film in run.predictions]
            measured = accuracy.measure(cases, predictions)
            for group, films in counts.items():
                found[group][name, numbering] = accuracy.samples(measured, films)
            if numbering == WITH:
                disagreement[name] = by_hand.check(cases, predictions, measured.evaluator.summarize())
    sizes = {group: int(rows[0].sum()) for group, rows in counts.items()}
    return Comparison(
        models=models,
        absent=[model for model in plan if not model.is_there],
        runs=runs,
        figures=pd.concat([_figures(group, sizes[group], part) for group, part in found.items()], ignore_index=True),
        differences=pd.concat([_differences(group, part) for group, part in found.items()], ignore_index=True),
        latency=pd.DataFrame([row for name, run in runs.items() for row in _latency(name, run)]),
        growth=pd.DataFrame([{"model": name, **row} for name, run in runs.items() for row in run.growth]),
        val=pd.DataFrame([row for model in models for row in _val(model, runs[model.name], cases)]),
        disagreement=disagreement,
    )


def unnumbered(prediction: Prediction) -> Prediction:
    """Return the same candidates, each named by its own best level, the column left out of account."""
    found = prediction.detections
    return replace(prediction, numbering=Numbering(class_agnostic_argmax(found.boxes, found.level_scores), 0.0))


def _figures(group: str, films: int, found: Mapping[tuple[str, str], Samples]) -> pd.DataFrame:
    rows = []
    for (model, numbering), samples in found.items():
        for (figure, scope), values in samples.items():
            low, high = interval(values[1:])
            key = {"group": group, "films": films, "model": model, "numbering": numbering}
            rows.append({**key, "figure": figure, "scope": scope, "value": values[0], "low": low, "high": high})
    return pd.DataFrame(rows)


def _differences(group: str, found: Mapping[tuple[str, str], Samples]) -> pd.DataFrame:
    """Return what the first model is ahead of each other by, and what numbering gives each; drawn in pairs."""
    names = list(dict.fromkeys(model for model, _ in found))
    pairs = [((names[0], WITH), (other, WITH)) for other in names[1:]]
    pairs += [((name, WITH), (name, WITHOUT)) for name in names]
    rows = []
    for first, second in pairs:
        for figure in FIGURES:
            values = found[first][figure, ALL] - found[second][figure, ALL]
            low, high = interval(values[1:])
            compared = {"group": group, "first": _label(*first), "second": _label(*second), "figure": figure}
            rows.append({**compared, "difference": values[0], "low": low, "high": high})
    return pd.DataFrame(rows)


def _label(model: str, numbering: str) -> str:
    return model if numbering == WITH else f"{model} without numbering"


def _latency(name: str, run: ModelRun) -> list[dict[str, Any]]:
    times = {stage: np.array([film[stage] for film in run.times]) for stage in STAGES}
    rows = {END_TO_END: np.sum(list(times.values()), axis=0), **times}
    return [
        {"model": name, "stage": stage, "p50_ms": np.percentile(ms, 50), "p95_ms": np.percentile(ms, 95)}
        for stage, ms in rows.items()
    ]


def _val(model: Model, run: ModelRun, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Return the steps from Ultralytics' own figures to ours, of a checkpoint of theirs."""
    if run.kind != YoloDetector.__name__:
        return []
    rows = ladder(model.weights, YoloDetector(model.weights).imgsz, cases)
    return [{"model": model.name, **row} for row in rows]
