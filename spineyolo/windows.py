"""Part views cut out of whole-spine films, as clinics order them, for training."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from spineyolo.anatomy import INDEX, LEVELS, View
from spineyolo.film import Film, Vertebra
from spineyolo.polygons import bounding_box, clip_polygon, signed_area

PROTOCOLS: Final[dict[str, tuple[str, str]]] = {
    "cervical": ("C1", "T2"),
    "thoracic": ("T1", "T12"),
    "lumbar": ("T11", "L5"),
    "thoracolumbar": ("T9", "L3"),
}
MIN_VISIBLE: Final = 0.5
"""A vertebra cut by the window's edge stays labelled if this share of its area is inside."""

_MIN_VERTEBRAE: Final = 3
_RANDOM_LENGTHS: Final = (4, 12)
_LATERAL_KINDS: Final = (*PROTOCOLS, *PROTOCOLS, "random", "random", "random", "random")
"""The windows of a lateral film. They are few, and part views are what clinics order most."""

_AP_SHARE: Final = 0.5
"""Share of AP films that give a window."""

_SIDE_MARGIN: Final = (0.6, 5.0)
"""Range of the margin at each side, in vertebra widths: a cervical film shows the whole neck, not the column alone."""

_NECK_MARGIN: Final = (0.5, 7.0)
"""Range of the margin above a window that begins in the neck, in vertebra heights: skull base and jaw are on it."""


@dataclass(frozen=True)
class Window:
    """A part of a film: its name, its box in px of the film, and the vertebrae in px of the window."""

    name: str
    x0: int
    y0: int
    x1: int
    y1: int
    vertebrae: tuple[Vertebra, ...]


def cut(film: Film, seed: int) -> Iterator[Window]:
    """Yield the windows of a film, the same for the same film name and seed."""
    rng = random.Random(f"{seed}/{film.source}/{film.path.name}")
    present = sorted(INDEX[vertebra.level] for vertebra in film.vertebrae if vertebra.level)
    if len(present) < _MIN_VERTEBRAE:
        return
    kinds = _LATERAL_KINDS
    if film.view is not View.LATERAL:
        kinds = (rng.choice(kinds),) if rng.random() < _AP_SHARE else ()
    for number, kind in enumerate(kinds):
        top, bottom = PROTOCOLS[kind] if kind in PROTOCOLS else _random_levels(present, rng)
        wanted = range(INDEX[top], INDEX[bottom] + 1)
        inside = [vertebra for vertebra in film.vertebrae if vertebra.level and INDEX[vertebra.level] in wanted]
        if len(inside) >= _MIN_VERTEBRAE:
            yield _window(f"{number}{kind}", film, inside, rng)


def _random_levels(present: list[int], rng: random.Random) -> tuple[str, str]:
    length = min(rng.randint(*_RANDOM_LENGTHS), len(present))
    first = rng.randint(0, len(present) - length)
    return LEVELS[present[first]], LEVELS[present[first + length - 1]]


def _window(name: str, film: Film, inside: list[Vertebra], rng: random.Random) -> Window:
    boxes = np.array([bounding_box(vertebra.polygon) for vertebra in inside])
    width, height = np.median(boxes[:, 2:] - boxes[:, :2], axis=0)
    in_neck = any(vertebra.level and INDEX[vertebra.level] <= INDEX["C4"] for vertebra in inside)
    above = rng.uniform(*_NECK_MARGIN) if in_neck else rng.uniform(0.1, 0.9)
    x0 = max(0, int(boxes[:, 0].min() - width * rng.uniform(*_SIDE_MARGIN)))
    y0 = max(0, int(boxes[:, 1].min() - height * above))
    x1 = min(film.width, int(boxes[:, 2].max() + width * rng.uniform(*_SIDE_MARGIN)))
    y1 = min(film.height, int(boxes[:, 3].max() + height * rng.uniform(0.1, 0.9)))
    visible = []
    for vertebra in film.vertebrae:
        clipped = clip_polygon(vertebra.polygon, x0, y0, x1, y1)
        if len(clipped) >= 3 and abs(signed_area(clipped)) >= MIN_VISIBLE * abs(signed_area(vertebra.polygon)):
            shifted = np.asarray(clipped - np.array([x0, y0], np.float32), np.float32)
            visible.append(Vertebra(vertebra.level, shifted, box_only=vertebra.box_only))
    return Window(name, x0, y0, x1, y1, tuple(visible))
