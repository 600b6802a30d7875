"""What neighbours say of each other: tilts smoothed along a column, and the curve through its bodies."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.interpolate import CubicSpline

from spineyolo.measure.geometry import tilt_deg
from spineyolo.measure.measurement import Array

CHORD_GAIN: Final = 1.14
CHORD_SD_DEG: Final = 4.2
"""A chord between two centres leans so many times the mean tilt of its bodies, give or take: regression over 7040
pairs of true bodies on AASCE's training films, whose standard deviation is 3.6°. Predicted centres are noisy as well:
4.2° had the least SMAPE of six values on 48 validation films, among which 3 to 5° differ by less than one point.
`tools/evaluate_measure.py fit` fits both again, for other weights."""


def smooth_tilts(
    tilts: Array, centres: Array, noise_deg: float, gain: float = CHORD_GAIN, sd_deg: float = CHORD_SD_DEG
) -> Array:
    """Return tilts (deg) that a column of outlines supports together, smoothed along the column.

    Weighted least squares over the tilts t: each outline says t[i], with its noise; each chord between two centres
    says `gain * (t[i] + t[i+1]) / 2`, with a standard deviation of `sd_deg`. Exact outlines so keep their
    own tilts. A prior on how much tilts bend is left out: it flattens the ends of curves, which angles are taken at.

    Args:
        tilts: `(n,)` deg, from outlines.
        centres: `(n, 2)` px, from the top down.
        noise_deg: standard deviation of the tilts.
        gain, sd_deg: how chords lean; infinite `sd_deg` smooths nothing.
    """
    count = len(tilts)
    if count < 2:
        return tilts
    chords = chord_tilts(centres)
    one = np.eye(count)
    between = gain * (one[:-1] + one[1:]) / 2
    spread = np.concatenate([np.full(count, max(noise_deg, 0.05)), np.full(count - 1, sd_deg)])
    design = np.vstack([one, between]) / spread[:, None]
    return np.asarray(np.linalg.lstsq(design, np.concatenate([tilts, chords]) / spread, rcond=None)[0])


def chord_tilts(centres: Array) -> Array:
    """Return the lean `(n - 1,)` deg of each chord between two centres `(n, 2)` px, as a body's tilt on it would be."""
    steps = np.diff(centres, axis=0)
    return np.asarray(np.degrees(np.arctan2(-steps[:, 0], steps[:, 1])))


def smoothed_corners(corners: Array, noise_px: Array, gain: float = CHORD_GAIN, sd_deg: float = CHORD_SD_DEG) -> Array:
    """Return corners `(n, 4, 2)` from the top down, turned to the tilts that the column supports.

    One noise, the column's median, stands for all: on validation films that is nearer the truth than each body's own.

    Args:
        corners: in `Fit`'s order.
        noise_px: `(n,)` standard deviation of each coordinate of a body's corners.
        gain, sd_deg: as in `smooth_tilts`.
    """
    across = corners[:, 1] + corners[:, 2] - corners[:, 0] - corners[:, 3]
    noise_deg = float(np.median(np.degrees(noise_px / (np.linalg.norm(across, axis=1) / 2))))
    return turned(corners, smooth_tilts(tilt_deg(corners), corners.mean(axis=1), noise_deg, gain, sd_deg))


def turned(corners: Array, tilts: Array) -> Array:
    """Return corners `(n, 4, 2)` of bodies turned about their centres until their mid-planes have these tilts."""
    turn = np.radians(tilts - tilt_deg(corners))
    cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
    centres = corners.mean(axis=1, keepdims=True)
    x, y = np.moveaxis(corners - centres, 2, 0)
    return np.asarray(np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=2) + centres)


def spine_curve(centres: Array, samples: int = 200) -> Array:
    """Return the curve `(samples, 2)` px through the bodies' centres: a cubic spline over their distances."""
    if len(centres) < 3:
        return centres
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(centres, axis=0), axis=1))])
    return np.asarray(CubicSpline(lengths, centres, axis=0)(np.linspace(0, lengths[-1], samples)))
