"""The comparison as files: Markdown, CSV, JSON and a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pandas as pd

from spineyolo.evaluate.bootstrap import RESAMPLES
from spineyolo.evaluate.compare import tables
from spineyolo.evaluate.compare.comparison import Comparison
from spineyolo.evaluate.compare.cost import REPEATS
from spineyolo.evaluate.compare.plot import picture
from spineyolo.evaluate.compare.ultralytics_val import STEPS
from spineyolo.evaluate.levels import MATCH_IOU, SURE_SCORE
from spineyolo.evaluate.tables import json_value, markdown
from spineyolo.files import write_atomic

_NOTES: Final = (
    f"In square brackets: 95 % percentile intervals of {RESAMPLES} resamples of films; differences are paired, in the "
    "same resamples. On few films such an interval is too narrow.",
    "Every model answers with candidates that have a score for each level. With numbering: the whole column decides "
    "(`spineyolo/numbering`). Without: each candidate is named by its own best level, of those that overlap (IoU 0.7) "
    "the best stays. A candidate's score is its levels' scores added up, in both.",
    "`numbered`: the level must be right. `agnostic`: every candidate counts, those that numbering set aside too. "
    "COCO's areas `all`, 100 candidates a film and level (agnostic: a film); nothing is cut off by score before.",
    f"Identification, detection, Dice, IoU and boundary error count candidates scored {SURE_SCORE} or more that are "
    f"matched one to one at mask IoU ≥ {MATCH_IOU}. `dice` and `iou`: of vertebrae found; `_all`: a missed one is 0.",
    "Boundary error: mean distance between both outlines, px of the film, both ways (average symmetric surface "
    "distance), of vertebrae found.",
    "Time: each film once, one after the other, after one that does not count, each model in a process of its own. "
    "Growth: one film, scaled, or with its lower vertebrae painted over, "
    f"medians of {REPEATS}. Peak memory: of the whole process (with a GPU: on it). GFLOPs: of that film, "
    "a multiplication and an addition counted as two; - where the network runs outside PyTorch.",
)


def write(compared: Comparison, folder: Path, name: str, about: Mapping[str, str]) -> list[Path]:
    """Write `NAME.md`, `NAME.csv`, `NAME_differences.csv`, `NAME.json` and `NAME.png`, each whole or not; return them.

    The picture is of the first group of films.
    """
    folder.mkdir(parents=True, exist_ok=True)
    group = str(compared.figures["group"].iloc[0])
    contents = {
        f"{name}.md": ("\n".join(_markdown(compared, name, about)) + "\n").encode(),
        f"{name}.csv": compared.figures.to_csv(index=False, float_format="%.6f").encode(),
        f"{name}_differences.csv": compared.differences.to_csv(index=False, float_format="%.6f").encode(),
        f"{name}.json": json.dumps(json_value(_document(compared, about)), indent=1, allow_nan=False).encode(),
        f"{name}.png": picture(compared, group),
    }
    for file_name, content in contents.items():
        write_atomic(folder / file_name, content)
    return [folder / file_name for file_name in contents]


def _markdown(compared: Comparison, name: str, about: Mapping[str, str]) -> list[str]:
    lines = [f"# {name}", "", *(f"- {key}: `{value}`" for key, value in about.items()), ""]
    lines += _section("Models", tables.model_table(compared))
    lines += [*(f"- {sentence}" for sentence in tables.verdicts(compared)), "", f"![the comparison]({name}.png)", ""]
    for group, rows in compared.figures.groupby("group", sort=False):
        films = f"{group}, films: {rows['films'].iloc[0]}"
        lines += _section(films, tables.accuracy_table(compared, str(group)))
        lines += _section(f"Differences: {films}", tables.lead_table(compared, str(group)))
        lines += _section(f"By region: {films}", tables.region_table(compared, str(group)))
        lines += _section(f"By level: {films}", tables.level_table(compared, str(group)))
    lines += _section("Time by stage, ms a film, p50 / p95", tables.latency_table(compared))
    lines += _section("How time grows", tables.growth_table(compared))
    worst = max(compared.disagreement.values())
    checked = f"AP checked against pycocotools called by hand, with its own settings: largest difference {worst:.1e}."
    lines += ["## How it was measured", "", *(f"- {note}" for note in (*_NOTES, checked)), ""]
    if len(compared.val):
        lines += _section("Ultralytics' own `val`", tables.val_table(compared))
        lines += [*(f"- {step}: {what}." for step, what in STEPS.items())]
        lines += ["", "Why each step changes what it does: `docs/evaluation.md`.", ""]
    return lines


def _section(title: str, table: pd.DataFrame) -> list[str]:
    return [f"## {title}", "", *markdown(table), ""]


def _document(compared: Comparison, about: Mapping[str, str]) -> dict[str, Any]:
    models = {
        model.name: {
            **{key: str(value) if isinstance(value, Path) else value for key, value in asdict(model).items()},
            **(asdict(compared.runs[model.name].cost) if model.name in compared.runs else {"absent": True}),
        }
        for model in (*compared.models, *compared.absent)
    }
    long = {
        name: getattr(compared, name).to_dict("records")
        for name in ("figures", "differences", "latency", "growth", "val")
    }
    return {"about": dict(about), "models": models, "disagreement": dict(compared.disagreement), **long}
