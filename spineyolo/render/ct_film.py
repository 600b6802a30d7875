"""From Hounsfield units to the attenuation of a film's softer beam, and how such a film is exposed and processed."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from spineyolo.render.ct_bodies import largest_part
from spineyolo.render.ct_labels import AIR_HU, CANAL, Scan
from spineyolo.render.film_physics import FilmStyle

WATER_PER_MM: Final = 0.0206
"""Attenuation of water at 60 keV, the middle of a spine film's spectrum, per mm (NIST, Hubbell and Seltzer 1995)."""

BONE_GAIN: Final = (1.4, 2.3)
"""Range of `attenuation`'s gain, for the beams of 55 to 40 keV that spine films are taken with."""

_MARROW_HU: Final = 50.0
"""What exceeds it within a vertebra is mineral."""

_IODINE_HU: Final = (100.0, 450.0)
_IODINE_KEPT: Final = 0.3
"""Elsewhere this range is mostly vessels and kidneys full of iodine, which plain films do not show: pressed down."""

_PATIENT_HU: Final = -400
_TABLE_MM: Final = 3.0  # shells of a table are thinner, and so are the folds by which it touches the patient


def draw_style(px_mm: float, rng: np.random.Generator) -> FilmStyle:
    """Draw exposure and processing of a film with px of `px_mm`: strong on detail, which a CT's voxels blur."""
    marker, marker_x = [("R", 0.05), ("L", 0.88), ("", 0.0)][int(rng.integers(3))]  # the patient's right is on the left
    return FilmStyle(
        hardening=rng.uniform(4.5, 7.0),
        scatter=rng.uniform(0.1, 0.4),
        photons=float(10 ** rng.uniform(4.9, 6.2)),
        blur_px=rng.uniform(0.15, 0.4) / px_mm,
        flatten=rng.uniform(0.6, 0.9),
        flatten_reach=rng.uniform(0.03, 0.05),
        edge=rng.uniform(0.8, 1.8),
        edge_px=rng.uniform(3.0, 7.0) / px_mm,
        gamma=rng.uniform(0.8, 1.4),
        low=rng.uniform(0.5, 3.0),
        high=rng.uniform(99.0, 99.95),
        toe=rng.uniform(0.1, 1.0),
        black=rng.uniform(0.0, 14.0),
        marker=marker,
        marker_at=(marker_x, rng.uniform(0.05, 0.3)),
    )


def attenuation(scan: Scan, bone_gain: float) -> npt.NDArray[np.float32]:
    """Return attenuation per mm of each voxel, mineral weighted by `bone_gain` against CT's Hounsfield units.

    By mass, cortical bone attenuates 1.4 times as much as water at CT's 70 keV, 1.9 at 50 and 2.5 at 40 keV (Hubbell
    and Seltzer 1995); at 1.92 g/ml it exceeds water 1.6, 2.6 and 3.8 times: a gain of 1.6 at 50, of 2.3 at 40 keV.
    """
    top = float(scan.hounsfield.max(initial=_IODINE_HU[1] + 1))
    low, high = _IODINE_HU
    pressed = low + _IODINE_KEPT * (high - low)
    elsewhere = ([AIR_HU, low, high, top], [AIR_HU, low, pressed, pressed + bone_gain * (top - high)])
    vertebra = ([AIR_HU, _MARROW_HU, top], [AIR_HU, _MARROW_HU, _MARROW_HU + bone_gain * (top - _MARROW_HU)])
    weighted = np.interp(scan.hounsfield, *elsewhere)
    labelled = (scan.labels > 0) & (scan.labels < CANAL)
    weighted[labelled] = np.interp(scan.hounsfield[labelled], *vertebra)
    return np.asarray(WATER_PER_MM / 1000 * (weighted - AIR_HU), np.float32)


def without_surroundings(scan: Scan) -> Scan:
    """Return the scan cut to the patient, with air for all else: the largest thing in it, not the table below."""
    coarse = scan.hounsfield[::2, ::2, ::2] > _PATIENT_HU
    spacing = 2 * scan.voxel_mm
    trunk = largest_part(ndimage.distance_transform_edt(coarse, sampling=spacing) > _TABLE_MM)
    trunk = ndimage.distance_transform_edt(~trunk, sampling=spacing) <= _TABLE_MM + spacing
    filled = np.stack([ndimage.binary_fill_holes(trunk[:, :, z]) for z in range(trunk.shape[2])], axis=2)
    x, y, z = scan.labels.shape
    patient = filled.repeat(2, 0).repeat(2, 1).repeat(2, 2)[:x, :y, :z]
    patient |= scan.labels > 0
    box = ndimage.find_objects(patient.astype(np.uint8))[0]
    alone = np.where(patient, scan.hounsfield, np.float32(AIR_HU))
    return replace(scan, hounsfield=alone[box], labels=scan.labels[box])
