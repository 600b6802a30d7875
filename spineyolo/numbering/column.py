"""The spine's own curve through the candidates of one film, and each candidate's place on it.

Order down the column is order along this curve, not down the film: severe scoliosis folds back on itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

USUAL_SCORE: Final = 0.25
"""Candidates that score so much are taken for vertebrae by themselves; weaker ones only where the column asks."""

_STIFFNESS: Final = 0.3
"""Weight of the curve's bends against its distance from a candidate of score 1: so little that the curve follows a
column that folds back, so much that it does not follow gas beside it."""

_LOG_SIZE_PER_PX: Final = 2.0
"""A vertebra's log size weighs in the curve as so many sizes in px do."""

_USUAL_ERROR: Final = 0.15
"""Distance of a true candidate from the curve, in units of `_LOG_SIZE_PER_PX` sizes."""

_USUAL_RATIO_ERROR: Final = 0.15
"""Spread of the log of a true step's ratio to the pitch hereabouts: 0.09 on AASCE's validation films."""

_EVENNESS: Final = 2.0
"""Weight of the pitch's change from step to step against its distance from a step's own."""

_PRIOR_STEPS: Final = 2
"""How many steps the general pitch counts for, among the film's and everywhere along the curve."""


@dataclass(frozen=True, eq=False)
class Column:
    """The candidates of one film in order down the spine.

    Attributes:
        order: `(n,)` which candidate comes first, second, …; the arrays below are in this order.
        arc: `(n,)` position along the curve, px, rising.
        centres: `(n, 2)` px.
        pitch: `(n,)` distance px between neighbouring vertebrae hereabouts.
        off: `(n,)` distance from the curve in vertebra sizes (root of the box area hereabouts); beyond the curve's
            ends, where it is a guess, counted less.
    """

    order: Indices
    arc: Array
    centres: Array
    pitch: Array
    off: Array

    def steps(self) -> Array:
        """Return `(n, n)`: how many pitches candidate i lies below j; negative where it lies above.

        Along the curve, and at least the straight way: a smooth curve cuts corners.
        """
        along = self.arc[:, None] - self.arc
        x, y = (self.centres[:, None] - self.centres).transpose(2, 0, 1)
        straight = np.hypot(x, y, out=along.copy(), where=along > 0)
        way = np.maximum(along, straight)
        return np.asarray(way * 2 / (self.pitch[:, None] + self.pitch))


def confident(scores: Array) -> npt.NDArray[np.bool_]:
    """Return which candidates with scores `(n,)` are taken for vertebrae by themselves.

    Those of `USUAL_SCORE`, or half of the film's best score if that is less: on a faint film all scores are low.
    """
    return np.asarray(scores >= min(USUAL_SCORE, 0.5 * scores.max()))


def fit(boxes: Array, scores: Array) -> Column:
    """Fit the curve to candidates `(n, 4)` px with scores `(n,)`, n ≥ 1.

    Neighbours' distance in vertebra sizes is 0.93 on AASCE's validation films and 1.00 on the laterals': 1 is the
    general pitch, which holds where a film says nothing else.
    """
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    log_sizes = 0.5 * np.log(np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1.0))
    path = backbone(centres, np.flatnonzero(confident(scores)))
    scale = _LOG_SIZE_PER_PX * float(np.exp(log_sizes[path].mean()))
    smooth = _smooth(np.column_stack([centres[path], scale * log_sizes[path]]), scores[path], _USUAL_ERROR * scale)
    curve, log_size = smooth[:, :2], smooth[:, 2] / scale
    place, arc, off = _project(centres, curve, float(np.exp(log_size.mean())))
    size = np.exp(np.interp(place, np.arange(len(path)), log_size))
    steps = np.maximum(np.diff(arc[path]), 1.0)
    ratio = _even(np.log(steps) - (log_size[1:] + log_size[:-1]) / 2)
    pitch = size * np.exp(np.interp(place, np.arange(len(steps)) + 0.5, ratio)) if len(steps) else size
    beyond = np.maximum(arc[path[0]] - arc, 0) + np.maximum(arc - arc[path[-1]], 0)
    order = np.argsort(arc, kind="stable")
    return Column(order, arc[order], centres[order], pitch[order], (off / size / (1 + beyond / pitch))[order])


def backbone(centres: Array, chosen: Indices) -> Indices:
    """Return those of the chosen candidates that make the column, from its upper end to its lower.

    They are the longest path in the shortest tree that joins all chosen ones: what lies beside the column hangs
    on it as a side branch, and a column that folds back stays in order.
    """
    points = centres[chosen]
    offsets = points[:, None] - points[None]
    joined, parent, length = _shortest_tree(np.sqrt((offsets**2).sum(axis=2)))
    root_distance = [0.0] * len(points)
    for new in joined[1:]:
        root_distance[new] = root_distance[parent[new]] + length[new]
    end = int(np.argmax(root_distance))
    trunk = [end]  # from one end of the longest path to the root
    while parent[trunk[-1]] >= 0:
        trunk.append(parent[trunk[-1]])
    on_trunk = set(trunk)
    end_distance = dict(zip(trunk, (root_distance[end] - root_distance[node] for node in trunk), strict=True))
    for new in joined:
        if new not in end_distance:
            end_distance[new] = end_distance[parent[new]] + length[new]
    path = [max(end_distance, key=end_distance.__getitem__)]
    while path[-1] not in on_trunk:
        path.append(parent[path[-1]])
    path += trunk[: trunk.index(path[-1])][::-1]
    if points[path[0], 1] > points[path[-1], 1]:
        path = path[::-1]
    return np.asarray(chosen[path])


def _shortest_tree(distances: Array) -> tuple[list[int], list[int], list[float]]:
    """Return Prim's tree (1957) over `(n, n)` distances: points as they join, each one's parent (-1: the root), and
    its distance from it."""
    joined, parent, length = [0], [-1] * len(distances), [0.0] * len(distances)
    gap, nearest = distances[0].copy(), np.zeros(len(distances), np.intp)
    left = distances.copy()
    left[:, 0] = gap[0] = np.inf
    for _ in range(len(distances) - 1):
        new = int(gap.argmin())
        joined.append(new)
        parent[new], length[new] = int(nearest[new]), float(gap[new])
        left[:, new] = gap[new] = np.inf
        nearest[left[new] < gap] = new
        np.minimum(gap, left[new], out=gap)
    return joined, parent, length


def _smooth(points: Array, weights: Array, usual: float) -> Array:
    """Return smooth values near `points` `(n, d)`: least squares with a price on bends (Whittaker's smoother, 1923).

    Points farther off than `usual` are weighted down (Cauchy's weights) and the fit is repeated.
    """
    if len(points) < 3:
        return points
    penalty = _roughness_price(len(points), 2, _STIFFNESS)
    trust = weights
    for _ in range(2):
        values = np.linalg.solve(penalty + np.diag(trust), trust[:, None] * points)
        trust = weights / (1 + ((points - values) ** 2).sum(axis=1) / usual**2)
    return np.asarray(values)


def _even(ratios: Array) -> Array:
    """Return the log ratio of pitch to size at each step: even along the curve, near the steps' own `(n,)`.

    Steps far off (a vertebra missed, a double) are weighted down and the fit is repeated.
    """
    usual = _median(np.append(ratios, [0.0] * _PRIOR_STEPS))
    penalty = _roughness_price(len(ratios), 1, _EVENNESS) + _PRIOR_STEPS * 0.1 * np.eye(len(ratios))
    values = np.full(len(ratios), usual)
    for _ in range(2):
        trust = 1 / (1 + ((ratios - values) / _USUAL_RATIO_ERROR) ** 2)
        values = usual + np.linalg.solve(penalty + np.diag(trust), trust * (ratios - usual))
    return values


@cache
def _roughness_price(count: int, order: int, weight: float) -> Array:
    """Return the matrix `(count, count)` of `weight` times the squared differences of some order, added up."""
    differences = np.diff(np.eye(count), order, axis=0)
    return np.asarray(weight * differences.T @ differences)


def _median(values: Array) -> float:
    """Return the (upper) median; numpy's own takes ten times as long on a few values."""
    return float(np.sort(values)[len(values) // 2])


def _project(centres: Array, curve: Array, size: float) -> tuple[Array, Array, Array]:
    """Return each centre's place among the curve's points (1.5: halfway from the second to the third), its position
    along the curve and its distance from it, px.

    The curve goes on straight at both ends, in the direction of its last three points; a single one, straight down.
    """
    if len(curve) == 1:
        up, down = np.array([0.0, -1.0]), np.array([0.0, 1.0])
    else:
        up, down = curve[0] - curve[min(2, len(curve) - 1)], curve[-1] - curve[max(-3, -len(curve))]
    reach = 100 * size / np.maximum(np.hypot(*np.stack([up, down]).T), 1e-6)
    knots = np.vstack([curve[0] + reach[0] * up, curve, curve[-1] + reach[1] * down])
    way_x, way_y = np.diff(knots, axis=0).T
    lengths = np.maximum(np.hypot(way_x, way_y), 1e-6)
    x, y = (centres[:, None] - knots[None, :-1]).transpose(2, 0, 1)
    shares = np.clip((x * way_x + y * way_y) / lengths**2, 0, 1)
    squares = (x - shares * way_x) ** 2 + (y - shares * way_y) ** 2
    nearest, rows = squares.argmin(axis=1), np.arange(len(centres))
    start = np.concatenate([[0.0], np.cumsum(lengths)])
    share = shares[rows, nearest]
    return nearest + share - 1, start[nearest] + share * lengths[nearest], np.sqrt(squares[rows, nearest])
