"""From a spec to the pose of every vertebra: sizes, variants, curves, discs and slips, stacked from S1 upwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from spineyolo.anatomy import INDEX
from spineyolo.errors import BadInputError
from spineyolo.render.body3d import Body, Endplate
from spineyolo.render.morphometry import (
    ENDPLATE_DEPTH_SHARE,
    SACRAL_DEPTH_MM,
    SACRAL_WIDTH_MM,
    SIZES,
    VertebraSize,
)
from spineyolo.render.quadrics import Frame, Vector, rotation
from spineyolo.render.spec import Fracture, FractureKind, PhantomSpec, Side

_MIN_GAP_MM: Final = 0.6
"""Least distance of neighbouring rims; a disc is not tilted further than that allows."""

_BACK: Final = np.array([0.0, 1.0])

# Shares of the lumbar lordosis between S1 and the middles of the vertebrae from the last lumbar upwards: two thirds
# lie below L4 (Been and Kalichman, Spine J 2014;14:87-97).
_LORDOSIS_SHARES: Final = (0.34, 0.62, 0.81, 0.93)


@dataclass(frozen=True, eq=False)
class PlacedVertebra:
    """One vertebra where it stands.

    Attributes:
        name: C1…L5, or T13, L6.
        level: the name if it is one of the 24, else None.
        size: of its parts, scaled.
        body, frame: shape of its body and where that is.
        has_ribs: whether ribs leave it.
    """

    name: str
    level: str | None
    size: VertebraSize
    body: Body
    frame: Frame
    has_ribs: bool


@dataclass(frozen=True, eq=False)
class Spine:
    """Vertebrae from the top down, and S1's own axes with the origin in the middle of its endplate."""

    vertebrae: tuple[PlacedVertebra, ...]
    sacrum: Frame
    scale: float

    def named(self, name: str) -> PlacedVertebra | None:
        """Return the vertebra of a name, or None if this spine has none such."""
        return next((vertebra for vertebra in self.vertebrae if vertebra.name == name), None)

    def nth(self, letter: str, number: int) -> PlacedVertebra:
        """Return the `number`-th vertebra of a region, or its last if it has fewer."""
        region = [vertebra for vertebra in self.vertebrae if vertebra.name[0] == letter]
        return region[min(number, len(region)) - 1]


def names_of(spec: PhantomSpec) -> tuple[str, ...]:
    """Return the names of a spec's vertebrae from the top down, T13 and L6 among them where it has them."""
    counts = {"C": 7, "T": spec.variant.thoracic, "L": spec.variant.lumbar}
    return tuple(f"{letter}{number}" for letter, count in counts.items() for number in range(1, count + 1))


def place(spec: PhantomSpec) -> Spine:
    """Return a spec's spine.

    Raises:
        BadInputError: if a finding is at a level that this variant does not have.
    """
    names = names_of(spec)
    _check_present(spec, names)
    sagittal, coronal, axial = _tilts(spec, names)
    s1 = _sacral_top(spec.scale)
    sacrum = Frame(np.zeros(3), rotation(0, spec.sacral_slope_deg))
    below_body, below_frame = s1, sacrum.moved((0, 0, -s1.upper.height))
    placed: list[PlacedVertebra] = []
    tilt_below = (spec.sacral_slope_deg, 0.0)
    for index in range(len(names) - 1, -1, -1):
        name = names[index]
        size = _size(name, spec)
        body = _body(size, next((item for item in spec.fractures if item.level == name), None), name)
        gap, tilt = _disc(spec, name, size, body, below_body, tilt_below, (sagittal[index], coronal[index]))
        turn = rotation(1, tilt[1]) @ rotation(2, float(axial[index])) @ rotation(0, tilt[0])
        frame = _stack(body, turn, below_body, below_frame, gap, _slide(spec, name, below_body))
        has_ribs = name.startswith("T")
        placed.append(PlacedVertebra(name, name if name in INDEX else None, size, body, frame, has_ribs))
        below_body, below_frame, tilt_below = body, frame, tilt
    return Spine(tuple(reversed(placed)), sacrum, spec.scale)


def _check_present(spec: PhantomSpec, names: tuple[str, ...]) -> None:
    for kind in ("discs", "slips", "scleroses", "osteophytes", "fractures"):
        for finding in getattr(spec, kind):
            if finding.level not in names:
                raise BadInputError(f"PhantomSpec.{kind}.level", "a level that this variant has", finding.level)
    for curve in spec.curves:
        for end in (curve.upper, curve.lower):
            if end not in names:
                raise BadInputError("PhantomSpec.curves", "end vertebrae that this variant has", end)


def _size(name: str, spec: PhantomSpec) -> VertebraSize:
    known = {"T13": "T12", "L6": "L5"}.get(name, name)
    size = SIZES[known]
    values = {key: value * spec.scale for key, value in vars(size).items()}
    values["spinous_slope_deg"] = size.spinous_slope_deg
    if name == f"L{spec.variant.lumbar}" and spec.variant.sacralised:
        values["transverse_span"] *= 1.2
        values["disc_below"] *= 0.35
    return VertebraSize(**values)


def _sacral_top(scale: float) -> Body:
    plate = Endplate(10.0 * scale, 0.0, 0.0, 0.0)
    low = Endplate(-10.0 * scale, 0.0, 0.0, 0.0)
    return Body(SACRAL_WIDTH_MM / 2 * scale, 0.9, 0.92, SACRAL_DEPTH_MM * scale, 10.0 * scale, plate, low)


def _body(size: VertebraSize, fracture: Fracture | None, name: str) -> Body:
    half, slope = size.height / 2, size.wedge_mm / (2 * size.depth)
    dish = ENDPLATE_DEPTH_SHARE * size.depth * (0.4 if name in {"C1", "C2"} else 1.0)
    upper, lower = Endplate(half, 0, -slope, dish * 0.8), Endplate(-half, 0, slope, dish)
    waist = {"C": 0.95, "T": 0.9, "L": 0.88}[name[0]]
    body = Body(size.upper_width / 2, size.lower_width / size.upper_width, waist, size.depth, half, upper, lower)
    return _fractured(body, fracture) if fracture else body


def _fractured(body: Body, fracture: Fracture) -> Body:
    """Return a body whose front (wedge) or middle (biconcave) has lost its share of the back's height."""
    back = wall_height(body, _BACK)
    upper, lower = body.upper, body.lower
    if fracture.kind is FractureKind.BICONCAVE:
        # Where the dishes are deepest the rims are half way between back and front.
        lost = (fracture.share * back + (upper.height - lower.height) - back) / 2
        return replace(body, upper=replace(upper, dish=lost), lower=replace(lower, dish=lost))
    pivot = float(body.rim(_BACK, True)[2])

    def tilted(slope: float) -> Body:
        plate = Endplate(pivot - slope * body.depth / 2, 0, slope, 0.5 * upper.dish)
        return replace(body, upper=plate)

    def excess(slope: float) -> float:
        return wall_height(tilted(slope), -_BACK) - (1 - fracture.share) * back

    steepest = body.reach * 1.9 / body.depth
    return tilted(float(brentq(excess, -0.3 * steepest, steepest)))


def wall_height(body: Body, direction: Vector) -> float:
    """Return the distance in mm of the upper and lower rim's points that lie furthest in a direction `(2,)`."""
    return float(np.linalg.norm(body.rim(direction, True) - body.rim(direction, False)))


def _tilts(spec: PhantomSpec, names: tuple[str, ...]) -> tuple[Vector, Vector, Vector]:
    """Return each vertebra's tilt forwards, to the left, and its turn about its axis (front to the right), degrees."""
    count, first_lumbar = len(names), names.index("L1")
    slope, lordosis = spec.sacral_slope_deg, spec.lumbar_lordosis_deg
    loin = slope - lordosis
    shoulder = loin + spec.thoracic_kyphosis_deg
    axis = shoulder - spec.cervical_lordosis_deg
    knots = {
        -0.5: axis - 4,
        1.0: axis,
        6.5: shoulder,
        (6.5 + first_lumbar - 0.5) / 2: loin + 0.5 * spec.thoracic_kyphosis_deg,
        first_lumbar - 0.5: loin,
        count - 0.5: slope,
    }
    lumbar = count - first_lumbar
    for number, share in enumerate(_LORDOSIS_SHARES[: lumbar - 1]):
        knots[count - 1 - number] = slope - share * lordosis
    where = np.arange(count)
    ordered = sorted(knots)
    sagittal = PchipInterpolator(ordered, [knots[key] for key in ordered])(where)
    coronal, axial = _coronal(spec, names)
    return sagittal, coronal, axial


def _coronal(spec: PhantomSpec, names: tuple[str, ...]) -> tuple[Vector, Vector]:
    count = len(names)
    knots, where, axial = {-1.0: 0.0, float(count): 0.0}, np.arange(count), np.zeros(count)
    for curve in spec.curves:
        upper, lower = names.index(curve.upper), names.index(curve.lower)
        tilt = knots.get(float(upper), curve.cobb_deg / 2)
        knots[float(upper)], knots[float(lower)] = tilt, tilt - curve.cobb_deg
        inside = (where >= upper) & (where <= lower)
        bump = np.sin(np.pi * (where - upper) / (lower - upper))
        axial -= np.where(inside, bump, 0) * curve.rotation_deg * np.sign(curve.cobb_deg)
    ordered = sorted(knots)
    return np.asarray(PchipInterpolator(ordered, [knots[key] for key in ordered])(where)), axial


def _disc(
    spec: PhantomSpec,
    name: str,
    size: VertebraSize,
    body: Body,
    below: Body,
    tilt_below: tuple[float, float],
    wanted: tuple[float, float],
) -> tuple[float, tuple[float, float]]:
    """Return a disc's height in mm and the tilt forwards and to the left, degrees, of the vertebra on it."""
    loss = next((item for item in spec.discs if item.level == name), None)
    height, sagittal, coronal = size.disc_below, *wanted
    if loss:
        lost = loss.share * height
        height -= lost if loss.side is None else lost / 2
        # Losing height in front tilts what stands on it forwards, on the left to the left.
        over_depth, over_width = np.degrees(lost / body.depth), np.degrees(lost / (2 * body.half_width))
        sagittal += {Side.ANTERIOR: over_depth, Side.POSTERIOR: -over_depth}.get(loss.side or Side.LEFT, 0.0)
        coronal += {Side.LEFT: over_width, Side.RIGHT: -over_width}.get(loss.side or Side.ANTERIOR, 0.0)
    plates = np.degrees(np.arctan(below.upper.slope_y) - np.arctan(body.lower.slope_y))
    room = 2 * max(height - _MIN_GAP_MM * spec.scale, 0.0)
    level_tilt = tilt_below[0] + float(plates)
    depth_limit, width_limit = np.degrees(room / body.depth), np.degrees(room / (2 * body.half_width))
    sagittal = float(np.clip(sagittal, level_tilt - depth_limit, level_tilt + depth_limit))
    coronal = float(np.clip(coronal, tilt_below[1] - width_limit, tilt_below[1] + width_limit))
    return height, (sagittal, coronal)


def _slide(spec: PhantomSpec, name: str, below: Body) -> tuple[float, float]:
    """Return how far a vertebra slid to the left and to the back, mm."""
    depth = np.linalg.norm(below.rim(_BACK, True) - below.rim(-_BACK, True))
    left = back = 0.0
    for slip in spec.slips:
        if slip.level == name:
            distance = float(depth) * slip.percent / 100
            left += distance * {Side.LEFT: 1, Side.RIGHT: -1}.get(slip.direction, 0)
            back += distance * {Side.POSTERIOR: 1, Side.ANTERIOR: -1}.get(slip.direction, 0)
    return left, back


def _stack(body: Body, turn: Vector, below: Body, below_frame: Frame, gap: float, slide: tuple[float, float]) -> Frame:
    """Return where a body stands on the one below.

    Without a slip the back corners of both endplates are in line, square to the lower one; `gap` is how far the
    middle of the upper body's lower rim is above the lower body's upper endplate.
    """
    back, front = below.rim(_BACK, True), below.rim(-_BACK, True)
    along = (back - front) / np.linalg.norm(back - front)
    plate = np.column_stack([[1.0, 0.0, 0.0], along, np.cross([1.0, 0.0, 0.0], along)])
    axes = below_frame.rotation @ plate
    own_back, own_front = body.rim(_BACK, False), body.rim(-_BACK, False)
    middle = (own_back + own_front) / 2
    to_middle = axes.T @ turn @ (middle - own_back)
    offset = axes @ np.array([slide[0] - to_middle[0], slide[1], gap - to_middle[2]])
    back_corner = below_frame.points(back) + offset
    return Frame(back_corner - turn @ own_back, turn)
