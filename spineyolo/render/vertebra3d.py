"""One vertebra as solids: body, pedicles, articular, transverse and spinous processes, laminae, and what ails it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from spineyolo.render.alignment import PlacedVertebra
from spineyolo.render.quadrics import Frame, Solid, Vector, ellipsoid, frame_along, hollow_rod, rotation, shell
from spineyolo.render.spec import Osteophyte, PhantomSpec, Side
from spineyolo.render.tissue import CORE, CORTEX

_SIDES: Final = (-1.0, 1.0)
_DIRECTION: Final = {Side.LEFT: (1, 0), Side.RIGHT: (-1, 0), Side.ANTERIOR: (0, -1), Side.POSTERIOR: (0, 1)}
_RIM_MM: Final = 0.75
_PLATE_MM: Final = {"C": 0.9, "T": 1.0, "L": 1.2}


def vertebra(placed: PlacedVertebra, spec: PhantomSpec) -> list[Solid]:
    """Return all solids of one vertebra."""
    cortex, core = CORTEX * spec.bone, CORE * spec.bone
    if placed.name == "C1":
        return _atlas(placed, cortex, core)
    plate = _PLATE_MM[placed.name[0]] * spec.scale
    solids = placed.body.solids(placed.frame, _RIM_MM * spec.scale, plate, cortex, core)
    if placed.name == "C2":
        solids += _dens(placed, cortex, core)
    solids += _pedicles(placed, cortex, core)
    solids += _articular(placed, cortex, core)
    solids += _transverse(placed, cortex, core)
    solids += _spinous(placed, cortex, core)
    for band in spec.scleroses:
        if band.level == placed.name:
            solids += placed.body.band(placed.frame, band.upper, band.band_mm, core * band.contrast)
    for spur in spec.osteophytes:
        if spur.level == placed.name:
            solids.append(_spur(placed, spur, cortex))
    return solids


def spur_tip(placed: PlacedVertebra, spur: Osteophyte) -> Vector:
    """Return the point `(3,)` mm that an osteophyte reaches furthest out."""
    direction = np.asarray(_DIRECTION[spur.side], float)
    rim = placed.body.rim(direction, spur.upper)
    return placed.frame.points(rim + np.array([*direction, 0.35 if spur.upper else -0.35]) * spur.size_mm)


def _spur(placed: PlacedVertebra, spur: Osteophyte, cortex: float) -> Solid:
    x, y = _DIRECTION[spur.side]
    rim = placed.body.rim(np.array([x, y], float), spur.upper)
    size, sign = spur.size_mm, 1 if spur.upper else -1
    wide = placed.body.half_width * 0.55 if x == 0 else placed.body.depth * 0.3
    radii = (wide if x == 0 else size * 1.1, wide if y == 0 else size * 1.1, min(2.2, 0.5 * size + 0.6))
    lift = rotation(0, -sign * y * -20.0) if x == 0 else rotation(1, -sign * x * 20.0)
    return ellipsoid(placed.frame.moved(rim - np.array([0, 0, sign])).turned(lift), radii, cortex * 0.55)


def _both(parts: Iterable[list[Solid]]) -> list[Solid]:
    return [solid for part in parts for solid in part]


def _pedicles(placed: PlacedVertebra, cortex: float, core: float) -> list[Solid]:
    size, frame = placed.size, placed.frame
    back, x = size.depth / 2, (size.canal_width + size.pedicle_width) / 2
    x = min(x, placed.body.half_width - 0.35 * size.pedicle_width)
    z = 0.05 * size.height if placed.name[0] == "C" else 0.2 * size.height
    radii = (size.pedicle_width / 2, min(size.pedicle_height, 0.8 * size.height) / 2)
    reach = 0.45 * size.canal_depth + 3
    wall = min(1.1, 0.28 * radii[0])
    return _both(
        hollow_rod(
            frame.points(np.array([[side * x, back - 4, z], [side * (x + 0.06 * reach), back + reach, z]])),
            radii, wall, cortex * 0.75, core, frame.rotation[:, 0],
        )
        for side in _SIDES
    )  # fmt: skip


def _articular(placed: PlacedVertebra, cortex: float, core: float) -> list[Solid]:
    size, frame = placed.size, placed.frame
    x, y = size.canal_width / 2 + 0.5 * size.pedicle_width, size.depth / 2 + 0.55 * size.canal_depth
    if placed.name[0] == "C":
        half = (0.5 * size.height + 0.42 * size.disc_below) * (0.75 if placed.name == "C2" else 1.0)
        middle = (x + 2, size.depth / 2 + 5.5, -0.1 * size.height - 2)
        return _both(_pillar(frame.moved((side * middle[0], *middle[1:])), half, cortex, core) for side in _SIDES)
    up = (0.17 * size.canal_width + 1.5, 3.6, 0.36 * size.height)
    down = (0.16 * size.canal_width + 1.2, 3.4, 0.42 * size.height)
    parts = []
    for side in _SIDES:
        parts.append(shell(frame.moved((side * (x + 1), y - 1, 0.52 * size.height)), up, 1.0, cortex, core))
        parts.append(shell(frame.moved((side * (x - 3), y + 4, -0.55 * size.height)), down, 1.0, cortex, core))
    return _both(parts)


def _pillar(frame: Frame, half: float, cortex: float, core: float) -> list[Solid]:
    """A cervical lateral mass: a rhomboid pillar whose facets rise forwards at some 40 degrees."""
    slope = np.tan(np.radians(40.0))
    solids = []
    for inset, density in ((0.0, cortex * 0.75), (0.9, core - cortex * 0.75)):
        wall = frame.quadric((1 / (6.0 - inset) ** 2, 1 / (5.6 - inset) ** 2, 0), (0, 0, 0), -1.0)
        ends = frame.plane((0, slope, 1), half - inset), frame.plane((0, -slope, -1), half - inset)
        solids.append(Solid((wall,), ends, density, frame.box((6.0, 5.6, half + 5.6 * slope))))
    return solids


def _transverse(placed: PlacedVertebra, cortex: float, core: float) -> list[Solid]:
    size, frame = placed.size, placed.frame
    root_x, root_y = size.canal_width / 2 + 0.7 * size.pedicle_width, size.depth / 2 + 0.45 * size.canal_depth
    tip_x, letter = size.transverse_span / 2, placed.name[0]
    if letter == "C":
        root, tip, radii = (root_x, root_y - 8, 0.0), (tip_x, root_y - 5, -1.5), (3.0, 3.6)
    elif letter == "T":
        root, tip, radii = (root_x, root_y + 2, 0.25 * size.height), (tip_x, root_y + 11, 0.4 * size.height), (3.6, 5.0)
    else:
        root, tip, radii = (
            (root_x - 2, root_y - 2, 0.12 * size.height),
            (tip_x, root_y + 3, 0.16 * size.height),
            (2.4, 5.0),
        )
    parts = []
    for side in _SIDES:
        ends = frame.points(np.array([root, tip]) * [side, 1, 1])
        along = frame_along(ends[0], ends[1], frame.rotation[:, 1])
        length = float(np.linalg.norm(ends[1] - ends[0]))
        parts.append(shell(along, (*radii, 0.62 * length), 0.9, cortex * 0.8, core))
        if letter == "T":
            parts.append(shell(Frame(ends[1], frame.rotation), (4.6, 4.4, 5.4), 0.9, cortex, core))
    return _both(parts)


def _spinous(placed: PlacedVertebra, cortex: float, core: float) -> list[Solid]:
    size, frame, letter = placed.size, placed.frame, placed.name[0]
    slope = np.radians(size.spinous_slope_deg)
    arch_y = size.depth / 2 + size.canal_depth
    z = {"C": -0.15, "T": -0.25, "L": -0.28}[letter] * size.height
    root = np.array([0.0, arch_y - (4 if letter == "C" else 2), z])
    tip = root + size.spinous_length * np.array([0, np.cos(slope), -np.sin(slope)])
    tall = {"C": 4.6, "T": 5.2, "L": 10.5}[letter] * (1.4 if placed.name == "C2" else 1.0)
    thick = {"C": 3.3, "T": 3.0, "L": 3.2}[letter]
    ends = frame.points(np.array([root, tip]))
    parts = [
        hollow_rod(ends, (thick, tall), 0.9, cortex * (1.0 if letter == "C" else 0.75), core, frame.rotation[:, 0]),
        shell(Frame(ends[1], frame.rotation), (thick * 1.3, 3.2, tall * 0.95), 0.9, cortex * 0.8, core),
    ]
    for side in _SIDES:
        lamina = frame.moved((side * 0.26 * size.canal_width, arch_y - 0.12 * size.canal_depth, z + 0.05 * size.height))
        radii = (0.3 * size.canal_width, 4.2 if letter == "C" else 2.6, 0.42 * size.height)
        parts.append(shell(lamina.turned(rotation(2, -side * 32)), radii, 0.9, cortex * 0.55, core))
    return _both(parts)


def _dens(placed: PlacedVertebra, cortex: float, core: float) -> list[Solid]:
    size, frame = placed.size, placed.frame
    peg = frame.points(np.array([[0, 0.5, 0.40 * size.height], [0, 1.5, 1.15 * size.height]]))
    wing = (7.5, 6.5, 4.0)
    parts = [hollow_rod(peg, (5.0, 5.2), 1.1, cortex, core, frame.rotation[:, 0])]
    parts += [shell(Frame(peg[1], frame.rotation), (5.0, 5.2, 4.6), 1.1, cortex, core)]
    parts += [shell(frame.moved((side * 9.5, 2, 0.32 * size.height)), wing, 1.0, cortex, core) for side in _SIDES]
    return _both(parts)


def _atlas(placed: PlacedVertebra, cortex: float, core: float) -> list[Solid]:
    """C1 has no body: two lateral masses, an anterior arch in front of the dens, and a posterior arch."""
    size, frame = placed.size, placed.frame
    parts = []
    for side in _SIDES:
        mass = frame.moved((side * 16, 2, 0))
        parts.append(shell(mass, (7.5, 9.0, 0.5 * size.height + 1), 1.1, cortex, core))
        wing = frame.points(np.array([[side * 20, 3, 0], [side * 0.5 * size.transverse_span, 4, -1]]))
        parts.append(hollow_rod(wing, (3.0, 4.0), 0.9, cortex, core, frame.rotation[:, 1]))
        angles = np.radians(np.array([15.0, 50.0, 90.0]))
        ring = np.column_stack([side * 20 * np.cos(angles), 8 + 27 * np.sin(angles), np.zeros(3)])
        bent = frame.points(ring)
        parts += [
            hollow_rod(bent[index : index + 2], (3.0, 3.6), 0.9, cortex, core, (0.3, 0.2, 0.1)) for index in (0, 1)
        ]
    tubercle = frame.moved((0, 0.5 + 8.0 - 0.5 * size.depth - 6.5, 0))
    parts.append(shell(tubercle, (9.0, 3.2, 5.6), 1.2, cortex, core))
    parts.append(shell(frame.moved((0, 36, 0)), (4.0, 3.6, 4.6), 1.0, cortex, core))
    return _both(parts)
