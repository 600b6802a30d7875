"""Disc heights, indices and wedging, on lateral films."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.measure.column import Column
from spineyolo.measure.measurement import (
    Array,
    Measurement,
    not_measurable,
    propagated_error,
    segment,
)

MAX_HEIGHT: Final = 1.0
"""A gap higher than this many body heights is no disc: a vertebra between was not found."""

# Corners of film.Vertebra on laterals: superior posterior, superior anterior, inferior anterior, inferior posterior.
_SP, _SA, _IA, _IP = 0, 1, 2, 3


def anterior_height(pair: Array) -> float:
    """Return the distance (px) of the anterior corners across the disc; `pair` is `(2, 4, 2)`, upper body first."""
    return _signed_distance(pair, pair[0, _IA], pair[1, _SA])


def posterior_height(pair: Array) -> float:
    """Return the distance (px) of the posterior corners across the disc."""
    return _signed_distance(pair, pair[0, _IP], pair[1, _SP])


def middle_height(pair: Array) -> float:
    """Return the distance (px) of the endplates' middles across the disc (Hurxthal 1968)."""
    return _signed_distance(pair, (pair[0, _IA] + pair[0, _IP]) / 2, (pair[1, _SA] + pair[1, _SP]) / 2)


def _signed_distance(pair: Array, upper: Array, lower: Array) -> float:
    """Return the distance along the disc's axis, square to the bisector of both endplates; below 0 where they overlap.

    Square to the bisector a slip adds nothing to the height, as it would between the points themselves (Frobin 1997).
    """
    plates = [pair[0, _IA] - pair[0, _IP], pair[1, _SA] - pair[1, _SP]]
    bisector = sum(plate / np.linalg.norm(plate) for plate in plates)
    axis = np.array([-bisector[1], bisector[0]]) / np.linalg.norm(bisector)
    down = pair[1].mean(axis=0) - pair[0].mean(axis=0)
    return float((lower - upper) @ (axis if axis @ down > 0 else -axis))


def mean_height(pair: Array) -> float:
    """Return the mean of the anterior and the posterior height, px (Dabbs and Dabbs 1990)."""
    return (anterior_height(pair) + posterior_height(pair)) / 2


def _depth(corners: Array, posterior: int, anterior: int) -> float:
    return float(np.linalg.norm(corners[anterior] - corners[posterior]))


def farfan_index(pair: Array) -> float:
    """Return anterior plus posterior height over the disc's depth, % (Farfan 1973).

    The depth is the mean of the endplates above and below.
    """
    depth = (_depth(pair[0], _IP, _IA) + _depth(pair[1], _SP, _SA)) / 2
    return 100 * (anterior_height(pair) + posterior_height(pair)) / depth


def body_index(pair: Array) -> float:
    """Return the disc's mean height over the mean height of the bodies above and below, % (Masuda 2005)."""
    walls = [np.linalg.norm(body[lower] - body[upper]) for body in pair for upper, lower in ((_SP, _IP), (_SA, _IA))]
    discs = (anterior_height(pair) + middle_height(pair) + posterior_height(pair)) / 3
    return 100 * float(discs / np.mean(walls))


def wedge_deg(pair: Array) -> float:
    """Return the angle between the endplates, deg; positive where the disc is open at the front."""
    depth = (_depth(pair[0], _IP, _IA) + _depth(pair[1], _SP, _SA)) / 2
    return float(np.degrees(np.arctan2(anterior_height(pair) - posterior_height(pair), depth)))


_OF_ONE_DISC: Final[dict[str, tuple[str, Callable[[Array], float]]]] = {
    "disc_height_anterior": ("px", anterior_height),
    "disc_height_middle": ("px", middle_height),
    "disc_height_posterior": ("px", posterior_height),
    "disc_farfan_index": ("%", farfan_index),
    "disc_body_index": ("%", body_index),
    "disc_wedge": ("deg", wedge_deg),
}


def measure(column: Column) -> list[Measurement]:
    """Return every measure of every disc between two levels of which at least one was found."""
    reason = column.void((), lateral=True)
    if reason:
        return [
            not_measurable(name, (), unit, reason)
            for name, unit in [*((n, u) for n, (u, _) in _OF_ONE_DISC.items()), ("disc_against_neighbours", "%")]
        ]
    pairs = [
        (upper, lower)
        for upper, lower in zip(LEVELS[INDEX["C2"] :], LEVELS[INDEX["C3"] :], strict=False)
        if column.get(upper) or column.get(lower)
    ]
    return [measurement for pair in pairs for measurement in [*_measure_pair(column, pair), _against(column, pair)]]


def void(column: Column, levels: tuple[str, str]) -> str:
    """Return why a disc cannot be measured; empty if it can."""
    reason = column.void(levels, lateral=True)
    if reason:
        return reason
    pair, noise = column.corners(levels)
    height = min(middle_height(pair), mean_height(pair))
    bodies = np.mean([np.linalg.norm(body[_IA] - body[_SA]) for body in pair])
    if height <= max(1.0, float(noise.mean()) / 4):
        return "no space between the outlines: fused, or the outlines run into each other"
    if height > MAX_HEIGHT * bodies:
        return "the gap is too high for a disc: a vertebra between was not found"
    return ""


def _measure_pair(column: Column, levels: tuple[str, str]) -> list[Measurement]:
    reason = void(column, levels)
    if reason:
        return [not_measurable(name, levels, unit, reason) for name, (unit, _) in _OF_ONE_DISC.items()]
    pair, noise = column.corners(levels)
    front = segment(pair[0, _IA], pair[1, _SA])
    back = segment(pair[0, _IP], pair[1, _SP])
    middle = segment((pair[0, _IA] + pair[0, _IP]) / 2, (pair[1, _SA] + pair[1, _SP]) / 2)
    plates = (segment(pair[0, _IP], pair[0, _IA]), segment(pair[1, _SP], pair[1, _SA]))
    taken = {
        "disc_height_anterior": (front,),
        "disc_height_middle": (middle,),
        "disc_height_posterior": (back,),
        "disc_wedge": plates,
    }
    return [
        Measurement(
            name,
            levels,
            function(pair),
            unit,
            propagated_error(function, pair, noise),
            segments=taken.get(name, (front, back)),
        )
        for name, (unit, function) in _OF_ONE_DISC.items()
    ]


def _against(column: Column, levels: tuple[str, str]) -> Measurement:
    """Return Farfan's index as a share of the mean of the discs above and below."""
    name = "disc_against_neighbours"
    reason = void(column, levels)
    top = INDEX[levels[0]]
    sets = [(LEVELS[i], LEVELS[i + 1]) for i in (top - 1, top + 1) if 0 < i < len(LEVELS) - 1]
    neighbours = [other for other in sets if not void(column, other)]
    if reason or not neighbours:
        return not_measurable(name, levels, "%", reason or "neither neighbouring disc can be measured")
    own, noise = column.corners(levels)
    around, around_noise = column.corners([level for pair in neighbours for level in pair])

    def share(corners: Array) -> float:
        others = [farfan_index(corners[i : i + 2]) for i in range(2, len(corners), 2)]
        return 100 * farfan_index(corners[:2]) / float(np.mean(others))

    corners = np.concatenate([own, around])
    error = propagated_error(share, corners, np.concatenate([noise, around_noise]))
    label = "against " + " and ".join("-".join(pair) for pair in neighbours)
    return Measurement(name, levels, share(corners), "%", error, label=label)
