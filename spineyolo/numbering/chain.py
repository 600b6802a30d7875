"""The cheapest chain of names, exact, by dynamic programming over the names from the top down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Prices = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Problem:
    """The prices of everything a chain may do, in nats; candidates from the top of the spine down, names likewise.

    Attributes:
        named: `(n, k)` candidate i gets name a.
        dropped: `(n,)` candidate i is set aside.
        link: `(n, r * n)` the chain goes to j from i, `r + 1` names further up, in column `r * n + i`; inf unless j
            lies below i.
        start, end: `(n, k)` the chain starts, or ends, at candidate i with name a.
        obliged: whether the chain must name at least one candidate.
    """

    named: Prices
    dropped: Prices
    link: Prices
    start: Prices
    end: Prices
    obliged: bool = False


@dataclass(frozen=True, eq=False)
class Table:
    """For every candidate and name, the cheapest way there.

    Attributes:
        arrived: `(k, n)`: candidate i reached with name a and named so, in row `k - 1 - a`, so that the names before
            a are the rows after its own, in the order of `Problem.link`. A named candidate is not set aside: its
            price is refunded, against all being set aside.
    """

    arrived: Prices


@dataclass(frozen=True)
class Chain:
    """(candidate, name) pairs from the top, and what they cost, nats; no pairs if setting all aside is cheapest."""

    pairs: tuple[tuple[int, int], ...]
    cost: float


def fill(problem: Problem, known: Table | None = None, shared: int = 0) -> Table:
    """Return the table; the first `shared` names' prices are taken from the `known` one of a like problem."""
    count, names = problem.named.shape
    own = np.ascontiguousarray((problem.named - problem.dropped[:, None]).T)
    start = np.ascontiguousarray(problem.start.T)
    arrived = np.empty((names, count), np.float32)
    if known is not None:
        arrived[names - shared :] = known.arrived[len(known.arrived) - shared :]
    flat = arrived.reshape(-1)
    reach = problem.link.shape[1]
    buffer = np.empty(problem.link.shape, np.float32)
    for row in range(names - 1 - shared, -1, -1):
        before = flat[(row + 1) * count : (row + 1) * count + reach]  # fewer than `reach` for the first names
        if len(before):
            ways = np.add(before, problem.link[:, : len(before)], out=buffer[:, : len(before)])
            np.minimum.reduce(ways, axis=1, out=arrived[row])
            np.minimum(arrived[row], start[names - 1 - row], out=arrived[row])
        else:
            arrived[row] = start[0]
        arrived[row] += own[names - 1 - row]
    return Table(arrived)


def least_cost(problem: Problem) -> float:
    """Return what any chain costs at least, whatever names it gives: all candidates and links at their cheapest."""
    count = len(problem.named)
    link = problem.link.reshape(count, -1, count).min(axis=1)
    best = problem.named.min(axis=1) - problem.dropped
    for candidate in range(1, count):
        best[candidate] += min(float((best[:candidate] + link[candidate, :candidate]).min()), 0.0)
    return float(problem.dropped.sum()) + min(float(best.min()), 0.0)


def lowest_cost(problem: Problem, table: Table) -> float:
    """Return what the cheapest chain costs, without the chain; infinite if there is none."""
    refunded = float((table.arrived[::-1].T + problem.end).min())
    return float(problem.dropped.sum()) + (refunded if problem.obliged else min(refunded, 0.0))


def cheapest(problem: Problem, table: Table) -> Chain:
    """Return the cheapest chain."""
    cost = lowest_cost(problem, table)
    total = table.arrived[::-1].T + problem.end
    candidate, name = (int(index) for index in np.unravel_index(int(total.argmin()), total.shape))
    if not np.isfinite(cost) or (total[candidate, name] >= 0 and not problem.obliged):
        return Chain((), cost)
    pairs = [(candidate, name)]
    while (before := _step_back(problem, table.arrived, candidate, name)) is not None:
        candidate, name = before
        pairs.append(before)
    return Chain(tuple(pairs[::-1]), cost)


def _step_back(problem: Problem, arrived: Prices, candidate: int, name: int) -> tuple[int, int] | None:
    """Return the pair before (candidate, name) on the cheapest way to it; None where the chain starts there."""
    names, count = arrived.shape
    first = (names - name) * count
    before = arrived.reshape(-1)[first : first + problem.link.shape[1]]
    if not len(before):
        return None
    ways = before + problem.link[candidate, : len(before)]
    cheapest_way = int(ways.argmin())
    if problem.start[candidate, name] <= ways[cheapest_way]:
        return None
    return cheapest_way % count, name - 1 - cheapest_way // count
