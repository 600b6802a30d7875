"""Sclerosis index: how much brighter the bone under an endplate is than the body's core.

Grey values depend on exposure and processing, so the index is a ratio of differences: it stays the same under any
linear change of grey (gain and offset, a window), and is void under others, which `void` names as far as they show.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from spineyolo.anatomy import neighbours_of
from spineyolo.measure.column import Body, Column, Grey
from spineyolo.measure.measurement import COVERAGE, Array, Measurement, not_measurable, segment

BAND: Final = (0.05, 0.2)
"""The band under an endplate, as shares of the body's height: from inside the cortical line to a fifth."""

CORE: Final = (0.35, 0.65)
ACROSS: Final = (0.2, 0.8)
"""Shares of the endplate's length that are looked at: the walls and the corners' spurs are left out."""

CLIPPED_SHARE: Final = 0.02
"""More pixels of a body at 0 or 255 mean that the film's processing cut grey values off there."""

FLOOR: Final = 2.0
"""95 % of 297 endplates of phantoms without sclerosis have less (seeds 1000 to 1023); nothing is called under it."""

MIN_BAND_PX: Final = 3.0
_NAMES: Final = ("sclerosis_superior", "sclerosis_inferior")
_CORRELATION_PX2: Final = 9.0  # grain and blur make some 3 x 3 px one sample


def void(grey: Grey | None, notes: tuple[str, ...]) -> str:
    """Return why a film's grey values cannot be compared; empty if they can.

    Args:
        grey: `(height, width)`; None if there is no film.
        notes: what the loader says it did, `imaging.Radiograph.notes`.
    """
    if grey is None:
        return "no film to read grey values from"
    if any("windowed as the DICOM file says" in note for note in notes):
        return "the DICOM file's own window may bend or cut grey values"
    if len(np.unique(grey[::4, ::4])) < 32:
        return "the film has too few grey values"
    return ""


def measure(column: Column, grey: Grey | None, notes: tuple[str, ...] = ()) -> list[Measurement]:
    """Return the index of both endplates of every body, against the same endplates next door.

    `(band - core) / spread`: medians of the band under the endplate and of the core, over the column's typical spread
    of grey inside a body's core (tenth to ninetieth percentile, median over bodies); the value is that less the mean
    of the neighbours' at the same endplate, so that what endplates normally have falls out.
    """
    reason = void(grey, notes)
    if reason or grey is None:
        return [not_measurable(name, (), "ratio", reason) for name in _NAMES]
    usable = [body for body in column.bodies if not body.void]
    spreads = [spread for body in usable if (spread := _spread(body, grey)) > 0]
    spread = float(np.median(spreads)) if spreads else 0.0
    raw = {(body.level, name): _contrast(body, name, grey, spread) for body in column.bodies for name in _NAMES}
    return [_relative(body, name, raw) for body in column.bodies for name in _NAMES]


def _patch(body: Body, name: str, depth: tuple[float, float], grey: Grey) -> npt.NDArray[np.float64]:
    """Return grey values of a grid of points, one a px, between two depths under an endplate."""
    corners = body.corners if name == _NAMES[0] else body.corners[[3, 2, 1, 0]]
    width = int(np.linalg.norm(corners[1] - corners[0]) * (ACROSS[1] - ACROSS[0]))
    height = int(body.height_px * (depth[1] - depth[0]))
    u, v = np.meshgrid(np.linspace(*ACROSS, max(width, 2)), np.linspace(*depth, max(height, 2)))
    points = _bilinear(corners, u, v)
    columns = np.clip(points[..., 0].astype(int), 0, grey.shape[1] - 1)
    rows = np.clip(points[..., 1].astype(int), 0, grey.shape[0] - 1)
    return np.asarray(grey[rows, columns], np.float64)


def _bilinear(corners: Array, u: Array, v: Array) -> Array:
    top = corners[0] + u[..., None] * (corners[1] - corners[0])
    bottom = corners[3] + u[..., None] * (corners[2] - corners[3])
    return np.asarray(top + v[..., None] * (bottom - top))


def _spread(body: Body, grey: Grey) -> float:
    low, high = np.percentile(_patch(body, _NAMES[0], CORE, grey), (10, 90))
    return float(high - low)


def _contrast(body: Body, name: str, grey: Grey, spread: float) -> tuple[float, float] | str:
    """Return the index before it is compared and its standard error, or why there is none."""
    if body.void:
        return body.void
    if body.height_px * (BAND[1] - BAND[0]) < MIN_BAND_PX:
        return f"the band is under {MIN_BAND_PX:.0f} px thick"
    band, core = _patch(body, name, BAND, grey), _patch(body, name, CORE, grey)
    both = np.concatenate([band.ravel(), core.ravel()])
    if np.mean((both == 0) | (both == 255)) > CLIPPED_SHARE:
        return "grey values are cut off at black or white there"
    if spread <= 0:
        return "bodies have no grey values to compare"
    variance = sum(part.var() / max(part.size / _CORRELATION_PX2, 1.0) for part in (band, core))
    return float(np.median(band) - np.median(core)) / spread, 1.25 * float(np.sqrt(variance)) / spread


def _relative(body: Body, name: str, raw: dict[tuple[str, str], tuple[float, float] | str]) -> Measurement:
    levels = (body.level,)
    own = raw[body.level, name]
    around = {level: raw.get((level, name)) for level in neighbours_of(body.level) if level}
    known = {level: other for level, other in around.items() if isinstance(other, tuple)}
    if isinstance(own, str) or not known:
        return not_measurable(name, levels, "ratio", own if isinstance(own, str) else "neither neighbour has an index")
    value = own[0] - float(np.mean([other[0] for other in known.values()]))
    error = COVERAGE * float(np.hypot(own[1], np.sqrt(sum(other[1] ** 2 for other in known.values())) / len(known)))
    upper, lower = (0, 1) if name == _NAMES[0] else (3, 2)
    line = segment(body.corners[upper], body.corners[lower])
    denser = "denser than" if value >= max(FLOOR, error) else f"under the floor of {max(FLOOR, error):.1f}, against"
    label = f"{denser} {' and '.join(known)}"
    return Measurement(name, levels, value, "ratio", error, label=label, segments=(line,))
