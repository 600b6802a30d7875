"""The comparison as a picture."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spineyolo.anatomy import LEVELS
from spineyolo.evaluate.compare.accuracy import ALL
from spineyolo.evaluate.compare.comparison import WITH, WITHOUT, Comparison
from spineyolo.evaluate.compare.stages import STAGES

# Okabe and Ito's palette (2008), told apart with any colour vision; the same colour is the same model, or stage.
_COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
_BARS: Final = {
    "mask_numbered_mAP50-95": "mask mAP50-95,\nwith levels",
    "mask_agnostic_mAP50-95": "mask mAP50-95,\nclass-agnostic",
    "identification": "identification",
    "films_all_right": "films\nall right",
    "dice": "Dice",
}


def picture(compared: Comparison, group: str) -> bytes:
    """Return a PNG: accuracy with intervals, identification by level, time by stage and how it grows."""
    figure = Figure(figsize=(13, 8), layout="constrained")
    axes = figure.subplot_mosaic("AAABBB;CCDDEE")
    figures = compared.figures[compared.figures["group"] == group]
    _accuracy(axes["A"], compared, figures)
    axes["A"].set_title(f"{group}, films: {figures['films'].iloc[0]}, 95 % intervals", fontsize=10)
    _levels(axes["B"], compared, figures)
    _stages(axes["C"], compared)
    _growth(axes["D"], compared, "size", "megapixels")
    _growth(axes["E"], compared, "vertebrae", "vertebrae")
    for axis in axes.values():
        axis.spines[["top", "right"]].set_visible(False)
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=110)
    return target.getvalue()


def _accuracy(axis: Axes, compared: Comparison, figures: pd.DataFrame) -> None:
    bars = [(model.name, numbering) for model in compared.models for numbering in (WITH, WITHOUT)]
    width = 0.8 / len(bars)
    of_all = figures[figures["scope"] == ALL].set_index(["model", "numbering", "figure"])
    for place, (model, numbering) in enumerate(bars):
        rows = of_all.loc[[(model, numbering, name) for name in _BARS]]
        x = np.arange(len(_BARS)) + (place - (len(bars) - 1) / 2) * width
        axis.bar(x, rows["value"], width, label=f"{model}, {numbering} numbering", **_look(place, numbering))
        spread = [rows["value"] - rows["low"], rows["high"] - rows["value"]]
        axis.errorbar(x, rows["value"], spread, fmt="none", ecolor="black", elinewidth=1)
    axis.set_xticks(range(len(_BARS)), list(_BARS.values()), fontsize=8)
    axis.set_ylim(0, 1.3)
    axis.set_yticks(np.linspace(0, 1, 6))
    axis.legend(fontsize=7, ncols=2, loc="upper left", frameon=False)


def _look(place: int, numbering: str) -> dict[str, Any]:
    return {"color": _COLOURS[place // 2 % len(_COLOURS)], "alpha": 1.0 if numbering == WITH else 0.45}


def _levels(axis: Axes, compared: Comparison, figures: pd.DataFrame) -> None:
    chosen = figures[(figures["figure"] == "identification") & (figures["numbering"] == WITH)]
    seen = [level for level in LEVELS if chosen[chosen["scope"] == level]["value"].notna().any()]
    for place, model in enumerate(compared.models):
        rows = chosen[chosen["model"] == model.name].set_index("scope").loc[seen]
        colour = _COLOURS[place % len(_COLOURS)]
        axis.plot(seen, rows["value"], marker="o", color=colour, label=model.name)
        axis.fill_between(seen, rows["low"], rows["high"], color=colour, alpha=0.15)
    axis.set_ylim(0, 1.05)
    axis.tick_params(axis="x", labelsize=8)
    axis.set_title("identification by level, with numbering", fontsize=10)
    axis.legend(fontsize=7, frameon=False)


def _stages(axis: Axes, compared: Comparison) -> None:
    names = [model.name for model in compared.models]
    start = np.zeros(len(names))
    for place, stage in enumerate(STAGES):
        rows = compared.latency[compared.latency["stage"] == stage].set_index("model").loc[names]
        axis.barh(names, rows["p50_ms"], left=start, label=stage, color=_COLOURS[place % len(_COLOURS)])
        start += rows["p50_ms"].to_numpy()
    axis.set_xlabel("ms a film, medians of the stages", fontsize=8)
    axis.set_ylim(-0.6, len(names) + 0.2)
    axis.set_yticks(range(len(names)), names, fontsize=7)
    axis.set_title("time by stage", fontsize=10)
    axis.legend(fontsize=7, frameon=False, ncols=len(STAGES), loc="upper left", handlelength=1, columnspacing=1)


def _growth(axis: Axes, compared: Comparison, varied: str, column: str) -> None:
    rows = compared.growth[compared.growth["varied"] == varied]
    for place, model in enumerate(compared.models):
        of_model = rows[rows["model"] == model.name]
        total = of_model[list(STAGES)].sum(axis=1)
        axis.plot(of_model[column], total, marker="o", color=_COLOURS[place % len(_COLOURS)], label=model.name)
    axis.set_ylim(bottom=0)
    axis.set_xlabel(f"{column} of one film", fontsize=8)
    axis.set_title(f"ms a film by {column}", fontsize=10)
    axis.legend(fontsize=7, frameon=False)
