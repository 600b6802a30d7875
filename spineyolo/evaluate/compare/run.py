"""One model over all films, in a process of its own: what it finds, how long it takes, what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from rich.console import Console
from rich.progress import track

from spineyolo.detect import Detector
from spineyolo.detect.load import Backend, load_detector
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.compare.cost import Cost, longest, measure_cost, measure_growth
from spineyolo.evaluate.compare.plan import Model
from spineyolo.evaluate.compare.stages import StageClock
from spineyolo.prediction import Prediction


@dataclass(frozen=True, eq=False)
class ModelRun:
    """What one model did.

    Attributes:
        kind: the class of its detector.
        predictions: one for each case.
        times: ms of each stage, for each case.
        cost: parameters, operations, memory.
        growth: rows of `cost.measure_growth`.
    """

    kind: str
    predictions: list[Prediction]
    times: list[dict[str, float]]
    cost: Cost
    growth: list[dict[str, Any]]


def run_apart(model: Model, cases: Sequence[Case]) -> ModelRun:
    """Run a model in a fresh process, so that no model's memory or warm caches are counted to another.

    Raises:
        BadInputError: if its weights or a film cannot be read.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(run, model, cases).result()


def run(model: Model, cases: Sequence[Case]) -> ModelRun:
    """Predict every case once, after a first film that does not count, and measure what it costs.

    Raises:
        BadInputError: if its weights or a film cannot be read.
    """
    clock = StageClock(_detector(model))
    probe = longest(cases)
    clock.predict(probe.path)
    films = track(cases, f"{model.name}: films", console=Console(stderr=True))
    predictions, times = zip(*(clock.predict(case.path) for case in films), strict=True)
    cost = measure_cost(clock.detector, probe.grey())
    growth = measure_growth(clock, probe)
    return ModelRun(type(clock.detector).__name__, list(predictions), list(times), cost, growth)


def _detector(model: Model) -> Detector:
    """Return a model's detector: what its file names, never an export that happens to lie beside it."""
    is_export = model.weights.is_dir() or model.weights.suffix == ".onnx"
    return load_detector(model.weights, Backend.AUTO if is_export else Backend.TORCH)
