"""Numbering: the whole column decides which level each candidate is.

Candidates are taken from the top down. A chain picks some of them and gives each a level, strictly rising
from C1 towards L5; the rest are set aside as false or double. The chain's cost is a sum of

- for a candidate named with level a: `emission * ln(max(s) / s[a])`, s being its scores;
- for a candidate set aside: `drop * score`;
- for two neighbours in the chain, levels a and b: `gap` for each level left out between them, plus
  `spacing * ln(steps / (b - a)) ** 2`, where steps is their distance in the film's own vertebra spacings;
- `open_end` at an end where the film goes on for more than one spacing, unless the level is one at which
  columns end on films of that kind (`TOP_LEVELS`, `BOTTOM_LEVELS`): a column is cut by the film's edge, or
  it ends where labelled columns end, but it does not stop half-way down a film.

Three vertebrae by hand: heights 20 px, centres y = 100, 130, 160, scores for (T1, T2, T3) of (.6, .2, 0),
(.5, .4, 0) and (0, .3, .6). One by one they are T1, T1, T3. As the chain T1, T2, T3 they cost, with emission 1,
0 + ln(.5/.4) + 0 = 0.22; both distances are one spacing, so nothing is added. Setting the second aside costs
drop * .5 instead, plus nothing for the gap's spacing (two steps, two levels) and one `gap`: dearer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from spineyolo.anatomy import LEVELS

Array = npt.NDArray[np.float64]

TOP_LEVELS: Final = frozenset({"C1", "C2", "C3", "T1"})
"""Levels at which a labelled column starts below the film's edge: the skull, or the first rib on AP films."""

BOTTOM_LEVELS: Final = frozenset({"L5"})
_FLOOR: Final = 1e-4
_COUNT: Final = len(LEVELS)


@dataclass(frozen=True)
class Costs:
    """The prices of a chain, in nats.

    The best of 48 random choices by identification on validation films only: 48 AASCE films, 4 whole laterals,
    and 38 windows cut from them. The best choices differ little, and only `drop` mattered much.
    """

    emission: float = 0.7
    drop: float = 12.0
    gap: float = 2.0
    spacing: float = 8.0
    open_end: float = 1.0


@dataclass(frozen=True)
class Numbering:
    """The levels of one film's candidates.

    Attributes:
        levels: one for each candidate, None where it was set aside.
        margin: cost, in nats, by which the chain shifted one level up or down is dearer; small means unsure.
            Infinite where it cannot be shifted, and for an empty chain.
    """

    levels: tuple[str | None, ...]
    margin: float


def number(
    boxes: npt.NDArray[np.float32],
    level_scores: npt.NDArray[np.float32],
    film_height: int,
    costs: Costs = Costs(),
) -> Numbering:
    """Return the likeliest levels for candidates of one film.

    Args:
        boxes: `(n, 4)` x0, y0, x1, y1 px.
        level_scores: `(n, 24)`.
        film_height: px.
        costs: the prices.
    """
    count = len(boxes)
    if count == 0:
        return Numbering((), float("inf"))
    order = np.argsort(boxes[:, 1] + boxes[:, 3], kind="stable")
    column = _Column.of(boxes[order].astype(np.float64), level_scores[order].astype(np.float64), film_height, costs)
    chain = _cheapest_chain(column)
    levels: list[str | None] = [None] * count
    for candidate, level in chain:
        levels[int(order[candidate])] = LEVELS[level]
    return Numbering(tuple(levels), _margin(column, chain))


@dataclass(frozen=True, eq=False)
class _Column:
    """The prices of everything a chain may do, candidates in order from the top."""

    named: Array  # (n, 24) candidate i gets level a
    dropped: Array  # (n + 1,) candidates 0…i-1 all set aside
    steps: Array  # (n, n) distance from i to j in vertebra spacings
    start: Array  # (n, 24) the chain starts at i with level a
    end: Array  # (n, 24)
    costs: Costs

    @classmethod
    def of(cls, boxes: Array, level_scores: Array, film_height: int, costs: Costs) -> _Column:
        scores = level_scores.max(axis=1)
        shares = level_scores / np.maximum(scores[:, None], _FLOOR)
        centres = np.stack([boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]], axis=1) / 2
        heights = np.maximum(boxes[:, 3] - boxes[:, 1], 1.0)
        distances = np.linalg.norm(centres[:, None] - centres[None], axis=2)
        relative = distances / ((heights[:, None] + heights[None]) / 2)
        spacing = _typical_spacing(relative, scores)
        room_above = boxes[:, 1] > spacing * heights
        room_below = film_height - boxes[:, 3] > spacing * heights
        mid_top = np.array([level not in TOP_LEVELS for level in LEVELS])
        mid_bottom = np.array([level not in BOTTOM_LEVELS for level in LEVELS])
        return cls(
            named=-costs.emission * np.log(np.maximum(shares, _FLOOR)),
            dropped=np.concatenate([[0.0], np.cumsum(costs.drop * scores)]),
            steps=relative / spacing,
            start=costs.open_end * (room_above[:, None] & mid_top),
            end=costs.open_end * (room_below[:, None] & mid_bottom),
            costs=costs,
        )

    def link(self, upper: int, lower: int) -> Array:
        """Return the price `(24, 24)` of going from `upper` at level a to `lower` at level b; inf unless b > a."""
        rise = np.arange(_COUNT)[None, :] - np.arange(_COUNT)[:, None]
        steps = max(self.steps[upper, lower], 0.05)
        with np.errstate(divide="ignore", invalid="ignore"):
            price = self.costs.gap * (rise - 1) + self.costs.spacing * np.log(steps / rise) ** 2
        return np.where(rise > 0, price + self.dropped[lower] - self.dropped[upper + 1], np.inf)


def _typical_spacing(relative: Array, scores: Array) -> float:
    """Return the usual centre distance of neighbours in vertebra heights, from confident candidates."""
    sure = np.flatnonzero(scores >= 0.5 * scores.max())
    if len(sure) < 3:
        return 1.35  # median of AASCE's training films
    return float(np.clip(np.median(relative[sure[:-1], sure[1:]]), 1.0, 1.8))


def _cheapest_chain(column: _Column) -> list[tuple[int, int]]:
    """Return the cheapest chain as (candidate, level) pairs from the top; exact, by dynamic programming."""
    count = len(column.named)
    best = column.dropped[:count, None] + column.start  # cheapest way to arrive, before naming the candidate
    came_from = np.full((count, _COUNT, 2), -1)
    for lower in range(count):
        for upper in range(lower):
            arriving = (best[upper] + column.named[upper])[:, None] + column.link(upper, lower)
            levels = arriving.argmin(axis=0)
            price = arriving[levels, np.arange(_COUNT)]
            better = price < best[lower]
            best[lower][better] = price[better]
            came_from[lower][better] = np.stack([np.full(_COUNT, upper), levels], axis=1)[better]
    after = column.dropped[-1] - column.dropped[1:]
    total = best + column.named + column.end + after[:, None]
    candidate, level = (int(index) for index in np.unravel_index(int(total.argmin()), total.shape))
    chain = []
    while candidate >= 0:
        chain.append((candidate, level))
        candidate, level = (int(index) for index in came_from[candidate, level])
    return chain[::-1]


def _margin(column: _Column, chain: list[tuple[int, int]]) -> float:
    """Return how much dearer the chain becomes when all its levels move one up or down, whichever is cheaper."""

    def price(shift: int) -> float:
        levels = [level + shift for _, level in chain]
        if levels[0] < 0 or levels[-1] >= _COUNT:
            return float("inf")
        named = sum(column.named[candidate, level] for (candidate, _), level in zip(chain, levels, strict=True))
        return float(named + column.start[chain[0][0], levels[0]] + column.end[chain[-1][0], levels[-1]])

    return min(price(-1), price(1)) - price(0)
