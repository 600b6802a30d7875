"""The comparison as tables of text, for the screen and for Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import pandas as pd

from spineyolo.anatomy import LEVELS, Region
from spineyolo.evaluate.compare.accuracy import ALL, FIGURES
from spineyolo.evaluate.compare.comparison import END_TO_END, WITH, WITHOUT, Comparison
from spineyolo.evaluate.compare.stages import STAGES

LEAD_FIGURES: Final = (
    "mask_numbered_mAP50-95",
    "mask_agnostic_mAP50-95",
    "box_agnostic_mAP50",
    "identification",
    "films_all_right",
    "dice",
    "boundary_px",
)
"""Those whose differences are shown; the CSV file has all."""

PART_FIGURES: Final = ("mask_numbered_mAP50-95", "mask_numbered_mAP50", "identification", "dice", "boundary_px")
"""Those shown for regions and levels."""


def model_table(compared: Comparison) -> pd.DataFrame:
    """Return what each model is, where it came from and what it costs; for absent ones, how they are made."""
    end_to_end = compared.latency[compared.latency["stage"] == END_TO_END].set_index("model")
    rows = []
    for model in compared.models:
        cost, times = compared.runs[model.name].cost, end_to_end.loc[model.name]
        rows.append(
            {
                "model": model.name,
                "started from": model.started_from,
                "steps": model.steps or "not counted",
                "CPU-hours": _number(model.cpu_hours, 1, "not counted"),
                "parameters, M": _number(cost.parameters_m, 2),
                "GFLOPs": _number(cost.gflops, 1),
                "peak memory, MB": _number(cost.peak_mb, 0),
                "ms a film, p50 / p95": f"{times['p50_ms']:.0f} / {times['p95_ms']:.0f}",
            }
        )
    for model in compared.absent:
        rows.append({"model": model.name, "started from": f"**absent**; made by: `{model.make}`"})
    return pd.DataFrame(rows).fillna("-")


def accuracy_table(compared: Comparison, group: str) -> pd.DataFrame:
    """Return every figure of one group of films with its interval, a column a model and numbering."""
    found = compared.figures[(compared.figures["group"] == group) & (compared.figures["scope"] == ALL)]
    rows = []
    for figure in FIGURES:
        row = {"figure": figure}
        for model in compared.models:
            for numbering in (WITH, WITHOUT):
                cell = _cell(found, model=model.name, numbering=numbering, figure=figure)
                row[f"{model.name}, {numbering} numbering"] = cell
        rows.append(row)
    return pd.DataFrame(rows)


def lead_table(compared: Comparison, group: str) -> pd.DataFrame:
    """Return paired differences of one group of films, a row a pair."""
    found = compared.differences[compared.differences["group"] == group]
    rows = []
    for (first, second), pair in found.groupby(["first", "second"], sort=False):
        chosen = pair.set_index("figure")
        cells = {
            name: _interval_text(chosen.loc[name, ["difference", "low", "high"]].to_numpy(), sign="+")
            for name in LEAD_FIGURES
        }
        rows.append({"first less second": f"{first} less {second}", **cells})
    return pd.DataFrame(rows)


def part_table(compared: Comparison, group: str, scopes: Sequence[str]) -> pd.DataFrame:
    """Return figures of regions or levels of one group of films, with numbering; those without truth are left out."""
    found = compared.figures[(compared.figures["group"] == group) & (compared.figures["numbering"] == WITH)]
    rows = []
    for scope in scopes:
        for model in compared.models:
            cells = {name: _cell(found, model=model.name, scope=scope, figure=name) for name in PART_FIGURES}
            if cells["identification"] != "-":
                rows.append({"part": scope, "model": model.name, **cells})
    return pd.DataFrame(rows, columns=["part", "model", *PART_FIGURES])


def region_table(compared: Comparison, group: str) -> pd.DataFrame:
    """Return the figures by region."""
    return part_table(compared, group, [str(region) for region in Region])


def level_table(compared: Comparison, group: str) -> pd.DataFrame:
    """Return the figures by level."""
    return part_table(compared, group, LEVELS)


def latency_table(compared: Comparison) -> pd.DataFrame:
    """Return ms a film by stage, p50 / p95, a column a model."""
    times = compared.latency.set_index(["stage", "model"])
    rows = []
    for stage in (*STAGES, END_TO_END):
        cells = {
            model.name: " / ".join(f"{ms:.1f}" for ms in times.loc[(stage, model.name), ["p50_ms", "p95_ms"]])
            for model in compared.models
        }
        rows.append({"stage": f"{stage}: {STAGES[stage]}" if stage in STAGES else stage, **cells})
    return pd.DataFrame(rows)


def growth_table(compared: Comparison) -> pd.DataFrame:
    """Return how the time of one film grows with its size, and with the vertebrae left on it."""
    rows = [
        {
            "varied": row["varied"],
            "model": row["model"],
            "megapixels": f"{row['megapixels']:.2f}",
            "vertebrae in view": str(row["vertebrae"]),
            "numbered": str(row["found"]),
            **{f"{stage}, ms": f"{row[stage]:.1f}" for stage in STAGES},
            "end to end, ms": f"{sum(row[stage] for stage in STAGES):.0f}",
        }
        for row in compared.growth.to_dict("records")
    ]
    return pd.DataFrame(rows).sort_values(["varied", "model"], kind="stable")


def val_table(compared: Comparison) -> pd.DataFrame:
    """Return the steps from Ultralytics' own figures to this evaluator's."""
    figures = [f"{kind}_{name}" for kind in ("mask", "box") for name in ("mAP50-95", "mAP50")]
    rows = [
        {"model": row["model"], "step": row["step"], **{name: _number(row[name], 3) for name in figures}}
        for row in compared.val.to_dict("records")
    ]
    return pd.DataFrame(rows, columns=["model", "step", *figures])


def verdicts(compared: Comparison) -> list[str]:
    """Return a sentence for each other model: by how much the first is ahead of it, and how much faster it is."""
    first, *others = (model.name for model in compared.models)
    times = compared.latency[compared.latency["stage"] == END_TO_END].set_index("model")["p50_ms"]
    sentences = []
    for group in compared.figures["group"].unique():
        pairs = compared.differences[
            (compared.differences["group"] == group) & (compared.differences["figure"] == "mask_numbered_mAP50-95")
        ].set_index(["first", "second"])
        for other in others:
            lead = pairs.loc[(first, other)]
            outside = lead["low"] > 0 or lead["high"] < 0
            text = _interval_text(lead[["difference", "low", "high"]], sign="+")
            sentences.append(
                f"{group}: {first} less {other}, numbered mask mAP50-95: {text}, "
                f"{'more' if outside else 'not more'} than the interval; median time a film of {other} is "
                f"{times[other] / times[first]:.1f} times that of {first}."
            )
    return sentences


def _cell(figures: pd.DataFrame, **key: str) -> str:
    """Return the one row of a long table that a key names as text; - where there is none, or no truth."""
    for column, value in key.items():
        figures = figures[figures[column] == value]
    scoped = figures[figures["scope"] == key.get("scope", ALL)]
    return "-" if scoped.empty else _interval_text(scoped.iloc[0][["value", "low", "high"]])


def _interval_text(figure: Iterable[float], sign: str = "") -> str:
    """Return a figure, the lower and the upper end of its interval as text."""
    value, low, high = figure
    if math.isnan(value):
        return "-"
    return f"{value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def _number(value: float | None, digits: int, unknown: str = "-") -> str:
    return unknown if value is None else f"{value:.{digits}f}"
