"""Metal in the spine: pedicle screws with rods, and cages in discs."""

from __future__ import annotations

import numpy as np

from spineyolo.render.alignment import PlacedVertebra, Spine
from spineyolo.render.quadrics import Frame, Solid, Vector, ellipsoid, rod, tube
from spineyolo.render.spec import Hardware, PhantomSpec
from spineyolo.render.tissue import METAL


def hardware(spec: PhantomSpec, spine: Spine) -> list[Solid]:
    """Return a spec's metal: rods over five to ten levels above L4, or a cage with screws in one lumbar disc."""
    if spec.hardware is Hardware.NONE:
        return []
    rng = np.random.default_rng([spec.seed, 3])
    names = [vertebra.name for vertebra in spine.vertebrae]
    last = names.index("L4") - int(rng.integers(0, 3))
    if spec.hardware is Hardware.RODS:
        return _screws_and_rods(spine.vertebrae[last - int(rng.integers(4, 10)) : last + 1])
    upper, lower = spine.vertebrae[last - 1 : last + 1]
    return [*_screws_and_rods((upper, lower)), *_cage(upper, lower)]


def _screws_and_rods(vertebrae: tuple[PlacedVertebra, ...]) -> list[Solid]:
    solids: list[Solid] = []
    for side in (-1.0, 1.0):
        heads: list[Vector] = []
        for placed in vertebrae:
            size, frame = placed.size, placed.frame
            x = (size.canal_width + size.pedicle_width) / 2
            back = 0.5 * size.depth + size.canal_depth + 6
            points = frame.points(
                np.array(
                    [[side * 0.6 * x, -0.25 * size.depth, 0.12 * size.height], [side * x, back, 0.2 * size.height]]
                )
            )
            solids.append(rod(points, (2.6, 2.6), METAL, frame.rotation[:, 0]))
            solids.append(ellipsoid(Frame(points[1], frame.rotation), (6.0, 6.5, 6.0), METAL * 0.8))
            heads.append(points[1] + frame.rotation[:, 1] * 5)
        solids += tube(np.array(heads), np.array([2.75, 2.75]), 0, METAL, 0, (1, 0.1, 0))
    return solids


def _cage(upper: PlacedVertebra, lower: PlacedVertebra) -> list[Solid]:
    middle = (upper.frame.points(np.array([0, 0, upper.body.lower.height]))
              + lower.frame.points(np.array([0, 0, lower.body.upper.height]))) / 2  # fmt: skip
    frame = Frame(middle, lower.frame.rotation)
    tall = upper.size.disc_below / 2
    ends = frame.points(np.array([[0, 0, -tall], [0, 0, tall]]))
    outer = rod(ends, (12.0, 8.0), 0.05, frame.rotation[:, 0])
    inner = rod(ends, (8.5, 5.0), -0.045, frame.rotation[:, 0])
    pins = [ellipsoid(frame.moved((x, y, 0)), (0.9, 0.9, tall), METAL) for x, y in ((-10, 0), (10, 0), (0, -7))]
    return [outer, inner, *pins]
