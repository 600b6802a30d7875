"""Soft parts and air: trunk, neck, head, arms, lungs with their vessels, heart, diaphragm, airway, gas, breasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from spineyolo.render.alignment import Spine
from spineyolo.render.loft import Loft, LoftedSolid, lofted
from spineyolo.render.quadrics import WORLD, Frame, Solid, Vector, ellipsoid, rotation, smooth, tube
from spineyolo.render.skeleton3d import Joints
from spineyolo.render.tissue import BLOOD, FAT, GAS, LUNG, SOFT

# Level or mm above S1, half breadth, half depth, and how far in front of the vertebral body the middle lies; mm for
# a mean adult. Set to look right.
_TRUNK: Final = (
    ("crown", 20, 25, -16), ("high", 62, 78, -14), ("brow", 78, 99, -12), ("ear", 76, 94, -6), ("C1", 64, 70, 4),
    ("C4", 56, 57, 10), ("C6", 60, 60, 10), ("C7", 74, 68, 6), ("T1", 112, 80, 8),
    ("T2", 152, 94, 12), ("T4", 170, 108, 24), ("T7", 164, 118, 40), ("T10", 152, 116, 46), ("L2", 140, 104, 46),
    ("L4", 150, 106, 46), (0.0, 166, 114, 42), (-100.0, 176, 124, 20), (-190.0, 180, 118, 4), (-420.0, 172, 96, 8),
)  # fmt: skip

_HEAD_MM: Final = {"crown": 148.0, "high": 130.0, "brow": 88.0, "ear": 40.0}
"""Heights above C1."""

# The same of one lung; the third number is how far its middle lies beside the midline.
_LUNG: Final = (
    ("apex", 10, 12, 42, 12), ("T1", 28, 34, 52, 12), ("T3", 45, 60, 66, 22), ("T5", 54, 80, 74, 30),
    ("T8", 60, 92, 80, 36), ("T10", 62, 94, 82, 38), ("T12", 60, 86, 84, 36), ("base", 30, 30, 84, 30),
)  # fmt: skip


def trunk(spine: Spine, girth: float) -> list[Solid | LoftedSolid]:
    """Return neck and trunk as one loft, and the head."""
    rows = []
    for place, breadth, deep, ahead in _TRUNK:
        centre, rise = _landmark(spine, place)
        z = centre[2] + rise * spine.scale
        thick = girth if z < spine.nth("T", 1).frame.origin[2] else girth**0.5
        y = centre[1] - ahead * spine.scale * thick**0.5
        rows.append([z, 0.55 * centre[0], y, breadth * spine.scale * thick**0.6, deep * spine.scale * thick])
    loft = Loft(np.array(sorted(rows)))
    head = Frame(spine.vertebrae[0].frame.origin + np.array([0, -58, 4]) * spine.scale, rotation(0, 12))
    chin = ellipsoid(
        head.moved((0, -4 * spine.scale, -38 * spine.scale)), np.array([40, 34, 22]) * spine.scale, SOFT * 0.6
    )
    return [
        lofted(loft, SOFT * 0.94, (), 0.62),
        ellipsoid(head, np.array([54, 36, 56]) * spine.scale, SOFT * 0.6),
        chin,
    ]


def _landmark(spine: Spine, place: str | float) -> tuple[Vector, float]:
    """Return the point that a row of `_TRUNK` hangs on, and how far above it the row lies, mm for a mean adult."""
    if isinstance(place, float):
        return spine.sacrum.origin, place
    if place in _HEAD_MM:
        return spine.vertebrae[0].frame.origin, _HEAD_MM[place]
    return spine.nth(place[0], int(place[1:])).frame.origin, 0.0


def arms(joints: Sequence[Joints], scale: float) -> list[Solid]:
    """Return the flesh of both arms and the shoulders' muscle."""
    solids: list[Solid] = []
    for path in joints:
        radii = np.array([[8, 8], [46, 46], [32, 32], [23, 20], [20, 11]]) * scale
        solids += tube(
            *smooth(np.array([path[0], 0.8 * path[0] + 0.2 * path[1], *path[1:]]), radii, 5),
            0,
            SOFT * 0.9,
            0,
            (1, 0, 0.1),
        )
        solids.append(ellipsoid(Frame(path[0], np.eye(3)), np.array([50, 58, 56]) * scale, 0.5 * SOFT))
    return solids


def chest(spine: Spine, girth: float, rng: np.random.Generator) -> list[Solid | LoftedSolid]:
    """Return what the lungs take away, and what diaphragm, heart, great vessels and lung vessels put back."""
    solids: list[Solid | LoftedSolid] = []
    scale, heart_at = spine.scale, spine.nth("T", 8).frame.origin
    air = LUNG * rng.uniform(0.85, 1.05)
    heart = Frame(heart_at + np.array([32, -82 * girth**0.5, -8]) * scale, rotation(1, -32) @ rotation(0, 18))
    size = np.array([50, 48, 68]) * scale * rng.normal(1, 0.07)
    dome_z = rng.normal(0, 10)
    for side in (-1.0, 1.0):
        loft = _lung(spine, side, girth)
        base = spine.nth("T", 12).frame.origin
        rise = (112 - (14 if side > 0 else 0) + dome_z) * scale
        dome = Frame(base + np.array([side * 78, -66 * girth**0.5, -36]) * scale, rotation(0, -14))
        dome_quadric = ellipsoid(dome, np.array([76 * scale, 108 * scale * girth, rise]), 0).quadrics
        solids += [lofted(loft, air), lofted(loft, -air, dome_quadric)]
        heart_quadric = ellipsoid(heart, size, 0).quadrics
        solids += [lofted(loft, -0.92 * air, heart_quadric), lofted(loft, 0.92 * air, (*heart_quadric, *dome_quadric))]
        hilum = spine.nth("T", 6).frame.origin + np.array([side * 34, -48, -8]) * scale
        solids += _vessels(hilum, loft, side, -air, scale, rng)
    knob = spine.nth("T", 4).frame.origin + np.array([24, -42, -10]) * scale
    solids.append(ellipsoid(Frame(knob, np.eye(3)), np.array([17, 22, 20]) * scale, -air * 0.8))
    return solids


def _lung(spine: Spine, side: float, girth: float) -> Loft:
    rows = []
    for place, breadth, deep, aside, ahead in _LUNG:
        level = {"apex": "T1", "base": "T12"}.get(place, place)
        centre = spine.nth("T", int(level[1:])).frame.origin
        z = centre[2] + {"apex": 17, "base": -34}.get(place, 0) * spine.scale
        x = 0.45 * centre[0] + side * aside * spine.scale * girth**0.4
        y = centre[1] - (ahead * spine.scale - 6) * girth**0.5
        rows.append([z, x, y, breadth * spine.scale * girth**0.4, deep * spine.scale * girth])
    return Loft(np.array(sorted(rows)))


def _vessels(
    hilum: Vector, loft: Loft, side: float, density: float, scale: float, rng: np.random.Generator
) -> list[Solid]:
    solids: list[Solid] = [ellipsoid(Frame(hilum, np.eye(3)), np.array([13, 19, 24]) * scale, 0.6 * density)]
    for _ in range(34):
        way = np.array([side * rng.uniform(0.15, 1), rng.normal(0.1, 0.7), rng.normal(-0.25, 0.75)])
        way *= rng.uniform(45, 105) * scale / np.linalg.norm(way)
        bend = rng.normal(0, 9, 3) * scale
        path = hilum + np.array([way * 0.12, way * 0.55 + bend, way * 1.0])
        radii = np.repeat(np.array([[3.6], [2.1], [0.9]]) * scale * rng.uniform(0.6, 1.1), 2, axis=1)
        solids += tube(path, radii, 0, density * 0.9, 0, (0.3, 0.8, 0.5))
    return solids


def airway(spine: Spine) -> list[Solid]:
    """Return the air in throat, windpipe and main bronchi."""
    scale = spine.scale
    points = [spine.nth("C", 1).frame.origin + np.array([0, -27, 18]) * scale]
    for level, ahead in ((2, 25), (4, 26), (5, 31), (6, 37), (7, 38)):
        points.append(spine.nth("C", level).frame.origin + np.array([0, -ahead, 0]) * scale)
    points.append(spine.nth("T", 2).frame.origin + np.array([0, -38, 0]) * scale)
    points.append(spine.nth("T", 4).frame.origin + np.array([0, -40, -8]) * scale)
    radii = np.array([[13, 6], [14, 6], [12, 8], [7, 9], [8, 9], [8.5, 8.5], [8.5, 8.5], [9, 8]]) * scale
    solids = tube(*smooth(np.array(points), radii, 3), 0, GAS, 0, (1, 0, 0))
    for side in (-1.0, 1.0):
        fork = points[-1] + np.array([[0, 0, 4], [side * 16, -2, -16], [side * 38, -4, -34]]) * scale
        solids += tube(fork, np.array([6.5, 6.5]) * scale, 0, GAS * 0.8, 0, (0.2, 1, 0.1))
    return solids


def abdomen(spine: Spine, girth: float, rng: np.random.Generator) -> list[Solid]:
    """Return the stomach's bubble, gas and faeces along the bowel, the fat about the psoas, kidneys and liver."""
    scale, solids = spine.scale, list[Solid]()
    if rng.random() < 0.75:
        top = spine.nth("T", 11).frame.origin + np.array([rng.normal(76, 10), -52, rng.normal(2, 10)]) * scale
        frame = Frame(top, np.eye(3))
        radii = np.array([rng.uniform(24, 52), rng.uniform(24, 42), rng.uniform(20, 40)]) * scale
        level = WORLD.plane((0, 0, -1), -float(top[2] - rng.uniform(-0.3, 0.8) * radii[2]))
        solids.append(ellipsoid(frame, radii, GAS * rng.uniform(0.5, 1.0), (level,)))
    solids += _bowel(spine, girth, rng)
    for side in (-1.0, 1.0):
        high, low = spine.nth("L", 1).frame.origin, spine.nth("L", 4).frame.origin
        muscle = np.array(
            [
                high + np.array([side * 26 * scale, 4, 0]),
                (high + low) / 2 + np.array([side * 40 * scale, -4, 0]),
                low + np.array([side * 52 * scale, -8, -20]),
            ]
        )
        solids += tube(muscle, np.array([[14, 15], [24, 24], [30, 26]]) * scale, 0, -FAT * 0.8, 0, (1, 0, 0))
        kidney = Frame(
            spine.nth("L", 1).frame.origin + np.array([side * 62, 22, 10 + 6 * side]) * scale, rotation(1, side * 14)
        )
        solids.append(ellipsoid(kidney, np.array([28, 22, 54]) * scale, -FAT * 0.6))
    liver = Frame(spine.nth("L", 1).frame.origin + np.array([-78, -40, 38]) * scale, np.eye(3))
    solids.append(ellipsoid(liver, np.array([72, 80 * girth, 92]) * scale, BLOOD * 0.9))
    return solids


def _bowel(spine: Spine, girth: float, rng: np.random.Generator) -> list[Solid]:
    solids: list[Solid] = []
    scale, origin = spine.scale, spine.nth("L", 4).frame.origin
    course = np.array(
        [[-112, -30, -40], [-118, -22, 20], [-104, -40, 84], [-40, -78, 66], [30, -82, 62], [96, -40, 104],
         [116, -18, 40],
         [112, -22, -40], [62, -44, -82], [10, -10, -92], [0, 20, -120]]
    )  # fmt: skip
    spots = rng.integers(0, len(course), rng.integers(2, 9))
    for spot in spots:
        centre = origin + (course[spot] * [girth**0.5, girth, 1] + rng.normal(0, 12, 3)) * scale
        loops, size, air = rng.integers(2, 8), rng.uniform(8, 20), rng.uniform(0.15, 0.6)
        for _ in range(loops):
            frame = Frame(centre + rng.normal(0, 0.9 * size, 3) * scale, rotation(1, rng.uniform(0, 180)))
            radii = size * rng.uniform(0.5, 1.2, 3) * scale
            solids.append(ellipsoid(frame, radii, GAS * air))
        if rng.random() < 0.5:
            for _ in range(40):
                frame = Frame(centre + rng.normal(0, 22, 3) * scale, rotation(1, rng.uniform(0, 180)))
                solids.append(ellipsoid(frame, rng.uniform(1.5, 6.5, 3) * scale, GAS * 0.8 * rng.uniform(0.4, 1)))
    return solids


def breasts(spine: Spine, girth: float, rng: np.random.Generator) -> list[Solid]:
    """Return breasts, as far as they stand out from the trunk, or none."""
    if rng.random() < 0.5:
        return []
    at, size = spine.nth("T", 8).frame.origin, rng.uniform(0.7, 1.15)
    return [
        ellipsoid(
            Frame(at + np.array([side * 82, -158 * girth, rng.normal(-18, 5)]) * spine.scale, np.eye(3)),
            np.array([62, 42, 54]) * spine.scale * size,
            SOFT * 0.7,
        )
        for side in (-1.0, 1.0)
    ]
