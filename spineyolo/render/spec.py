"""PhantomSpec: every parameter of a rendered film that is meant, and what of it is possible."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Final

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.errors import BadInputError


class Side(StrEnum):
    """Sides of the patient."""

    LEFT = "left"
    RIGHT = "right"
    ANTERIOR = "anterior"
    POSTERIOR = "posterior"


class Projection(StrEnum):
    """How the beam passes the patient."""

    AP = "AP"
    LATERAL = "lateral"
    OBLIQUE = "oblique"


class Window(StrEnum):
    """The part of the spine a film is of, as clinics order them."""

    WHOLE = "whole"
    CERVICAL = "cervical"
    THORACIC = "thoracic"
    LUMBAR = "lumbar"
    THORACOLUMBAR = "thoracolumbar"


class FractureKind(StrEnum):
    """Genant's shapes (J Bone Miner Res 1993;8:1137-1148): wedge, or biconcave."""

    WEDGE = "wedge"
    BICONCAVE = "biconcave"


class Hardware(StrEnum):
    """Metal in the spine."""

    NONE = "none"
    RODS = "rods"
    CAGE = "cage"


@dataclass(frozen=True)
class Curve:
    """One scoliotic curve.

    Attributes:
        upper, lower: its end vertebrae, whose mid-planes are tilted most.
        cobb_deg: angle between them, seen from the front; positive is convex to the patient's right.
        rotation_deg: axial rotation at the apex, towards the convex side; none at the ends.
    """

    upper: str
    lower: str
    cobb_deg: float
    rotation_deg: float = 0.0


@dataclass(frozen=True)
class DiscLoss:
    """Height that the disc below `level` lost, a share: all over, or at one `side`'s edge, none at the other edge."""

    level: str
    share: float
    side: Side | None = None


@dataclass(frozen=True)
class Slip:
    """How far `level` slid on the vertebra below, in percent of that one's upper endplate depth (Meyerding 1932)."""

    level: str
    percent: float
    direction: Side


@dataclass(frozen=True)
class Sclerosis:
    """A dense band under an endplate: `band_mm` thick, `contrast` times the trabecular density on top of it."""

    level: str
    upper: bool
    band_mm: float
    contrast: float


@dataclass(frozen=True)
class Osteophyte:
    """A spur of `size_mm` that leaves a corner of a body at `side` of its upper or lower rim."""

    level: str
    upper: bool
    side: Side
    size_mm: float


@dataclass(frozen=True)
class Fracture:
    """A body whose anterior (wedge) or middle (biconcave) height lost a share of its posterior height."""

    level: str
    kind: FractureKind
    share: float


@dataclass(frozen=True)
class Variant:
    """Numbers of vertebrae that have ribs and that have none, and whether the last one is fused to the sacrum."""

    thoracic: int = 12
    lumbar: int = 5
    sacralised: bool = False


@dataclass(frozen=True)
class PhantomSpec:
    """One film of one patient.

    Attributes:
        seed: of everything left to chance: noise, texture, gas, soft parts.
        view, window: which film.
        width, height: px.
        field_mm: height of patient at the spine that the film shows.
        distance_mm: source to detector; spine_distance_mm: source to the middle of the spine.
        shift_mm: how far above the window's own middle the film is centred.
        oblique_deg: patient's turn about the upright axis, on top of the view's own; an oblique film's main angle.
        faces_left: lateral films only: the patient looks to the left of the image.
        scale: body size, 1 for the mean adult of `morphometry`.
        girth: thickness of the trunk, 1 for the mean.
        bone: density of bone, 1 for a healthy adult.
        sacral_slope_deg, lumbar_lordosis_deg, thoracic_kyphosis_deg, cervical_lordosis_deg: S1; L1 to S1; T1 to
            the last thoracic; C2 to C7, by mid-planes where no endplate is named.
        curves: from the top down, not overlapping.
        variant, discs, slips, scleroses, osteophytes, fractures, hardware: what is not normal.
    """

    seed: int
    view: Projection
    window: Window
    width: int
    height: int
    field_mm: float
    distance_mm: float = 2000.0
    spine_distance_mm: float = 1780.0
    shift_mm: float = 0.0
    oblique_deg: float = 0.0
    faces_left: bool = False
    scale: float = 1.0
    girth: float = 1.0
    bone: float = 1.0
    sacral_slope_deg: float = 40.0
    lumbar_lordosis_deg: float = 55.0
    thoracic_kyphosis_deg: float = 42.0
    cervical_lordosis_deg: float = 20.0
    curves: tuple[Curve, ...] = ()
    variant: Variant = Variant()
    discs: tuple[DiscLoss, ...] = ()
    slips: tuple[Slip, ...] = ()
    scleroses: tuple[Sclerosis, ...] = ()
    osteophytes: tuple[Osteophyte, ...] = ()
    fractures: tuple[Fracture, ...] = ()
    hardware: Hardware = Hardware.NONE

    def __post_init__(self) -> None:
        """Check every parameter.

        Raises:
            BadInputError: naming the one that is impossible, what is possible and what it was.
        """
        for name, (low, high) in _RANGES.items():
            _check(f"PhantomSpec.{name}", getattr(self, name), low, high)
        if self.spine_distance_mm >= self.distance_mm:
            raise BadInputError(
                "PhantomSpec.spine_distance_mm",
                f"less than distance_mm {self.distance_mm:g}",
                f"{self.spine_distance_mm:g}",
            )
        for name in ("curves", "discs", "slips", "scleroses", "osteophytes", "fractures"):
            for finding in getattr(self, name):
                _check_finding(f"PhantomSpec.{name}", finding)
        _check("PhantomSpec.variant.thoracic", self.variant.thoracic, 11, 13)
        _check("PhantomSpec.variant.lumbar", self.variant.lumbar, 4, 6)
        _check_curves(self.curves)

    def as_record(self) -> dict[str, Any]:
        """Return all parameters as what JSON can hold."""
        return asdict(self)


_RANGES: Final[dict[str, tuple[float, float]]] = {
    "width": (64, 6000),
    "height": (64, 8000),
    "field_mm": (60, 1400),
    "distance_mm": (900, 6000),
    "spine_distance_mm": (600, 5800),
    "shift_mm": (-400, 400),
    "oblique_deg": (-60, 60),
    "scale": (0.4, 1.4),
    "girth": (0.6, 1.8),
    "bone": (0.3, 1.6),
    "sacral_slope_deg": (0, 80),
    "lumbar_lordosis_deg": (0, 100),
    "thoracic_kyphosis_deg": (0, 90),
    "cervical_lordosis_deg": (-30, 60),
}

_FINDING_RANGES: Final[dict[str, tuple[float, float]]] = {
    "cobb_deg": (-110, 110),
    "rotation_deg": (0, 40),
    "share": (0, 0.9),
    "percent": (0, 60),
    "band_mm": (0.2, 8),
    "contrast": (0, 4),
    "size_mm": (0.5, 12),
}


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise BadInputError(name, f"{low:g} to {high:g}", f"{value:g}")


def _check_finding(name: str, finding: Any) -> None:
    for item in fields(finding):
        value = getattr(finding, item.name)
        if item.name in _FINDING_RANGES:
            _check(f"{name}.{item.name}", value, *_FINDING_RANGES[item.name])
        if item.name in {"level", "upper", "lower"} and isinstance(value, str) and value not in INDEX:
            raise BadInputError(f"{name}.{item.name}", "a level C1 to L5", value)
    level = getattr(finding, "level", None)
    if level in LEVELS[:2]:
        raise BadInputError(f"{name}.level", "a level with a disc above it, C3 to L5", str(level))


def _check_curves(curves: tuple[Curve, ...]) -> None:
    last = 0
    for curve in curves:
        upper, lower = INDEX[curve.upper], INDEX[curve.lower]
        if upper < last or lower < upper + 2:
            found = f"{curve.upper} to {curve.lower}"
            raise BadInputError("PhantomSpec.curves", "curves of three or more levels, one below the other", found)
        last = lower
