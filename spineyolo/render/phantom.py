"""One film of a parametric spine: anatomy placed, projected, exposed and developed, with its truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import cv2
import numpy as np

from spineyolo.film import Vertebra
from spineyolo.render import film_physics, hardware3d, skeleton3d, softtissue3d, truth
from spineyolo.render.alignment import Spine, place
from spineyolo.render.film_physics import FilmStyle, Grey
from spineyolo.render.loft import LoftedSolid
from spineyolo.render.projection import Geometry, Layer, add_solids
from spineyolo.render.quadrics import Solid, Vector, rotation
from spineyolo.render.spec import PhantomSpec, Projection, Window
from spineyolo.render.vertebra3d import vertebra

_SOFT_COARSENESS: Final = 3
"""Soft parts are projected on pixels this many times as large: their edges are blurred anyway."""

_TURN_DEG: Final = {Projection.AP: 0.0, Projection.LATERAL: -90.0, Projection.OBLIQUE: 0.0}

# The vertebrae whose middle is the middle of a window, as region and number.
_MIDDLE: Final = {
    Window.WHOLE: (("T", 9), ("T", 9)),
    Window.CERVICAL: (("C", 4), ("C", 5)),
    Window.THORACIC: (("T", 6), ("T", 7)),
    Window.LUMBAR: (("L", 3), ("L", 3)),
    Window.THORACOLUMBAR: (("T", 12), ("L", 1)),
}


@dataclass(frozen=True, eq=False)
class RenderedFilm:
    """A film: grey pixels `(height, width)`, the vertebrae in view, and the truth record (see `truth.record`)."""

    grey: Grey
    vertebrae: tuple[Vertebra, ...]
    truth: dict[str, Any]


def render(spec: PhantomSpec, style: FilmStyle) -> RenderedFilm:
    """Return the film that a spec and a style mean; the same for the same arguments.

    Raises:
        BadInputError: if a finding is at a level that the spec's variant does not have.
    """
    spine = place(spec)
    geometry = geometry_of(spec, spine)
    rng = np.random.default_rng([spec.seed, 1])
    attenuation = attenuate(spec, spine, geometry, style.hardening, rng)
    grey = film_physics.develop(film_physics.expose(attenuation, style, rng), style)
    drawn = [truth.vertebra_on_film(placed, geometry, spec) for placed in spine.vertebrae]
    shown = (truth.visible(item, geometry) for item in drawn)
    labels = tuple(item for item in shown if item is not None)
    return RenderedFilm(grey, labels, truth.record(spec, spine, geometry, drawn, asdict(style)))


def geometry_of(spec: PhantomSpec, spine: Spine) -> Geometry:
    """Return where source and detector stand for a spec: the beam level, on the middle of the window."""
    turn = rotation(2, _TURN_DEG[spec.view] + spec.oblique_deg)
    along, across = turn @ np.array([0.0, 1.0, 0.0]), turn @ np.array([1.0, 0.0, 0.0])
    if spec.view is Projection.LATERAL and spec.faces_left:
        along, across = -along, -across
    centre = _centre(spec, spine)
    pitch = spec.field_mm / spec.height * spec.distance_mm / spec.spine_distance_mm
    source = centre - along * spec.spine_distance_mm
    foot = (spec.width / 2, spec.height / 2)
    down = np.array([0.0, 0.0, -1.0])
    return Geometry(source, across, down, along, spec.distance_mm, pitch, foot, spec.width, spec.height)


def _centre(spec: PhantomSpec, spine: Spine) -> Vector:
    ends = [spine.nth(*end).frame.origin for end in _MIDDLE[spec.window]]
    centre = (ends[0] + ends[1]) / 2
    if spec.window is Window.WHOLE:
        centre[0] *= 0.5
    rng = np.random.default_rng([spec.seed, 2])
    ahead = {Window.CERVICAL: 12, Window.WHOLE: 30, Window.THORACIC: 25}.get(spec.window, 15)
    shift = rng.normal(0, 1, 3) * [6, 8, 0.012 * spec.field_mm]
    return np.asarray(centre + np.array([0, -ahead * spec.scale, spec.shift_mm]) + shift)


def attenuate(spec: PhantomSpec, spine: Spine, geometry: Geometry, hardening: float, rng: np.random.Generator) -> Layer:
    """Return the attenuation `(height, width)` of a whole patient in front of a film."""
    bone = np.zeros((geometry.height, geometry.width), np.float32)
    metal = np.zeros_like(bone)
    coarse = geometry.coarser(_SOFT_COARSENESS)
    soft = np.zeros((coarse.height, coarse.width), np.float32)
    forward = spec.view is Projection.LATERAL and spec.window is not Window.CERVICAL
    joints = skeleton3d.arm_joints(spine, forward, rng)
    add_solids(soft, _soft_parts(spec, spine, joints, rng), coarse)
    add_solids(bone, _bones(spec, spine, joints, rng), geometry)
    add_solids(metal, hardware3d.hardware(spec, spine), geometry)
    for grain_px, depth in ((3.0, 0.004), (8.0, 0.008), (24.0, 0.014)):
        soft *= 1 + np.float32(depth) * film_physics.texture(coarse.height, coarse.width, grain_px, rng)
    grain = 0.7 * spec.height / spec.field_mm
    trabeculae = film_physics.texture(geometry.height, geometry.width, max(grain, 0.8), rng)
    bone *= 1 + np.float32(0.09) * trabeculae
    size = (coarse.width * _SOFT_COARSENESS, coarse.height * _SOFT_COARSENESS)
    fine = cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR)[: geometry.height, : geometry.width]
    bone += fine
    return np.asarray(film_physics.harden(np.maximum(bone, 0), hardening) + metal, np.float32)


def _soft_parts(
    spec: PhantomSpec, spine: Spine, joints: list[skeleton3d.Joints], rng: np.random.Generator
) -> list[Solid | LoftedSolid]:
    return [
        *softtissue3d.trunk(spine, spec.girth),
        *softtissue3d.arms(joints, spec.scale),
        *softtissue3d.chest(spine, spec.girth, rng),
        *softtissue3d.airway(spine),
        *softtissue3d.abdomen(spine, spec.girth, rng),
        *softtissue3d.breasts(spine, spec.girth, rng),
    ]


def _bones(spec: PhantomSpec, spine: Spine, joints: list[skeleton3d.Joints], rng: np.random.Generator) -> list[Solid]:
    bone = skeleton3d.Bone.of(spec.bone)
    return [
        *(solid for placed in spine.vertebrae for solid in vertebra(placed, spec)),
        *skeleton3d.ribs(spine, spec.girth, bone, rng),
        *skeleton3d.clavicles(spine, bone, rng),
        *skeleton3d.sacrum(spine, bone, spec.variant.sacralised),
        *skeleton3d.pelvis(spine, bone),
        *skeleton3d.skull(spine, bone, rng),
        *skeleton3d.arms(joints, spec.scale, bone),
    ]
