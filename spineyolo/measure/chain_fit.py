"""Fit of `chain.CHORD_GAIN`, `chain.CHORD_SD_DEG` and `column.PREDICTED.corner_noise` to the outlines of a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from spineyolo.errors import BadInputError
from spineyolo.measure import aasce_truth, agreement, cobb
from spineyolo.measure.chain import CHORD_GAIN, CHORD_SD_DEG, chord_tilts, smoothed_corners
from spineyolo.measure.column import PREDICTED, Column
from spineyolo.measure.geometry import tilt_deg
from spineyolo.measure.measurement import Array

GAINS: Final = (0.94, 1.0, 1.04, 1.08, 1.12, 1.16, 1.2, 1.26, 1.34)
SDS_DEG: Final = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 8.0, 12.0, np.inf)
"""The last smooths nothing."""


@dataclass(frozen=True, eq=False)
class Search:
    """SMAPE of the three angles over a grid of gains and standard deviations.

    Attributes:
        noise: a corner coordinate's standard deviation as a share of body height, measured on these films.
        gains, sds_deg: the grid.
        errors: SMAPE of each film, %, `(gains, sds, films)`.
        present: the same with the present gain and standard deviation, `(films,)`.
        chords: of the true bodies: gain, standard deviation in deg, and pairs.
    """

    noise: float
    gains: tuple[float, ...]
    sds_deg: tuple[float, ...]
    errors: Array
    present: Array
    chords: tuple[float, float, int]

    @property
    def grid(self) -> Array:
        """SMAPE `(gains, sds)`, %."""
        return np.asarray(self.errors.mean(axis=2))

    @property
    def best(self) -> tuple[int, int]:
        """The grid point with the least SMAPE."""
        gain, sd = np.unravel_index(int(self.grid.argmin()), self.grid.shape)
        return int(gain), int(sd)


def chord_regression(columns: list[Array]) -> tuple[float, float, int]:
    """Return how many times the mean tilt of its bodies a chord leans, the rest's standard deviation (deg), and pairs.

    Least squares through the origin, over films whose bodies are labelled in order down the spine.

    Args:
        columns: corners `(n, 4, 2)` px of each film from the top down.
    """
    ordered = [corners for corners in columns if (np.diff(corners[:, :, 1].mean(axis=1)) > 0).all()]
    tilts = [tilt_deg(corners) for corners in ordered]
    means = np.concatenate([(tilt[:-1] + tilt[1:]) / 2 for tilt in tilts])
    chords = np.concatenate([chord_tilts(corners.mean(axis=1)) for corners in ordered])
    gain = float(means @ chords / (means @ means))
    return gain, float(np.std(chords - gain * means)), len(means)


def search(predictions: Path, truth: Path, prefix: str) -> Search:
    """Return the SMAPE over the grid, against the angles of the true corners.

    The corner noise is measured first and taken for the outlines' own: smoothing depends on it as much as on chords.

    Args:
        predictions: `predictions.json` of `tools/predict.py` on the films of `truth`.
        truth: COCO document of a split whose outlines are AASCE's four corners.
        prefix: of the names of AASCE's films.

    Raises:
        BadInputError: if a file is none of these, no film is in both, or they are test films, which nothing may be
            fitted to.
    """
    if truth.stem == "test":
        raise BadInputError(truth, "validation or training films", "test films, which nothing may be fitted to")
    found = {key: of for key, of in aasce_truth.predicted_columns(predictions).items() if key.startswith(prefix)}
    true = {key: of for key, of in aasce_truth.true_corners(truth, found).items() if len(of) > 1}
    if not true:
        raise BadInputError(predictions, f"films of {truth} whose names start with {prefix}", "none")
    columns = [found[name] for name in true]
    angles = np.array([cobb.aasce_angles(corners, found[name][1]) for name, corners in true.items()])
    noise = aasce_truth.corner_noise(found, true)["coordinate sd"]
    errors = [
        [_smapes([_angles(*column, noise, gain, sd) for column in columns], angles) for sd in SDS_DEG] for gain in GAINS
    ]
    present = _smapes([_angles(*column, noise, CHORD_GAIN, CHORD_SD_DEG) for column in columns], angles)
    return Search(noise, GAINS, SDS_DEG, np.array(errors), present, chord_regression(list(true.values())))


def _angles(column: Column, film_height: int, noise: float, gain: float, sd_deg: float) -> Array:
    """Return the three angles, deg, with corners whose noise is this share of body height."""
    if len(column.bodies) < 2:
        return np.zeros(3)
    corners = np.stack([body.corners for body in column.bodies])
    noise_px = noise * np.array([body.height_px for body in column.bodies])
    return cobb.aasce_angles(smoothed_corners(corners, noise_px, gain, sd_deg), film_height)


def _smapes(measured: list[Array], true: Array) -> Array:
    """Return each film's own SMAPE `(films,)`, %."""
    return np.array([agreement.smape(ours[None], theirs[None]) for ours, theirs in zip(measured, true, strict=True)])


def section(found: Search, split: str) -> str:
    """Return the section of `benchmarks/measure.md` on the fit."""
    gain, sd = found.best
    lines = [f"## AASCE: fit of the smoothing along the column, {split}", ""]
    lines += [f"SMAPE (%) of the three angles on {len(found.present)} films, by gain (rows) and standard deviation of",
              "chords in degrees (columns); the last column smooths nothing.", ""]  # fmt: skip
    lines += ["| gain | " + " | ".join("none" if np.isinf(value) else f"{value:g}" for value in found.sds_deg) + " |"]
    lines += ["|---|" + "---|" * len(found.sds_deg)]
    for name, row in zip(found.gains, found.grid, strict=True):
        lines.append(f"| {name:g} | " + " | ".join(f"{value:.2f}" for value in row) + " |")
    low, high = np.percentile(_resampled(found.errors[gain, sd] - found.present), (2.5, 97.5))
    lines += [
        "",
        "| constants | gain | sd, deg | SMAPE, % |",
        "|---|---|---|---|",
        f"| present | {CHORD_GAIN:g} | {CHORD_SD_DEG:g} | {found.present.mean():.2f} |",
        f"| best | {found.gains[gain]:g} | {found.sds_deg[sd]:g} | {found.grid[gain, sd]:.2f} |",
        "",
        f"Best less present: {found.grid[gain, sd] - found.present.mean():+.2f} points ({low:+.2f} to {high:+.2f}). "
        "The best of a grid looks better than it is: `chain.CHORD_GAIN` and `chain.CHORD_SD_DEG` change only if that "
        "whole interval lies under 0.",
        "",
        f"All with the corner noise of these films, {found.noise:.3f} of body height, which "
        f"`column.PREDICTED.corner_noise` ({PREDICTED.corner_noise:g} in this run) should hold.",
        "",
        f"Of the true bodies a chord leans {found.chords[0]:.2f} times the mean tilt, give or take "
        f"{found.chords[1]:.1f}° ({found.chords[2]} pairs).",
    ]
    return "\n".join(lines) + "\n"


def _resampled(differences: Array) -> Array:
    """Return the mean `(2000,)` of films drawn with replacement."""
    rows = np.random.default_rng(0).integers(0, len(differences), (2000, len(differences)))
    return np.asarray(differences[rows].mean(axis=1))
