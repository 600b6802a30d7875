"""From attenuation to a film: scatter, blur, quantum noise, the detector's processing, its marks and its edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from spineyolo.render.projection import Layer

Grey = npt.NDArray[np.uint8]

_COARSE: Final = 8
_TILE: Final = 512


@dataclass(frozen=True)
class FilmStyle:
    """How a film was exposed and processed.

    Attributes:
        hardening: greatest attenuation, see `harden`.
        scatter: scattered photons a primary one behind the grid (Boone and Seibert, Med Phys 1988;15:713-720).
        photons: a px in the open beam.
        blur_px: standard deviation of focal spot and detector blur.
        flatten: share of large-scale contrast that the processing takes out, 0 to 1; flatten_reach: what is large,
            as a share of the film's longer side.
        edge: gain of detail on a scale of `edge_px`.
        gamma: exponent of the tone curve; above 1 is darker.
        low, high: percentiles of the patient's attenuation shown black and white.
        toe: steepness of the tone curve's shoulders, 0 for a straight line.
        black: grey of the open beam.
        collimation_px: unexposed border at left, top, right, bottom; its grey is `border`.
        lines_px: distance of the grid's lines that some whole-spine cassettes show; 0 for none.
        seams: rows where exposures were stitched, as shares of the height, and the step in brightness there.
        marker: side marker's letter, or none; marker_at: its x and y as shares.
    """

    hardening: float = 4.0
    scatter: float = 0.25
    photons: float = 2.0e5
    blur_px: float = 0.8
    flatten: float = 0.55
    flatten_reach: float = 0.05
    edge: float = 0.6
    edge_px: float = 5.0
    gamma: float = 1.0
    low: float = 1.0
    high: float = 99.7
    toe: float = 1.0
    black: float = 4.0
    collimation_px: tuple[int, int, int, int] = (0, 0, 0, 0)
    border: float = 0.0
    lines_px: float = 0.0
    seams: tuple[tuple[float, float], ...] = ()
    marker: str = ""
    marker_at: tuple[float, float] = (0.85, 0.08)


def texture(height: int, width: int, grain_px: float, rng: np.random.Generator) -> Layer:
    """Return noise `(height, width)` of mean 0 and deviation 1 with grains of this size, a repeated tile."""
    tile = rng.standard_normal((_TILE, _TILE), np.float32)
    padded = cv2.GaussianBlur(np.pad(tile, 32, mode="wrap"), (0, 0), grain_px)[32:-32, 32:-32]
    padded = padded / padded.std()
    rows, columns = (np.arange(size) + int(rng.integers(_TILE)) for size in (height, width))
    return np.asarray(padded[np.ix_(rows % _TILE, columns % _TILE)])


def harden(attenuation: Layer, limit: float) -> Layer:
    """Return an attenuation as a hardened beam leaves it: what lies behind thick parts counts less and less.

    Args:
        attenuation: of a beam of one energy, `(height, width)`.
        limit: what no thickness exceeds.
    """
    return np.asarray(np.float32(limit) * -np.expm1(attenuation * np.float32(-1 / limit)))


def expose(attenuation: Layer, style: FilmStyle, rng: np.random.Generator) -> Layer:
    """Return what the detector reads, as the logarithm of open beam over signal, `(height, width)`."""
    height, width = attenuation.shape
    primary = np.exp(-cv2.GaussianBlur(attenuation, (0, 0), style.blur_px))
    small = cv2.resize(primary, (-(-width // _COARSE), -(-height // _COARSE)), interpolation=cv2.INTER_AREA)
    spread = cv2.GaussianBlur(small, (0, 0), max(small.shape) * 0.05)
    scattered = cv2.resize(np.asarray(spread, np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    signal = primary + np.float32(style.scatter) * scattered
    signal *= np.float32(1 / (1 + style.scatter))
    # Poisson's noise of many photons is normal; the blur of the scintillator leaves it correlated.
    noise = cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), 0.6) * np.float32(1.9)
    noise *= np.sqrt(signal / np.float32(style.photons))
    signal += noise
    np.maximum(signal, np.float32(1e-5), out=signal)
    return np.asarray(-np.log(signal))


def develop(reading: Layer, style: FilmStyle) -> Grey:
    """Return the grey film of a detector reading: detail and contrast processed, tone curve, marks, borders."""
    height, width = reading.shape
    small = cv2.resize(reading, (-(-width // _COARSE), -(-height // _COARSE)), interpolation=cv2.INTER_AREA)
    patient = (small > 0.22 * np.percentile(small, 90)).astype(np.float32)
    reach = max(small.shape) * style.flatten_reach
    weight = cv2.GaussianBlur(patient, (0, 0), reach)
    broad = cv2.GaussianBlur(small * patient, (0, 0), reach) / np.maximum(weight, np.float32(1e-3))
    lift = np.float32(style.flatten) * (broad - np.median(small[patient > 0])) * np.minimum(2 * weight, 1)
    inside = (small - lift)[patient > 0]
    dark, bright = np.percentile(inside, (style.low, style.high))
    processed = reading + np.float32(style.edge) * (reading - cv2.GaussianBlur(reading, (0, 0), style.edge_px))
    processed -= cv2.resize(lift.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    share = np.clip((processed - np.float32(dark)) / np.float32(bright - dark), 0, 1.04)
    grey = style.black + (np.float32(245) - style.black) * _tone(share, style)
    for row, step in style.seams:
        _stitch(grey, int(row * height), step)
    _rule(grey, style.lines_px)
    _mark(grey, style)
    _collimate(grey, style)
    return np.asarray(np.clip(np.round(grey), 0, 255), np.uint8)


def _tone(share: Layer, style: FilmStyle) -> Layer:
    bent = share ** np.float32(style.gamma)
    if style.toe:
        steep = np.float32(style.toe)
        bent = (np.tanh(steep * (2 * bent - 1)) / np.tanh(steep) + 1) / 2
    return np.asarray(bent, np.float32)


def _stitch(grey: Layer, row: int, step: float) -> None:
    grey[row:] *= np.float32(1 + step)
    grey[row : row + 2] = np.maximum(grey[row : row + 2], 90) if step > 0 else grey[row : row + 2] * 0.6


def _rule(grey: Layer, distance: float) -> None:
    if not distance:
        return
    height, width = grey.shape
    for row in np.arange(0.6 * distance, height, distance).astype(int):
        grey[row : row + 2] += 38
    for column in np.arange(0.35 * distance, width, distance).astype(int):
        grey[:, column : column + 2] += 38


def _mark(grey: Layer, style: FilmStyle) -> None:
    if style.marker:
        height, width = grey.shape
        size = width / 420
        at = int(style.marker_at[0] * width), int(style.marker_at[1] * height)
        letter = np.zeros((height, width), np.uint8)
        cv2.putText(letter, style.marker, at, cv2.FONT_HERSHEY_SIMPLEX, size, 235, max(2, int(3.2 * size)), cv2.LINE_AA)
        np.maximum(grey, letter, out=grey)


def _collimate(grey: Layer, style: FilmStyle) -> None:
    left, top, right, bottom = style.collimation_px
    height, width = grey.shape
    mask = np.zeros_like(grey)
    mask[top : height - bottom, left : width - right] = 1
    if any(style.collimation_px):
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 2.0), np.float32)
    grey *= mask
    grey += style.border * (1 - mask)
