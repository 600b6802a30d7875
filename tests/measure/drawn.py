"""Drawn spines whose measures are known."""

from __future__ import annotations

import numpy as np

from spineyolo.anatomy import INDEX, LEVELS, View
from spineyolo.measure.column import EXACT, Column, Grey, OutlineQuality, column_of

SIZE = (600, 1200)


def body(centre: tuple[float, float], width: float, height: float, tilt_deg: float = 0.0) -> np.ndarray:
    """A rectangle `(4, 2)`: superior left, superior right, inferior right, inferior left."""
    turn = np.radians(tilt_deg)
    frame = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    x, y = width / 2, height / 2
    return np.array([[-x, -y], [x, -y], [x, y], [-x, y]]) @ frame + centre


def rounded(corners: np.ndarray, radius: float, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """The outline of a quadrilateral with rounded, jagged edges, as a mask's."""
    points = []
    for index, corner in enumerate(corners):
        for other in (corners[index - 1], corners[(index + 1) % 4]):
            points.append(corner + radius * (other - corner) / np.linalg.norm(other - corner))
    ring = np.concatenate([np.linspace(points[i], points[(i + 1) % 8], 20, endpoint=False) for i in range(8)])
    return ring + np.random.default_rng(seed).normal(0, noise, ring.shape)


def biconcave(centre: tuple[float, float], width: float, height: float, depth: float) -> np.ndarray:
    """A body whose endplates sink in by `depth` at the middle, between flat rims of an eighth of the width each."""
    x = np.linspace(-width / 2, width / 2, 61)
    sink = depth * np.clip(1 - (x / (0.375 * width)) ** 2, 0, None)
    top, bottom = np.stack([x, sink - height / 2], 1), np.stack([x, height / 2 - sink], 1)[::-1]
    return np.concatenate([top, bottom]) + np.array(centre)


def stack(levels: tuple[str, ...], gap: float = 12.0, width: float = 60.0, height: float = 45.0) -> dict:
    """Upright bodies one below the other, level to corners."""
    return {level: body((300, 100 + row * (height + gap)), width, height) for row, level in enumerate(levels)}


def between(first: str, last: str) -> tuple[str, ...]:
    """The levels from first to last."""
    return LEVELS[INDEX[first] : INDEX[last] + 1]


def lateral(outlines: dict, grey: Grey | None = None, quality: OutlineQuality = EXACT, right: bool = True) -> Column:
    """The column of a lateral film with anterior at the image's right, or left."""
    return column_of(outlines, SIZE, quality, View.LATERAL, right, grey)


def turned(outlines: dict, degrees: float, centre: tuple[float, float] = (300, 600)) -> dict:
    """The same outlines on a film turned about a point, clockwise on screen."""
    turn = np.radians(degrees)
    frame = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return {level: (ring - centre) @ frame + centre for level, ring in outlines.items()}


def mirrored(outlines: dict) -> dict:
    """The same outlines on a film turned over."""
    return {level: ring * [-1, 1] + [SIZE[0], 0] for level, ring in outlines.items()}


def value(measurements: list, name: str, where: str) -> float:
    """The value of one measurement; fails if there is none."""
    found = one(measurements, name, where)
    assert found.value is not None, found.reason
    return found.value


def one(measurements: list, name: str, where: str):
    """The one measurement of a name at a place."""
    (found,) = [m for m in measurements if m.name == name and m.where == where]
    return found
