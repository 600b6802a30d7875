"""Numbering: the whole column decides which level each candidate is.

Candidates are taken in order down the spine's own curve (`column`). A chain picks some of them and gives each a name,
from C1 towards L5 without going back; the rest are set aside as false or double. The chain's cost, in nats, is a sum
of

- for a candidate named with level a: `emission * ln(max(s) / s[a])`, s being its scores, a share below `share_floor`
  counting as that; for a candidate that looks like T3…T11 times `mid_thoracic`, because those look alike; and
  `off_curve * off ** 2`, off being its distance from the curve in vertebra sizes;
- for a candidate set aside: `drop * min(sum(s), 1)`, the sum being how surely it is a vertebra at all;
- for two neighbours in the chain, levels a and b: `gap` for each level left out between them, and
  `spacing * ln(steps / (b - a)) ** 2`, where steps is their distance along the curve in pitches, a pitch being the
  distance from one vertebra to the next hereabouts;
- `open_end` at an end where the film goes on for more than two pitches, unless the level is one at which columns end
  on films of that kind (`variants.TOP_LEVELS`, and the last): a column is cut by the film's edge, or it ends where
  labelled columns end, but it does not stop half-way down a film.

A chain starts and ends at candidates that are confident by themselves (`column.confident`). The cheapest one is found
exactly (`chain`). A weak candidate is thereby accepted where it closes a gap, and only there: to set it aside costs
next to nothing, to leave a gap open costs `gap`. Columns with 11 or 13 thoracic or 4 or 6 lumbar vertebrae
(`variants`) are chains of other names, which cost `variant` more; one that is dearer than the usual chain by no more
than `variant_doubt` is suspected, and the numbering then is not sure.

Three vertebrae by hand: boxes 30 px square, one below the other on a straight line, so that the pitch is 30 px and
both distances are one step; the film ends 10 px above and below. Scores for (T1, T2, T3) are (.6, .2, 0), (.5, .4, 0)
and (0, .3, .6): one by one they are T1, T1, T3. As T1, T2, T3 they cost, with emission 1 and mid_thoracic 1,
0 + ln(.5 / .4) + 0 = 0.22; spacing and curve add nothing. To set the second aside would cost, with drop 12 and gap 2,
12 * .9 + 2 = 12.8. The cheapest chain in which none keeps its level is C7, T1, T2, with share_floor 1e-4:
ln(1 / 1e-4) + 0 + ln(.6 / .3) = 9.21 + 0.69 = 9.90; so the margin is 9.68.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.numbering import column as columns
from spineyolo.numbering.chain import Chain, Prices, Problem, Table, cheapest, fill, least_cost, lowest_cost
from spineyolo.numbering.column import Array, Column, Indices
from spineyolo.numbering.variants import USUAL, VARIANTS, Names, Variant

MID_THORACIC: Final = np.array([level in LEVELS[INDEX["T3"] : INDEX["T11"] + 1] for level in LEVELS])
"""`(24,)` T3…T11, which look alike: the first ribs and the shoulders lie above, the last ribs below."""

_TINY: Final = 1e-9
_LONGEST_RISE: Final = 8
"""Levels from one vertebra of a chain to the next at most: eight missed in a row break a column."""

_ROOM: Final = 2.0
"""Pitches from which the film is said to go on beyond a vertebra: one more could have been missed there."""

_OFF_LIMIT: Final = 1.5
"""Sizes from which a candidate off the curve gets no dearer."""

_SHORTEST_STEP: Final = 0.05


@dataclass(frozen=True)
class Costs:
    """The prices of a chain, in nats, and the margin from which it is called sure.

    Chosen by identification averaged over validation films: AASCE films that were read alike twice, by the levels
    read (`evaluate.readings`), windows cut from them, 4 whole laterals, windows cut from those. Before, out of some 200
    random ones by published levels, by training films whose looks agree with their labels, and by training laterals
    with candidates lost and added at random; those, made for other weights, were moved a little to where the best of
    970 random ones around them lay (identification of those AASCE films 0.90 for 0.86). From the sure margin on, 97 %
    of the vertebrae of these validation films carry the right level, and few films reach it: 8 of 39 AASCE films, no
    window of a lateral. Another detector's scores may want another `emission`.

    `variant_doubt` was set on validation films and rendered columns: no sure validation film is within it of a variant.
    """

    emission: float = 0.3
    mid_thoracic: float = 0.46
    share_floor: float = 1e-3
    drop: float = 12.0
    gap: float = 4.6
    spacing: float = 36.0
    off_curve: float = 7.2
    open_end: float = 3.3
    variant: float = 8.0
    variant_doubt: float = 2.0
    sure_margin: float = 20.0


COSTS: Final = Costs()


@dataclass(frozen=True)
class Numbering:
    """The names of one film's candidates.

    Attributes:
        names: one for each candidate: one of the 24 levels, or T13 or L6 in a column with a vertebra more; None
            where it was set aside.
        margin: cost, in nats, by which the cheapest chain that keeps none of these names is dearer; small means
            unsure. Infinite where there is no such chain, and for an empty one.
        variant: what is unusual about the column, where both ends of the region are in view.
        suspected: a variant that would be cheaper, but an end of the region is out of view; or one that is dearer by
            `variant_doubt` at most.
        recovered: candidates too weak to be taken for vertebrae by themselves, accepted because they close a gap.
    """

    names: tuple[str | None, ...]
    margin: float
    variant: Variant | None = None
    suspected: Variant | None = None
    recovered: tuple[int, ...] = ()

    @property
    def levels(self) -> tuple[str | None, ...]:
        """One of the 24 levels for each candidate; None where it was set aside, and for T13 and L6."""
        return tuple(name if name in INDEX else None for name in self.names)

    def is_sure(self, costs: Costs = COSTS) -> bool:
        """Return whether the chain's place is well supported; an empty chain, or a suspected variant, is not."""
        return any(self.names) and self.suspected is None and self.margin >= costs.sure_margin


class AnchorOrderError(ValueError):
    """No chain keeps all anchors: their order down the spine contradicts their levels."""


def number(
    boxes: npt.NDArray[np.float32],
    level_scores: npt.NDArray[np.float32],
    film_height: int,
    costs: Costs = COSTS,
    anchors: Mapping[int, str] | None = None,
) -> Numbering:
    """Return the likeliest names for candidates of one film.

    Args:
        boxes: `(n, 4)` x0, y0, x1, y1 px.
        level_scores: `(n, 24)`.
        film_height: px.
        costs: the prices.
        anchors: levels that are known, by candidate; with them the chain follows as in a usual column.

    Raises:
        AnchorOrderError: if no chain keeps all anchors.
    """
    if not len(boxes):
        return Numbering((), float("inf"))
    film = _Film.of(boxes.astype(np.float64), level_scores.astype(np.float64), film_height, costs, anchors or {})
    usual = film.solve(USUAL)
    if not np.isfinite(usual.chain.cost):
        raise AnchorOrderError
    tried = VARIANTS if film.may_beat(usual) and not anchors else {}
    rivals = {kind: film.solve(names, usual) for kind, names in tried.items()}
    best = min(rivals, key=lambda kind: rivals[kind].chain.cost, default=None)
    if best is None or (lead := usual.chain.cost - rivals[best].chain.cost - costs.variant) <= -costs.variant_doubt:
        return film.numbering(usual, film.margin(usual))
    if lead <= 0 or not film.shows_ends(rivals[best]):
        return film.numbering(usual, film.margin(usual), suspected=best)
    return film.numbering(rivals[best], min(film.margin(rivals[best]), lead), variant=best)


def emission(level_scores: Array, names: Names, costs: Costs) -> Array:
    """Return the price `(n, k)` of giving candidates with scores `(n, 24)` each of the names, by their own looks."""
    shares = level_scores / np.maximum(level_scores.max(axis=1, keepdims=True), _TINY)
    trust = shares @ np.where(MID_THORACIC, costs.mid_thoracic, 1.0) / np.maximum(shares.sum(axis=1), _TINY)
    prices = -costs.emission * trust[:, None] * np.log(np.maximum(shares, costs.share_floor))
    return np.asarray(prices[:, names.looks].min(axis=2))


@dataclass(frozen=True, eq=False)
class _Film:
    """The candidates of one film, in order down the spine, and what is the same for all kinds of column."""

    order: Indices
    level_scores: Array
    confident: npt.NDArray[np.bool_]  # (n,)
    off_price: Array  # (n,)
    dropped: Prices  # (n,)
    link: Prices  # (n, r * n)
    room_above: npt.NDArray[np.bool_]  # (n,) the film goes on
    room_below: npt.NDArray[np.bool_]
    anchors: dict[int, str]
    costs: Costs

    @classmethod
    def of(cls, boxes: Array, level_scores: Array, film_height: int, costs: Costs, anchors: Mapping[int, str]) -> _Film:
        scores = np.minimum(level_scores.sum(axis=1), 1.0)
        column = columns.fit(boxes, scores)
        order = column.order
        place = {int(candidate): row for row, candidate in enumerate(order)}
        given = {place[candidate]: level for candidate, level in anchors.items()}
        return cls(
            order=order,
            level_scores=level_scores[order],
            confident=columns.confident(scores[order]),
            off_price=costs.off_curve * np.minimum(column.off, _OFF_LIMIT) ** 2,
            dropped=(costs.drop * scores[order]).astype(np.float32),
            link=_links(column, costs, sorted(given)),
            room_above=boxes[order, 1] > _ROOM * column.pitch,
            room_below=film_height - boxes[order, 3] > _ROOM * column.pitch,
            anchors=given,
            costs=costs,
        )

    def solve(self, names: Names, usual: _Solved | None = None) -> _Solved:
        """Return the cheapest chain of some kind of column; its cost is infinite if the anchors allow none."""
        named = emission(self.level_scores, names, self.costs) + self.off_price[:, None]
        start = np.where(self.room_above[:, None] & names.mid_top, self.costs.open_end, 0.0)
        end = np.where(self.room_below[:, None] & names.mid_bottom, self.costs.open_end, 0.0)
        start[~self.confident] = end[~self.confident] = np.inf
        for row, level in self.anchors.items():
            named[row] = np.where(np.array(names.names) == level, 0.0, np.inf)
        if self.anchors:
            first, last = min(self.anchors), max(self.anchors)
            start[first], end[last] = 0.0, 0.0
            start[first + 1 :] = end[:last] = np.inf
        prices = [array.astype(np.float32) for array in (named, start, end)]
        problem = Problem(prices[0], self.dropped, self.link, prices[1], prices[2], obliged=bool(self.anchors))
        table = fill(problem, usual.table, names.shared) if usual is not None else fill(problem)
        return _Solved(names, problem, table, cheapest(problem, table))

    def may_beat(self, usual: _Solved) -> bool:
        """Return whether a variant can be cheaper than the usual chain at all, or nearly so."""
        lead = usual.chain.cost - self.costs.variant + self.costs.variant_doubt
        return lead > 0 and lead > least_cost(usual.problem)

    def margin(self, solved: _Solved) -> float:
        """Return by how much the cheapest chain is dearer that gives each candidate of this one another name, or none.

        Anchored candidates keep theirs.
        """
        free = [pair for pair in solved.chain.pairs if pair[0] not in self.anchors]
        if not free:
            return float("inf")
        named = solved.problem.named.copy()
        named[tuple(np.transpose(free))] = np.inf
        problem = replace(solved.problem, named=named)
        return lowest_cost(problem, fill(problem, solved.table, free[0][1])) - solved.chain.cost

    def shows_ends(self, solved: _Solved) -> bool:
        """Return whether both ends of the region in which the column is unusual are in view.

        For the lumbar region that takes the sacrum: room below its last vertebra.
        """
        names, ends = solved.names.names, solved.names.ends
        found = {names[name]: candidate for candidate, name in solved.chain.pairs}
        return all(end in found for end in ends) and (names[-1] not in ends or bool(self.room_below[found[names[-1]]]))

    def numbering(
        self, solved: _Solved, margin: float, variant: Variant | None = None, suspected: Variant | None = None
    ) -> Numbering:
        """Return a chain as names in the candidates' own order."""
        found: list[str | None] = [None] * len(self.order)
        for candidate, name in solved.chain.pairs:
            found[int(self.order[candidate])] = solved.names.names[name]
        recovered = tuple(sorted(int(self.order[row]) for row, _ in solved.chain.pairs if not self.confident[row]))
        return Numbering(tuple(found), margin, variant, suspected, recovered)


@dataclass(frozen=True, eq=False)
class _Solved:
    """The cheapest chain of one kind of column, and how it was found."""

    names: Names
    problem: Problem
    table: Table
    chain: Chain


def _links(column: Column, costs: Costs, anchored: list[int]) -> Prices:
    """Return the price `(n, r * n)` of going to candidate j from i, r + 1 levels further up, in column r * n + i.

    Anchored candidates may not be passed over, and between them the chain may leave out any number of levels.
    """
    count = len(column.arc)
    rises = np.arange(1, (len(LEVELS) if anchored else _LONGEST_RISE) + 1, dtype=np.float32)
    log_steps = np.log(np.maximum(column.steps(), _SHORTEST_STEP)).astype(np.float32)
    forbidden = ~np.tri(count, k=-1, dtype=bool)
    for row in anchored:
        forbidden[row + 1 :, :row] = True
    log_steps[forbidden] = np.inf
    link = log_steps[:, None] - np.log(rises)[:, None]
    link *= link
    link *= np.float32(costs.spacing)
    link += np.float32(costs.gap) * (rises - 1)[:, None]
    return np.ascontiguousarray(link.reshape(count, -1))
