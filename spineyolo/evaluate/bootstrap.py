"""Percentile bootstrap over films (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).

Films are drawn, not vertebrae: those of one film are right or wrong together. A resample is how often each film was
drawn, so that every figure is computed from weights on films; the first row of such counts is the films as they are,
and gives the figure itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

RESAMPLES: Final = 1000

_RECALLS: Final = np.linspace(0.0, 1.0, 101)  # COCOeval's own
_BLOCK: Final = 100  # resamples at a time, so that their curves fit the cache

Counts = npt.NDArray[np.float64]
"""`(1 + resamples, films)`: how often each film counts, row 0 as it is."""

Numbers = npt.NDArray[np.number[Any]]


def film_counts(members: npt.NDArray[np.bool_], resamples: int = RESAMPLES, seed: int = 0) -> Counts:
    """Return counts for the films that are `members` `(films,)`; the others count nowhere.

    The same members and seed give the same draws, so that differences between methods are paired.
    """
    chosen = np.flatnonzero(members)
    draws = np.random.default_rng(seed).integers(len(chosen), size=(resamples, len(chosen)))
    counts = np.zeros((1 + resamples, len(members)))
    counts[0, chosen] = 1
    np.add.at(counts, (np.arange(1, 1 + resamples)[:, None], chosen[draws]), 1)
    return counts


def share(part: Numbers, whole: Numbers, counts: Counts) -> npt.NDArray[np.float64]:
    """Return the sum of `part` over that of `whole`, both `(films,)`, for each row of counts; NaN over nothing."""
    parts, wholes = counts @ part, counts @ whole
    return np.asarray(np.divide(parts, wholes, out=np.full(len(counts), np.nan), where=wholes > 0))


def interval(samples: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % percentile interval of resampled figures, NaN among them left out."""
    known = samples[~np.isnan(samples)]
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


@dataclass(frozen=True, eq=False)
class Curves:
    """COCO's figures in every resample, NaN where a level has no truth in it.

    Attributes:
        precision: `(1 + resamples, IoUs, levels)`, averaged over 101 recalls, for each IoU 0.5, 0.55 … 0.95.
        recall: the same shape, the highest reached.
    """

    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Ranked:
    """One level's candidates on all films, best first.

    Attributes:
        films: the film of each candidate, `(n,)`.
        hits: whether each is matched to a truth, `(IoUs, n)`.
        truths: how many each film has, `(films,)`.
    """

    films: npt.NDArray[np.intp]
    hits: npt.NDArray[np.bool_]
    truths: npt.NDArray[np.float64]


def coco_curves(evaluation: Any, counts: Counts) -> Curves:
    """Return average precision and recall of an evaluated COCOeval of one area range, in every resample.

    A film that is drawn twice gives its candidates twice, one behind the other, and its truths twice; films not drawn
    give neither. That equals COCOeval on the films drawn, but for the order of equal scores.
    """
    by_level = list(_ranked(evaluation))
    shape = (len(counts), len(evaluation.params.iouThrs), len(by_level))
    precision, recall = np.full(shape, np.nan), np.full(shape, np.nan)
    for level, ranked in enumerate(by_level):
        for start in range(0, len(counts), _BLOCK):
            rows = slice(start, start + _BLOCK)
            precision[rows, :, level], recall[rows, :, level] = _level_curves(ranked, counts[rows])
    return Curves(precision, recall)


def _ranked(evaluation: Any) -> Iterator[_Ranked]:
    films, ious = len(evaluation.params.imgIds), len(evaluation.params.iouThrs)
    for start in range(0, len(evaluation.evalImgs), films):
        level = evaluation.evalImgs[start : start + films]
        seen = [(index, film) for index, film in enumerate(level) if film is not None]
        scores = np.concatenate([np.zeros(0), *(np.asarray(film["dtScores"], float) for _, film in seen)])
        order = np.argsort(-scores, kind="mergesort")  # COCOeval's own, so that equal scores keep its order
        places = [np.full(len(film["dtScores"]), index) for index, film in seen]
        hits = np.concatenate([np.zeros((ious, 0)), *(film["dtMatches"] for _, film in seen)], axis=1) > 0
        truths = np.array([0 if film is None else len(film["gtIds"]) for film in level], float)
        yield _Ranked(np.concatenate([np.zeros(0, np.intp), *places])[order], hits[:, order], truths)


def average_precision(
    scores: npt.NDArray[np.floating], hits: npt.NDArray[np.bool_], truths: int
) -> npt.NDArray[np.float64]:
    """Return COCO's average precision `(IoUs,)` of candidates `(n,)` that are matched or not, `(IoUs, n)`."""
    order = np.argsort(-scores, kind="mergesort")
    ranked = _Ranked(np.zeros(len(scores), np.intp), hits[:, order], np.array([float(truths)]))
    average, _ = _level_curves(ranked, np.ones((1, 1)))
    return np.asarray(average[0])


def _level_curves(ranked: _Ranked, counts: Counts) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return average precision and highest recall, both `(rows, IoUs)`, NaN where no truth is drawn."""
    truths = counts @ ranked.truths
    average, highest = np.zeros((len(counts), len(ranked.hits))), np.zeros((len(counts), len(ranked.hits)))
    if len(ranked.films):
        drawn = counts[:, ranked.films]
        seen = np.maximum(drawn.cumsum(axis=1), 1)
        for iou, hits in enumerate(ranked.hits):
            found = (drawn * hits).cumsum(axis=1)
            envelope = np.maximum.accumulate((found / seen)[:, ::-1], axis=1)[:, ::-1]
            recall = found / np.maximum(truths, 1)[:, None]
            reached = np.searchsorted(_RECALLS, recall, side="right")  # recall steps at or below
            steps = np.diff(reached, axis=1, prepend=0)
            average[:, iou] = (steps * envelope).sum(axis=1) / len(_RECALLS)
            highest[:, iou] = recall[:, -1]
    average[truths == 0], highest[truths == 0] = np.nan, np.nan
    return average, highest
