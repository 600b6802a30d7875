"""What hypotheses are tested by: rank correlations, differences between groups and shares, resampled over films."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from spineyolo.evaluate import bootstrap

MIN_FILMS: Final = 4
"""Films on fewer, of either group or in all, test nothing."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sample:
    """A figure of some rows of a table that has a column `film`.

    Attributes:
        resampled: the figure, then the same in every resample of films, `(1 + resamples,)`; empty if `lacks`.
        films: how many films have rows.
        detail: the figure's parts, in words.
        lacks: why there is no figure; empty where there is one.
    """

    resampled: Floats
    films: int
    detail: str = ""
    lacks: str = ""

    @property
    def figure(self) -> float:
        """The figure of the films as they are."""
        return float(self.resampled[0])

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % percentile interval."""
        return bootstrap.interval(self.resampled[1:])


def correlation(rows: pd.DataFrame, cause: str, effect: str) -> Sample:
    """Return Spearman's rank correlation of two columns, over the rows that have both."""
    known = rows.dropna(subset=[cause, effect])
    x, y = known[cause].to_numpy(np.float64), known[effect].to_numpy(np.float64)
    films, count = _codes(known)
    same = [name for name, values in ((cause, x), (effect, y)) if len(values) and np.ptp(values) == 0]
    if count < MIN_FILMS or same:
        lacks = f"{same[0]} is the same everywhere" if same else _too_few(count, f"{cause} and {effect}")
        return Sample(np.zeros(0), count, lacks=lacks)
    counts = bootstrap.film_counts(np.ones(count, np.bool_)).astype(np.intp)
    values = np.array([_spearman(np.repeat(x, times), np.repeat(y, times)) for times in counts[:, films]])
    return Sample(values, count, f"({len(known)} of them.)" if len(known) > count else "")


def _spearman(x: Floats, y: Floats) -> float:
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(x), rankdata(y))[0, 1])


def difference(rows: pd.DataFrame, group: pd.Series, value: pd.Series, names: tuple[str, str]) -> Sample:
    """Return the mean of `value` in a group less that outside it; `names` tell the group and the rest in words."""
    films, count = _codes(rows)
    inside, values = group.to_numpy(np.bool_), value.to_numpy(np.float64)
    lacks = []
    for name, part in zip(names, (inside, ~inside), strict=True):
        if (having := len(set(films[part]))) < MIN_FILMS:
            lacks.append(_too_few(having, name))
    if lacks:
        return Sample(np.zeros(0), count, lacks="; ".join(lacks))
    counts = bootstrap.film_counts(np.ones(count, np.bool_))
    means = [mean(values[part], films[part], counts) for part in (inside, ~inside)]
    parts = zip(names, means, (inside, ~inside), strict=True)
    told = ", ".join(f"{means_of[0]:.2f} over {int(part.sum())} {name}" for name, means_of, part in parts)
    return Sample(means[0] - means[1], count, f"({told}.)")


def share(rows: pd.DataFrame, value: pd.Series, name: str) -> Sample:
    """Return the share of rows, `name` in words, of which a column of truths holds."""
    films, count = _codes(rows)
    if count < MIN_FILMS:
        return Sample(np.zeros(0), count, lacks=_too_few(count, name))
    values = value.to_numpy(np.float64)
    counts = bootstrap.film_counts(np.ones(count, np.bool_))
    return Sample(mean(values, films, counts), count, f"({int(values.sum())} of {len(values)} {name}.)")


def mean(values: Floats, films: npt.NDArray[np.intp], counts: bootstrap.Counts) -> Floats:
    """Return the mean of values `(n,)` of some films, numbered as in `counts`, in each of its resamples."""
    width = counts.shape[1]
    sums = np.bincount(films, weights=values, minlength=width)
    return bootstrap.share(sums, np.bincount(films, minlength=width), counts)


def _codes(rows: pd.DataFrame) -> tuple[npt.NDArray[np.intp], int]:
    """Return the number of each row's film, and how many films there are."""
    names, codes = np.unique(rows["film"].to_numpy(str), return_inverse=True)
    return codes, len(names)


def _too_few(count: int, name: str) -> str:
    return f"{count} films with {name}, {MIN_FILMS} are needed"
