"""How fast films become numbered masks, beside Ultralytics' own prediction with the same weights."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track
from ultralytics import YOLO

from spineyolo.detect.load import Backend, load_detector
from spineyolo.evaluate import folder_run
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.compare.accuracy import annotations_of
from spineyolo.evaluate.compare.cost import longest, measure_growth
from spineyolo.evaluate.compare.stages import STAGES, StageClock
from spineyolo.evaluate.levels import compare, summarize
from spineyolo.evaluate.tables import markdown
from spineyolo.files import write_atomic
from spineyolo.prediction import Prediction

FOLDERS: Final = (1, 4, 16, 64)
"""Films in the folders that memory and time are measured on; the data set's are repeated where it has fewer."""

ULTRALYTICS: Final = "Ultralytics' predict"


def measure(weights: Path, backend: Backend, cases: Sequence[Case], rounds: int) -> dict[str, Any]:
    """Return every figure: by stage, beside Ultralytics, identification, whole folders, growth.

    Each film goes through our way, through our way with PyTorch, and through `YOLO(weights).predict(path)` (its
    defaults: its own letterbox to the checkpoint's image size, score 0.25, NMS within each class, masks at canvas
    size, not traced, no numbering), one after the other, so that whatever else the machine does slows all alike. A
    film's first time does not count: a network in free sizes is prepared anew for each size it meets.

    Raises:
        BadInputError: if weights or a film cannot be read, or there is no export for the backend.
    """
    detector = load_detector(weights, backend)
    clocks = {str(detector): StageClock(detector)}
    if backend is not Backend.TORCH:
        torch = load_detector(weights, Backend.TORCH)
        clocks[str(torch)] = StageClock(torch)
    yolo = YOLO(str(weights), task="segment")
    times: dict[str, list[dict[str, float]]] = {name: [] for name in (*clocks, ULTRALYTICS)}
    predictions: dict[str, list[Prediction]] = {name: [] for name in clocks}
    for case in track(cases, "Films", console=Console(stderr=True)):
        for again in range(rounds + 1):
            spent = {}
            for name, clock in clocks.items():
                prediction, spent[name] = clock.predict(case.path)
                if not again:
                    predictions[name].append(prediction)
            spent[ULTRALYTICS] = _ultralytics(yolo, case.path)
            if again:
                for name, stages in spent.items():
                    times[name].append(stages)
    films = [case.path for case in cases]
    repeated = (films * (max(FOLDERS) // len(films) + 1))[: max(FOLDERS)]
    return {
        "times": {name: _percentiles(rows) for name, rows in times.items()},
        "times_faster": _times_faster(times, str(detector)),
        "identification": {name: _identification(cases, found) for name, found in predictions.items()},
        "folders": [asdict(folder_run.ours(weights, backend, repeated[:count])) for count in FOLDERS],
        "ultralytics_folder": asdict(folder_run.ultralytics(weights, repeated)),
        "growth": measure_growth(clocks[str(detector)], longest(cases)),
    }


def _ultralytics(yolo: YOLO, path: Path) -> dict[str, float]:
    start = time.perf_counter()
    yolo.predict(str(path), verbose=False)
    return {"all": 1000 * (time.perf_counter() - start)}


def _percentiles(rows: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    table = pd.DataFrame(rows)
    if "all" not in table:
        table["all"] = table.sum(axis=1)
    return {
        str(name): {"p50_ms": float(np.percentile(values, 50)), "p95_ms": float(np.percentile(values, 95))}
        for name, values in table.items()
    }


def _times_faster(times: Mapping[str, Sequence[Mapping[str, float]]], ours: str) -> dict[str, float]:
    """Return how many times longer the others took for the same film in the same round, the median over all."""
    own = np.array([sum(stages.values()) for stages in times[ours]])
    others = {name: np.array([sum(stages.values()) for stages in rows]) for name, rows in times.items()}
    return {name: float(np.median(spent / own)) for name, spent in others.items() if name != ours}


def _identification(cases: Sequence[Case], predictions: Sequence[Prediction]) -> float:
    found = []
    for case, prediction in zip(cases, predictions, strict=True):
        image = {"height": prediction.height, "width": prediction.width}
        found.append(compare(image, case.truths(), annotations_of(prediction)))
    return float(summarize(found)["identification"])


def tables(figures: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the figures as tables of text, each by its title."""
    stages = [*STAGES, "all"]
    by_stage = [
        [name, *(_range(found[stage]) if stage in found else "" for stage in stages)]
        for name, found in figures["times"].items()
    ]
    beside = [[name, f"{times:.1f}"] for name, times in figures["times_faster"].items()]
    named = [[name, f"{share:.3f}"] for name, share in figures["identification"].items()]
    folders = [("ours", run) for run in figures["folders"]] + [(ULTRALYTICS, figures["ultralytics_folder"])]
    growth = pd.DataFrame(figures["growth"])
    growth["all"] = growth[list(STAGES)].sum(axis=1)
    return {
        "ms a film, p50 / p95": pd.DataFrame(by_stage, columns=["way", *stages]),
        "times faster than (median over films, same film and round)": pd.DataFrame(beside, columns=["than", "times"]),
        "identification": pd.DataFrame(named, columns=["way", "share of true vertebrae"]),
        "folders": pd.DataFrame(
            [
                [
                    name,
                    str(run["films"]),
                    f"{run['films'] / run['seconds']:.1f}",
                    f"{run['start_s']:.1f}",
                    f"{run['peak_mb']:.0f}",
                ]
                for name, run in folders
            ],
            columns=["way", "films", "films a second", "start s", "peak MB"],
        ),
        "how ms grow on the film with the most vertebrae": growth.map(
            lambda value: f"{value:.1f}" if isinstance(value, float) else str(value)
        ),
    }


def _range(found: Mapping[str, float]) -> str:
    return f"{found['p50_ms']:.1f} / {found['p95_ms']:.1f}"


def write(figures: Mapping[str, Any], path: Path, about: Mapping[str, str]) -> None:
    """Write `PATH.json` (every figure) and `PATH.md` (tables)."""
    document = json.dumps({"about": about, "results": figures}, indent=1)
    write_atomic(path.with_suffix(".json"), document.encode())
    lines = [f"# {path.stem}", "", *(f"- {key}: `{value}`" for key, value in about.items())]
    for title, table in tables(figures).items():
        lines += ["", f"## {title[0].upper()}{title[1:]}", "", *markdown(table)]
    write_atomic(path.with_suffix(".md"), ("\n".join(lines) + "\n").encode())
