"""Bones beside the vertebrae, placed by them: ribs, clavicles, shoulders, sacrum, pelvis, skull and jaw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from spineyolo.render.alignment import PlacedVertebra, Spine
from spineyolo.render.quadrics import Frame, Plane, Solid, Vector, ellipsoid, hollow_rod, rotation, shell, smooth, tube
from spineyolo.render.tissue import CORE, CORTEX, TOOTH

_SIDES: Final = (-1.0, 1.0)

# Rib by rib: half breadth and half depth of the cage there, how far down its front end lies, all mm for a mean
# adult, and how far round it runs from the spine, degrees. Set to look right.
_RIBS: Final = (
    (62, 46, 22, 150), (84, 62, 38, 152), (100, 74, 52, 152), (112, 84, 64, 150), (121, 92, 74, 148),
    (127, 97, 82, 144), (131, 100, 88, 140), (134, 102, 92, 132), (135, 103, 92, 122), (134, 102, 88, 110),
    (128, 100, 78, 86), (116, 96, 58, 60), (108, 92, 40, 46),
)  # fmt: skip


@dataclass(frozen=True)
class Bone:
    """Densities of this patient's bone, per mm."""

    cortex: float
    core: float

    @classmethod
    def of(cls, factor: float) -> Bone:
        """Return bone of `factor` times a healthy adult's density."""
        return cls(CORTEX * factor, CORE * factor)


def ribs(spine: Spine, girth: float, bone: Bone, rng: np.random.Generator) -> list[Solid]:
    """Return the ribs: each leaves its thoracic vertebra, the first at T1, the last short."""
    thoracic = [vertebra for vertebra in spine.vertebrae if vertebra.has_ribs]
    slope = rng.normal(1.0, 0.12)
    last = len(thoracic) - 1
    solids: list[Solid] = []
    for index, vertebra in enumerate(thoracic):
        row = _RIBS[min(index, 12)] if last - index > 1 else _RIBS[min(12 - (last - index), 11)]
        length = 1.0 if last - index > 0 else rng.uniform(0.55, 1.0)
        for side in _SIDES:
            path = rib_path(vertebra, side, row, girth * spine.scale, slope, length * rng.normal(1, 0.015))
            radii = np.array([3.0, 5.4 if index else 6.4]) * spine.scale
            solids += tube(path, radii, 0.85 * spine.scale, bone.cortex * 0.85, bone.core * 0.6, (0.05, 0.08, 1.0))
    return solids


def rib_path(
    vertebra: PlacedVertebra,
    side: float,
    row: tuple[float, float, float, float],
    girth: float,
    slope: float,
    length: float,
) -> Vector:
    """Return a rib's axis `(n, 3)` mm, from its head at the disc above to its front end."""
    size, frame = vertebra.size, vertebra.frame
    half = vertebra.body.half_width
    head = frame.points(np.array([side * (half - 1), 0.32 * size.depth, 0.42 * size.height]))
    tubercle = frame.points(
        np.array(
            [
                side * (0.5 * size.transverse_span + 1),
                0.5 * size.depth + 0.45 * size.canal_depth + 7,
                0.36 * size.height,
            ]
        )
    )
    breadth, deep, drop, turn = row[0] * girth**0.5, row[1] * girth, row[2] * slope, row[3] * length
    angles = np.radians(np.linspace(28, turn, max(5, int(turn / 12))))
    back = tubercle[1] + 14
    x = tubercle[0] * 0.35 + side * breadth * np.sin(angles) ** 0.9
    x += (1 - np.linspace(0, 1, len(angles))) ** 2 * (tubercle[0] + side * 16 - x[0])
    y = back - deep * (1 - np.cos(angles))
    fall = (angles - angles[0]) / np.radians(150)
    z = tubercle[2] - 6 - drop * (fall**0.85) - 16 * np.sin(np.pi * np.clip(fall, 0, 1)) * slope
    return np.vstack([head, tubercle, np.column_stack([x, y, z])])


def clavicles(spine: Spine, bone: Bone, rng: np.random.Generator) -> list[Solid]:
    """Return collar bones, shoulder blades' edges and the heads of the arm bones."""
    top = spine.nth("T", 2).frame.origin
    scale, lift = spine.scale, rng.normal(8, 10)
    solids: list[Solid] = []
    for side in _SIDES:
        steps = np.linspace(0, 1, 9)
        path = (
            top
            + np.column_stack(
                [
                    side * (20 + 135 * steps),
                    -82 + 95 * steps + 14 * np.sin(2 * np.pi * steps),
                    -24 + (34 + lift) * steps,
                ]
            )
            * scale
        )
        solids += tube(path, np.array([5.2, 5.8]) * scale, 1.4, bone.cortex * 0.8, bone.core, (0, 1, 0))
        head = top + np.array([side * 168, 22, -18 + lift]) * scale
        solids += shell(Frame(head, np.eye(3)), np.array([23, 23, 24]) * scale, 0.8, bone.cortex * 0.6, bone.core * 0.7)
        blade = (
            top
            + np.array(
                [
                    [side * 62, 78, 4],
                    [side * 66, 88, -60],
                    [side * 84, 84, -125],
                    [side * 112, 66, -85],
                    [side * 142, 38, -24],
                ]
            )
            * scale
        )
        solids += tube(blade, np.array([2.6, 4.6]) * scale, 0.9, bone.cortex * 0.8, bone.core, (0, 1, 0))
        spine_of = np.array([[side * 64, 88, -22], [side * 110, 72, 0], [side * 160, 34, 12 + lift]]) * scale + top
        solids += tube(spine_of, np.array([3.0, 6.0]) * scale, 1.0, bone.cortex * 0.8, bone.core, (0, 1, 0))
    return solids


def sacrum(spine: Spine, bone: Bone, sacralised: bool) -> list[Solid]:
    """Return five fused segments with their wings and the coccyx; wings reach up to a sacralised last vertebra."""
    scale, frame = spine.scale, spine.sacrum
    solids: list[Solid] = []
    point, lean = np.zeros(3), 0.0
    for number, (half, deep, tall) in enumerate(
        ((25, 16.5, 29), (20, 12, 25), (17, 9.5, 21), (14, 8, 18), (11, 6, 16))
    ):
        turned = frame.moved(point * scale).turned(rotation(0, lean))
        ends = turned.points(np.array([[0, 0, 0], [0, 0, -tall]]) * scale)
        solids += hollow_rod(
            ends, np.array([half, deep]) * scale, 0.7, bone.cortex * 0.4, bone.core * 0.6, frame.rotation[:, 0]
        )
        for side in _SIDES:
            wing = turned.moved((side * (half + 14 - 3 * number) * scale, 3 * scale, -0.5 * tall * scale))
            radii = np.array([22 - 3 * number, 12.5 - 1.5 * number, 0.5 * tall + 3]) * scale
            solids += shell(wing, radii, 1.0, bone.cortex * 0.2, bone.core * 0.4)
            hole = turned.moved((side * (half + 3) * scale, 0, -tall * scale))
            solids.append(ellipsoid(hole, np.array([4.5, 9 - number, 4.0]) * scale, -bone.core * 0.6))
        plate = turned.moved((0, 0, 0.0))
        solids.append(
            ellipsoid(plate, np.array([half, deep, 0.9]) * scale, bone.cortex * (0.9 if number == 0 else 0.45))
        )
        crest = turned.moved((0, (deep + 12 - 2 * number) * scale, -0.5 * tall * scale))
        solids += shell(crest, np.array([3.5, 7 - number, 0.5 * tall]) * scale, 1.0, bone.cortex, bone.core)
        point = point + np.array([0, tall * np.sin(np.radians(lean)), -tall * np.cos(np.radians(lean))])
        lean -= 13.0
    if sacralised:
        last = spine.vertebrae[-1]
        for side in _SIDES:
            joint = last.frame.moved((side * 0.42 * last.size.transverse_span, 8 * scale, -0.35 * last.size.height))
            solids += shell(joint, np.array([14, 9, 15]) * scale, 1.0, bone.cortex * 0.8, bone.core)
    return solids


def pelvis(spine: Spine, bone: Bone) -> list[Solid]:
    """Return hip bones and the heads of the thigh bones, hung on the sacrum."""
    scale, origin = spine.scale, spine.sacrum.origin
    solids: list[Solid] = []

    def at(side: float, *points: tuple[float, float, float]) -> Vector:
        return origin + np.array(points) * [side, 1, 1] * scale

    for side in _SIDES:
        crest = at(
            side,
            (44, 62, -22),
            (58, 58, 14),
            (82, 36, 36),
            (108, 6, 42),
            (127, -26, 28),
            (130, -50, 4),
            (124, -56, -26),
        )
        solids += tube(*smooth(crest, np.array([3.6, 4.4]) * scale, 3), 1.2, bone.cortex * 0.6, bone.core, (1, 0, 0))
        brim = at(side, (46, 44, -40), (62, 20, -62), (68, -14, -84), (54, -46, -104), (18, -62, -114))
        solids += tube(*smooth(brim, np.array([6.5, 8.5]) * scale, 3), 1.3, bone.cortex * 0.5, bone.core, (1, 0, 0))
        ramus = at(side, (18, -62, -114), (34, -34, -146), (52, -2, -160), (68, 2, -128), (76, -6, -96))
        solids += tube(*smooth(ramus, np.array([6.5, 8.5]) * scale, 3), 1.2, bone.cortex * 0.5, bone.core, (1, 0, 0))
        inner = Frame(at(side, (58, 2, -30))[0], rotation(2, side * 22) @ rotation(1, side * 24))
        cut = (
            Plane(np.array([0.0, -0.75, -1.0]), float(np.array([0.0, -0.75, -1.0]) @ at(side, (0, 0, -75))[0])),
            Plane(np.array([-side, 0.0, 0.0]), float(-side * at(side, (52, 0, 0))[0, 0])),
        )
        for radii, density in (((64, 60, 74), bone.core * 0.6 + 0.002), ((59, 58, 72), -bone.core * 0.6 - 0.002)):
            solids.append(ellipsoid(inner, np.array(radii) * scale, density, cut))
        head = Frame(at(side, (88, -12, -100))[0], np.eye(3))
        solids += shell(head, np.array([31, 31, 31]) * scale, 3.0, bone.core, 0.0)
        solids += shell(head, np.array([24, 24, 24]) * scale, 1.0, bone.cortex * 0.5, bone.core)
        shaft = at(side, (92, -10, -104), (128, -4, -138), (130, -2, -260))
        solids += tube(
            *smooth(shaft, np.array([15, 15]) * scale, 3), 3.0, bone.cortex * 0.6, bone.core * 0.5, (0, 1, 0)
        )
    return solids


def skull(spine: Spine, bone: Bone, rng: np.random.Generator) -> list[Solid]:
    """Return skull, jaws and teeth on top of C1, the face level whatever the neck does, and the hyoid bone."""
    atlas, scale = spine.vertebrae[0].frame, spine.scale
    nod = rotation(0, rng.normal(-2, 6))
    head = Frame(atlas.points(np.array([0, 0, 12.0]) * scale), nod)
    solids: list[Solid] = []

    def at(*point: float) -> Frame:
        return head.moved(np.array(point) * scale)

    def path(*points: tuple[float, float, float]) -> Vector:
        return head.points(np.array(points) * scale)

    cortex, core = bone.cortex * 0.85, bone.core
    solids += shell(at(0, 12, 62), np.array([74, 92, 70]) * scale, 5.5, 0.55 * cortex, 0.0)
    floor = path((0, 78, 20), (0, 52, -8), (0, 22, -6), (0, -8, 8), (0, -22, 30), (0, -46, 40), (0, -78, 46))
    solids += tube(*smooth(floor, np.array([34, 2.0]) * scale, 5), 0, 0.22 * cortex, 0, (1, 0, 0))
    for side in _SIDES:
        solids += shell(at(side * 16, 4, 0), np.array([7, 11, 6]) * scale, 1.2, cortex, core)
        solids += shell(at(side * 34, 0, 18), np.array([28, 13, 11]) * scale, 1.2, 0.5 * cortex, 0.6 * core)
        solids += shell(at(side * 52, 16, 6), np.array([10, 12, 20]) * scale, 1.5, 0.6 * cortex, -0.004)
        jaw = path(
            (side * 50, -8, 14),
            (side * 50, -12, -16),
            (side * 46, -24, -42),
            (side * 32, -56, -56),
            (side * 7, -82, -62),
            (0, -84, -62),
        )
        heights = np.array([[6, 13], [6, 17], [6, 16], [6.5, 14], [7, 15], [7, 15]]) * scale
        solids += tube(*smooth(jaw, heights, 3), 2.0, cortex, core * 1.6, (side * 0.8, 0.4, 0.1))
        cheek = path((side * 54, -10, 20), (side * 62, -44, 14), (side * 44, -68, 10))
        solids += tube(cheek, np.array([4, 5]) * scale, 1.3, cortex, core, (0, 0, 1))
        for tooth in range(7):
            angle = np.radians(12 + 13 * tooth)
            x, y = side * 27 * np.sin(angle), -40 - 38 * np.cos(angle)
            for z, root in ((-21, 1.0), (-35, 1.0)):
                radii = np.array([3.0 + 0.35 * tooth, 2.8 + 0.3 * tooth, 8.5]) * root * scale
                solids.append(ellipsoid(at(x, y, z), radii, TOOTH * rng.uniform(0.5, 0.9)))
        solids += shell(at(side * 25, -48, 2), np.array([18, 22, 18]) * scale, 1.0, 0.35 * cortex, -0.012)
        solids += shell(at(side * 30, -58, 36), np.array([20, 24, 17]) * scale, 1.0, 0.4 * cortex, 0.0)
    solids += shell(at(0, -58, -10), np.array([26, 27, 6]) * scale, 1.0, 0.5 * cortex, core)
    solids += shell(at(0, -26, 26), np.array([16, 18, 12]) * scale, 1.4, cortex, -0.012)
    throat = spine.vertebrae[2].frame.origin + np.array([0, -40, -4]) * scale
    hyoid = throat + np.array([[-16, 18, 4], [-12, 2, 0], [0, -4, -2], [12, 2, 0], [16, 18, 4]]) * scale
    solids += tube(hyoid, np.array([3.2, 2.6]) * scale, 0.9, cortex, core, (0, 0, 1))
    return solids


Joints = tuple[Vector, Vector, Vector, Vector]
"""Shoulder, elbow, wrist and fingertips `(3,)` mm of one arm."""


def arms(joints: Sequence[Joints], scale: float, bone: Bone) -> list[Solid]:
    """Return the bones of the arms."""
    solids: list[Solid] = []
    for shoulder, elbow, wrist, hand in joints:
        solids += tube(np.array([shoulder, elbow]), np.array([10.5, 10.5]) * scale, 3.4, bone.cortex, 0.0, (1, 0, 0.1))
        for shift in (-9.0, 9.0):
            offset = np.array([shift, 0.4 * shift, 0.3 * shift]) * scale
            line = np.array([elbow + offset, wrist + offset * 0.8])
            solids += tube(line, np.array([6.2, 6.2]) * scale, 2.4, bone.cortex, 0.0, (1, 0.1, 0.1))
        for finger in range(4):
            spread = np.array([6.0 * (finger - 1.5), 3.0 * (finger - 1.5), 2.0 * finger]) * scale
            line = np.array([wrist + spread * 0.5, (wrist + hand) / 2 + spread, hand + spread])
            solids += tube(line, np.array([4.0, 4.0]) * scale, 1.4, bone.cortex, 0.0, (1, 0.1, 0.1))
    return solids


def arm_joints(spine: Spine, forward: bool, rng: np.random.Generator) -> list[Joints]:
    """Return both arms' joints: hanging beside the trunk, or forward with the hands at the collar bones."""
    top, scale = spine.nth("T", 2).frame.origin, spine.scale
    drop, joints = rng.uniform(60, 215), []
    for side in _SIDES:
        shoulder, wobble = top + np.array([side * (170 if forward else 192), 15, -26]) * scale, rng.normal(0, 9, 3)
        steps = np.array([[side * 52, 10, -280], [side * 25, -20, -230], [side * 3, -10, -160]])
        if forward:
            ahead = float(np.sqrt(290**2 - drop**2))
            steps = np.array([[-side * 8, -ahead, -drop], [-side * 62, 0.35 * drop - 25, 215], [-side * 45, 35, 95]])
            steps[:2] += wobble
        elbow, wrist, hand = shoulder + np.cumsum(steps, axis=0) * scale
        joints.append((shoulder, elbow, wrist, hand))
    return joints
