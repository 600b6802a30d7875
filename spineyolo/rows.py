"""Rows read anew: films whose published levels start at another vertebra than the labels say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.film import Film, Vertebra

OPEN: Final = "open"
"""What stands for a film's row where readers could not say, or differ: it is not learnt from."""

_MARGIN_PX: Final = 1


def renamed(vertebrae: Iterable[Vertebra], by: int) -> tuple[Vertebra, ...]:
    """Return vertebrae named `by` levels further down; those without a level, or beyond C1 or L5 then, left out."""
    return tuple(
        replace(vertebra, level=LEVELS[INDEX[vertebra.level] + by])
        for vertebra in vertebrae
        if vertebra.level is not None and 0 <= INDEX[vertebra.level] + by < len(LEVELS)
    )


def moved(film: Film, by: int) -> tuple[Film, tuple[int, int]]:
    """Return a film with each vertebra named `by` levels further down, and top and bottom px of what it shows.

    A published T1…L5 that is C7…L4 (`by` -1) leaves L5 in view without a label, one that is T2…S1 (1) leaves T1, and
    its last outline is no vertebra: the outline is left out and the film is cut, so that nothing that was labelled on
    other films is in view unlabelled on this one.

    Args:
        film: as published.
        by: what its vertebrae are less what they are called; not 0.
    """
    kept = renamed(film.vertebrae, by)
    if not kept:
        return replace(film, vertebrae=()), (0, film.height)
    reaches = [(vertebra.polygon[:, 1].min(), vertebra.polygon[:, 1].max()) for vertebra in kept]
    top = max(0, int(min(low for low, _ in reaches)) - _MARGIN_PX) if by > 0 else 0
    bottom = min(film.height, int(max(high for _, high in reaches)) + 1 + _MARGIN_PX) if by < 0 else film.height
    up = np.array([0, top], np.float32)
    vertebrae = tuple(
        replace(
            vertebra,
            polygon=vertebra.polygon - up,
            corners=None if vertebra.corners is None else vertebra.corners - up,
        )
        for vertebra in kept
    )
    return replace(film, height=bottom - top, vertebrae=vertebrae), (top, bottom)
