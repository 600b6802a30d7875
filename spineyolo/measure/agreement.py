"""How well measured values agree with true ones: bias, limits of agreement, SMAPE, classes, intervals, plots."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from spineyolo.measure.measurement import COVERAGE, Array

SEVERITY_LIMITS_DEG: Final = (10.0, 25.0, 40.0)
"""Limits of the classes none, mild, moderate and severe of a largest Cobb angle, as AASCE's users take them."""

_RESAMPLES: Final = 2000


@dataclass(frozen=True)
class Agreement:
    """Bland and Altman's figures (Lancet 1986;327:307-10) of measured less true values.

    Attributes:
        count: pairs.
        bias: mean difference.
        low, high: limits of agreement, bias ± 1.96 standard deviations.
        mean_error: mean absolute difference.
    """

    count: int
    bias: float
    low: float
    high: float
    mean_error: float


def agreement(measured: Array, true: Array) -> Agreement:
    """Return bias and limits of agreement of `(n,)` measured and true values; n is 2 or more."""
    difference = measured - true
    spread = COVERAGE * float(difference.std(ddof=1))
    bias = float(difference.mean())
    return Agreement(len(difference), bias, bias - spread, bias + spread, float(np.abs(difference).mean()))


def smape(measured: Array, true: Array) -> float:
    """Return the mean over films of the summed absolute difference over the sum of both, %; `(films, 3)` deg each."""
    return 100 * float(np.mean(np.abs(measured - true).sum(axis=1) / (measured + true).sum(axis=1)))


def severity(largest_deg: Array) -> Array:
    """Return the class 0…3 of largest Cobb angles `(n,)`."""
    return np.digitize(largest_deg, SEVERITY_LIMITS_DEG).astype(np.float64)


def interval(
    figure: Callable[[Array, Array], float], measured: Array, true: Array, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval (percentiles) of a figure of pairs, resampled by the first axis."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(true), (_RESAMPLES, len(true)))
    low, high = np.percentile([figure(measured[row], true[row]) for row in rows], (2.5, 97.5))
    return float(low), float(high)


def share_right(measured: Array, true: Array) -> float:
    """Return the share of films in the right severity class, %, from `(films, 3)` deg."""
    return 100 * float(np.mean(severity(measured[:, 0]) == severity(true[:, 0])))


def largest_error(measured: Array, true: Array) -> float:
    """Return the mean absolute error of the largest angle, deg, from `(films, 3)` deg."""
    return float(np.abs(measured[:, 0] - true[:, 0]).mean())


def bland_altman(pairs: Mapping[str, tuple[Array, Array]], units: Sequence[str]) -> bytes:
    """Return a PNG of difference over mean, a panel for each named pair of measured and true values."""
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    figure = Figure(figsize=(4.2 * columns, 3.2 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, (name, (measured, true)), unit in zip(panels, pairs.items(), units, strict=False):
        known = agreement(measured, true)
        panel.scatter((measured + true) / 2, measured - true, s=8, alpha=0.5, color="#0072b2", linewidths=0)
        for level, style in ((known.bias, "-"), (known.low, "--"), (known.high, "--")):
            panel.axhline(level, color="#d55e00", linestyle=style, linewidth=1)
        panel.set_title(f"{name}, n = {known.count}", fontsize=9)
        panel.set_xlabel(f"mean of measured and true, {unit}", fontsize=8)
        panel.set_ylabel(f"measured - true, {unit}", fontsize=8)
        panel.tick_params(labelsize=7)
    for panel in panels[len(pairs) :]:
        panel.set_axis_off()
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=110)
    return target.getvalue()
