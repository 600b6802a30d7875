"""Plots of errors, as PNG: the matrix of levels, figures and errors by level, and what errors may depend on."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spineyolo.evaluate.errors import Kind
from spineyolo.evaluate.resampling import share

# Okabe and Ito's palette (2008), told apart with any colour vision.
COLOURS: Final = {
    Kind.RIGHT: "#009e73",
    Kind.MISSED: "#000000",
    Kind.SHIFTED: "#d55e00",
    Kind.SWAPPED: "#cc79a7",
    Kind.POOR_MASK: "#f0e442",
    Kind.MERGED: "#0072b2",
    Kind.SPLIT: "#56b4e9",
    Kind.DUPLICATE: "#e69f00",
    Kind.FALSE: "#e69f00",
    Kind.UNLABELLED: "#999999",
}
_DPI: Final = 110
_BINS: Final = 4


def matrix_plot(matrix: pd.DataFrame) -> bytes:
    """Return the matrix of levels (`error_tables.level_matrix`): counts, shaded by the share of their row."""
    counts = matrix.to_numpy(np.int64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.0 + 0.36 * max(counts.shape)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.argwhere(counts > 0):
        shade = "white" if shares[row, column] > 0.55 else "black"
        text = str(counts[row, column])
        axes.text(int(column), int(row), text, ha="center", va="center", fontsize=7, color=shade)
    axes.set_xticks(range(counts.shape[1]), matrix.columns, rotation=90, fontsize=8)
    axes.set_yticks(range(counts.shape[0]), matrix.index, fontsize=8)
    axes.set_xlabel("named")
    axes.set_ylabel("labelled")
    axes.set_title("Vertebrae by level; shade: share of the row", fontsize=10)
    return _png(figure)


def level_plot(levels: pd.DataFrame, rates: pd.DataFrame) -> bytes:
    """Return figures by level (`error_tables.by_level`) above, errors by level (`error_tables.error_rates`) below."""
    figure = Figure(figsize=(max(6.0, 1.5 + 0.42 * len(levels)), 6.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    places = np.arange(len(levels))
    for name, colour, mark in (
        ("found", "#0072b2", "o"),
        ("named right", "#009e73", "s"),
        ("mask AP50, with levels", "#d55e00", "^"),
    ):
        upper.plot(places, levels[name], color=colour, marker=mark, markersize=4, linewidth=1.2, label=name)
    upper.set_ylim(0, 1.02)
    upper.grid(axis="y", linewidth=0.4)
    upper.set_ylabel("share; AP")
    upper.legend(fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    base = np.zeros(len(rates))
    for kind in rates.columns:
        values = rates[kind].to_numpy(np.float64)
        if values.any():
            lower.bar(places, values, bottom=base, color=COLOURS[Kind(kind)], label=kind, width=0.8)
        base = base + values
    lower.set_ylabel("share of the level's vertebrae")
    lower.set_xticks(places, levels["level"], fontsize=8)
    lower.set_ylim(0, max(0.05, float(base.max()) * 1.05))
    lower.legend(fontsize=8, ncols=6, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    return _png(figure)


def covariate_plot(findings: pd.DataFrame) -> bytes:
    """Return share found and share named right against Cobb angle, contrast, implants and field, with 95 % intervals.

    Cobb angle and contrast in quarters of the vertebrae that have one; intervals are over films, and left out for fewer
    than `resampling.MIN_FILMS`.
    """
    true = findings[findings["vertebra"].to_numpy(np.bool_)]
    groups = {
        "largest Cobb angle, deg (AP films)": _quarters(true["cobb_deg"]),
        "contrast-to-noise ratio of the vertebra": _quarters(true["contrast"]),
        "implant": true["implant"].map({True: "seen", False: "none seen"}),
        "film shows": true["field"],
    }
    figure = Figure(figsize=(10, 7), layout="constrained")
    for panel, (name, group) in zip(figure.subplots(2, 2, sharey=True).ravel(), groups.items(), strict=True):
        _panel(panel, true, group)
        panel.set_xlabel(name)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=9, frameon=False)
    return _png(figure)


def _quarters(values: pd.Series) -> pd.Series:
    """Return which quarter each value belongs to, named by its limits; NaN for NaN."""
    if values.notna().sum() < _BINS:
        return pd.Series(np.nan, index=values.index, dtype=object)
    limits = np.unique(np.nanquantile(values, np.linspace(0, 1, _BINS + 1)))
    digits = 0 if limits[-1] > 10 else 2
    names = [f"{low:.{digits}f} to {high:.{digits}f}" for low, high in pairwise(limits)]
    if not names:
        return values.map(lambda value: f"{value:.{digits}f}", na_action="ignore")
    return pd.cut(values, list(limits), labels=names, include_lowest=True, ordered=True)


def _panel(axes: Axes, true: pd.DataFrame, group: pd.Series) -> None:
    names = list(group.cat.categories) if hasattr(group, "cat") else sorted(group.dropna().unique())
    for value, label, colour, aside in (
        (true["shift"].notna(), "found", "#0072b2", -0.1),
        (true["named_right"], "found and named right", "#009e73", 0.1),
    ):
        for place, name in enumerate(names):
            inside = (group == name).to_numpy(np.bool_)
            here = float(value[inside].mean())
            low, high = share(true[inside], value[inside], str(name)).interval
            reach = None if np.isnan(low) else [[max(here - low, 0.0)], [max(high - here, 0.0)]]
            text = label if place == 0 else None
            axes.errorbar(place + aside, here, reach, fmt="o", color=colour, capsize=3, label=text)
    counts = [int((group == name).sum()) for name in names]
    axes.set_xticks(range(len(names)), [f"{name}\nn = {n}" for name, n in zip(names, counts, strict=True)], fontsize=8)
    axes.set_xlim(-0.6, max(len(names), 1) - 0.4)
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("share of true vertebrae")
    axes.grid(axis="y", linewidth=0.4)


def _png(figure: Figure) -> bytes:
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=_DPI)
    return target.getvalue()
