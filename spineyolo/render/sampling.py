"""Patients and films drawn at random from published ranges; the same seed gives the same film.

Sagittal angles: Vialle et al., J Bone Joint Surg Am 2005;87:260-267 (slope, lordosis, kyphosis of 300 adults).
Curves: Lenke's main patterns (J Bone Joint Surg Am 2001;83:1169-1181). Numbers of vertebrae other than 7, 12, 5 and
sacralised last ones: some one person in ten (Tins and Balain, Insights Imaging 2016;7:411-417).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.render.film_physics import FilmStyle
from spineyolo.render.spec import (
    Curve,
    DiscLoss,
    Fracture,
    FractureKind,
    Hardware,
    Osteophyte,
    PhantomSpec,
    Projection,
    Sclerosis,
    Side,
    Slip,
    Variant,
    Window,
)

# Width and height in px, height of the field in mm for a mean adult, and the range of shifts up, mm.
_FORMATS: Final[dict[tuple[bool, Window], tuple[int, int, float, float, float]]] = {
    (False, Window.WHOLE): (900, 2400, 570.0, -35.0, 25.0),
    (True, Window.WHOLE): (900, 2400, 800.0, -45.0, 50.0),
    (False, Window.CERVICAL): (800, 1000, 200.0, -20.0, 10.0),
    (True, Window.CERVICAL): (800, 1000, 195.0, -12.0, 16.0),
    (False, Window.THORACIC): (900, 1600, 400.0, -25.0, 25.0),
    (True, Window.THORACIC): (900, 1600, 400.0, -30.0, 30.0),
    (False, Window.LUMBAR): (900, 1200, 330.0, -20.0, 30.0),
    (True, Window.LUMBAR): (900, 1200, 330.0, -25.0, 25.0),
    (False, Window.THORACOLUMBAR): (900, 1200, 330.0, -25.0, 25.0),
    (True, Window.THORACOLUMBAR): (900, 1200, 330.0, -25.0, 25.0),
}

# End vertebrae of curves from the top down, after Lenke's types 1, 3, 5 and 2, and how large each may get, degrees.
_PATTERNS: Final = (
    (("T5", "T11", 60),),
    (("T5", "T11", 60), ("T11", "L4", 55)),
    (("T10", "L3", 50),),
    (("T2", "T6", 35), ("T6", "T11", 60), ("T11", "L4", 50)),
)
_SIDEWAYS: Final = (Side.LEFT, Side.RIGHT)
_FORE_AND_AFT: Final = (Side.ANTERIOR, Side.POSTERIOR)


def sample(seed: int, view: Projection, window: Window, degeneration: bool) -> tuple[PhantomSpec, FilmStyle]:
    """Return a random patient and a random way of taking the film."""
    rng = np.random.default_rng([seed, 0])
    spec = _patient(seed, view, window, rng)
    if degeneration:
        spec = replace(spec, **_degeneration(spec, rng))
    return spec, _style(spec, rng)


def _patient(seed: int, view: Projection, window: Window, rng: np.random.Generator) -> PhantomSpec:
    width, height, field, low, high = _FORMATS[view is Projection.LATERAL, window]
    scale = _normal(rng, 0.97, 0.09, 0.72, 1.16)
    slope = _normal(rng, 40, 8, 18, 62)
    lordosis = _normal(rng, slope + 16, 6, 25, 85)
    kyphosis = _normal(rng, 42, 10, 15, 75)
    distance = float(rng.uniform(1500, 3000) if window is Window.WHOLE else rng.uniform(1000, 1800))
    variant = _variant(rng)
    return PhantomSpec(
        seed=seed,
        view=view,
        window=window,
        width=int(width * rng.uniform(0.86, 1.16)),
        height=int(height * rng.uniform(0.94, 1.06)),
        field_mm=float(field * scale * rng.uniform(0.93, 1.1)),
        distance_mm=distance,
        spine_distance_mm=distance - float(rng.uniform(120, 240)),
        shift_mm=float(rng.uniform(low, high) * scale),
        oblique_deg=_turn(view, rng),
        faces_left=bool(view is Projection.LATERAL and rng.random() < 0.4),
        scale=scale,
        girth=_normal(rng, 1.0, 0.12, 0.75, 1.4),
        bone=_normal(rng, 1.0, 0.16, 0.5, 1.4),
        sacral_slope_deg=slope,
        lumbar_lordosis_deg=lordosis,
        thoracic_kyphosis_deg=kyphosis,
        cervical_lordosis_deg=_normal(rng, slope - lordosis + kyphosis - 4, 8, -15, 50),
        variant=variant,
        curves=_curves(variant, 0.75 if view is Projection.AP else 0.25, rng),
        hardware=_hardware(variant, rng),
    )


def _normal(rng: np.random.Generator, mean: float, deviation: float, low: float, high: float) -> float:
    return float(np.clip(rng.normal(mean, deviation), low, high))


def _turn(view: Projection, rng: np.random.Generator) -> float:
    if view is Projection.OBLIQUE:
        return float(rng.choice([-1, 1]) * rng.uniform(35, 50))
    return float(rng.normal(0, 2.0))


def _variant(rng: np.random.Generator) -> Variant:
    choices = (Variant(), Variant(11), Variant(13), Variant(12, 4), Variant(12, 6), Variant(12, 5, True))
    return choices[int(rng.choice(len(choices), p=(0.9, 0.015, 0.015, 0.02, 0.02, 0.03)))]


def _curves(variant: Variant, likely: float, rng: np.random.Generator) -> tuple[Curve, ...]:
    """Return curves that alternate in direction; films are taken for them, so most AP films have some."""
    if variant != Variant() or rng.random() > likely:
        return ()
    pattern = _PATTERNS[int(rng.choice(len(_PATTERNS), p=(0.35, 0.3, 0.25, 0.1)))]
    side = 1.0 if rng.random() < 0.85 else -1.0
    if len(pattern) == 3 or pattern[0][0] == "T10":
        side = -side
    curves = []
    for upper, lower, largest in pattern:
        cobb = float(np.clip(rng.gamma(2.2, 12.0), 4, largest))
        curves.append(Curve(upper, lower, side * cobb, min(float(cobb * rng.uniform(0.15, 0.5)), 28.0)))
        side = -side
    return tuple(curves)


def _hardware(variant: Variant, rng: np.random.Generator) -> Hardware:
    kinds = (Hardware.NONE, Hardware.RODS, Hardware.CAGE)
    return kinds[int(rng.choice(3, p=(0.95, 0.03, 0.02)))] if variant.lumbar > 4 else Hardware.NONE


def _degeneration(spec: PhantomSpec, rng: np.random.Generator) -> dict[str, Any]:
    """Return findings at some levels, the lower the likelier, as wear goes."""
    present = [level for level in LEVELS[2:] if not _missing(level, spec.variant)]
    odds = np.array([{"C": 0.28, "T": 0.14, "L": 0.35}[level[0]] for level in present]) * rng.uniform(0.3, 1.6)
    worn = [level for level, odd in zip(present, odds, strict=True) if rng.random() < odd]
    found: dict[str, list[Any]] = {key: [] for key in ("discs", "slips", "scleroses", "osteophytes", "fractures")}
    for level in worn:
        side = None if rng.random() < 0.5 else Side(str(rng.choice([*_SIDEWAYS, *_FORE_AND_AFT])))
        found["discs"].append(DiscLoss(level, float(rng.uniform(0.15, 0.8)), side))
        if rng.random() < 0.5:
            band = float(rng.uniform(1.0, 4.0)) * spec.scale
            found["scleroses"].append(Sclerosis(level, False, band, float(rng.uniform(0.6, 2.5))))
        for spur_side in (*_SIDEWAYS, Side.ANTERIOR):
            if rng.random() < 0.5:
                size = float(rng.uniform(1.0, 5.5)) * spec.scale * (0.6 if level[0] == "C" else 1.0)
                found["osteophytes"].append(Osteophyte(level, False, spur_side, max(size, 0.5)))
    for level in ("C4", "L3", "L4", "L5"):
        if level in present and rng.random() < 0.12:
            direction = Side.ANTERIOR if rng.random() < 0.7 else Side.POSTERIOR
            found["slips"].append(Slip(level, float(rng.uniform(4, 32)), direction))
    for level in present:
        if level[0] != "C" and INDEX[level] >= INDEX["T6"] and rng.random() < 0.03:
            kind = FractureKind.WEDGE if rng.random() < 0.6 else FractureKind.BICONCAVE
            found["fractures"].append(Fracture(level, kind, float(rng.uniform(0.2, 0.5))))
    return {key: tuple(values) for key, values in found.items()}


def _missing(level: str, variant: Variant) -> bool:
    return (level == "T12" and variant.thoracic < 12) or (level == "L5" and variant.lumbar < 5)


def _style(spec: PhantomSpec, rng: np.random.Generator) -> FilmStyle:
    whole = spec.window is Window.WHOLE
    size = spec.height / 2400 if whole else spec.height / 1200
    lateral = spec.view is Projection.LATERAL
    neck = lateral and spec.window is Window.CERVICAL
    borders = [int(rng.integers(0, spec.width // 33)) if rng.random() < 0.25 else 0 for _ in range(4)]
    seams = ((float(rng.uniform(0.42, 0.58)), float(rng.normal(0, 0.04))),) if whole and rng.random() < 0.3 else ()
    return FilmStyle(
        hardening=_hardening(spec, rng),
        scatter=float(rng.uniform(0.1, 0.5)),
        photons=float(10 ** rng.uniform(4.9, 6.2)),
        blur_px=float(rng.uniform(0.7, 1.8)) * max(size, 0.7),
        flatten=float(rng.uniform(0.0, 0.5) if neck else rng.uniform(0.4, 0.8) if lateral else rng.uniform(0.2, 0.8)),
        flatten_reach=float(rng.uniform(0.03, 0.06)),
        edge=float(rng.uniform(0.1, 1.3)),
        edge_px=float(rng.uniform(3, 9)) * max(size, 0.6),
        gamma=float(rng.uniform(0.65, 1.15) if lateral else rng.uniform(0.6, 1.3)),
        low=float(rng.uniform(0.5, 4)),
        high=float(rng.uniform(80, 96) if neck else rng.uniform(97.5, 99.8) if lateral else rng.uniform(98.8, 99.95)),
        toe=float(rng.uniform(0.0, 1.3)),
        black=float(rng.uniform(0, 14)),
        collimation_px=(borders[0], borders[1], borders[2], borders[3]),
        border=0.0 if rng.random() < 0.7 else float(rng.uniform(200, 250)),
        lines_px=float(rng.uniform(130, 190)) * size if whole and lateral and rng.random() < 0.4 else 0.0,
        seams=seams,
        marker=str(rng.choice(["L", "R", "L", ""])),
        marker_at=(
            float(rng.choice([rng.uniform(0.03, 0.12), rng.uniform(0.82, 0.92)])),
            float(rng.uniform(0.05, 0.3)),
        ),
    )


def _hardening(spec: PhantomSpec, rng: np.random.Generator) -> float:
    """Return how much attenuation a film can show: the thicker the part, the less of it is left."""
    if spec.window is Window.CERVICAL:
        return float(rng.uniform(6, 14))
    return float(rng.uniform(3.2, 8) if spec.view is Projection.LATERAL else rng.uniform(3.5, 9))
