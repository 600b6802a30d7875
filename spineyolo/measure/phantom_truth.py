"""Measures on rendered phantoms, whose findings are drawn and so known, from their true masks.

Phantoms' outlines leave osteophytes out, so spurs are not among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from spineyolo.anatomy import neighbours_of
from spineyolo.film import Vertebra
from spineyolo.measure import disc, endplate, listhesis, vertebra
from spineyolo.measure.column import EXACT, Column, column_of
from spineyolo.measure.measurement import Array, Measurement
from spineyolo.polygons import bounding_box, mask_from_polygon, outer_polygon
from spineyolo.render.phantom import RenderedFilm, render
from spineyolo.render.sampling import sample
from spineyolo.render.spec import FractureKind, PhantomSpec, Projection, Side, Window
from spineyolo.render.truth import VIEW_OF

WINDOWS: Final = (Window.CERVICAL, Window.LUMBAR, Window.THORACOLUMBAR)


@dataclass(frozen=True)
class Drawn:
    """One measurement beside the truth.

    Attributes:
        measure: its name.
        true, measured: in the measure's unit; `measured` is NaN where there is no value.
        called: whether the measure would have pointed at it, by its own floor or band.
    """

    measure: str
    true: float
    measured: float
    called: bool


def run(seeds: Sequence[int]) -> pd.DataFrame:
    """Return a row for each measurement on lateral phantoms with degeneration: measure, true, measured, called."""
    rows: list[Drawn] = []
    for seed in seeds:
        spec, style = sample(seed, Projection.LATERAL, WINDOWS[seed % len(WINDOWS)], True)
        rows.extend(_compare(spec, render(spec, style)))
    return pd.DataFrame([vars(row) for row in rows], columns=list(Drawn.__annotations__))


def _compare(spec: PhantomSpec, film: RenderedFilm) -> Iterator[Drawn]:
    whole = [item for item in film.vertebrae if item.level is not None and item.corners is not None]
    outlines = {str(item.level): outline_on_film(item, spec) for item in film.vertebrae if item.level is not None}
    true_rings = {str(item.level): np.asarray(item.corners, np.float64) for item in whole}
    size, view = (spec.width, spec.height), VIEW_OF[spec.view]
    column = column_of(outlines, size, EXACT, view, not spec.faces_left, film.grey)
    true = column_of(true_rings, size, EXACT, view, not spec.faces_left)
    yield from _by_corners(column, true)
    yield from _slips(column, spec)
    yield from _losses(column, true, spec)
    yield from _sclerosis(column, spec, film)


def outline_on_film(item: Vertebra, spec: PhantomSpec) -> Array:
    """Return a vertebra's outline `(n, 2)` px as its mask on the film gives it."""
    x0, y0, _, _ = (int(value) - 2 for value in bounding_box(item.polygon))
    x1, y1 = (int(value) + 3 for value in bounding_box(item.polygon)[2:])
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, spec.width), min(y1, spec.height)
    origin = np.array([x0, y0], np.float32)
    mask = mask_from_polygon(item.polygon - origin, y1 - y0, x1 - x0)
    return np.asarray(outer_polygon(mask) + origin, np.float64)


def _by_corners(column: Column, true: Column) -> Iterator[Drawn]:
    """Compare what is computed from corners with the same from the true corners."""
    names = {"disc_height_middle", "disc_farfan_index", "disc_wedge", "disc_against_neighbours"}
    ratios = {"anterior_to_posterior", "posterior_to_neighbours"}
    for measured, truth in (
        (disc.measure(column), disc.measure(true)),
        (vertebra.measure(column), vertebra.measure(true)),
    ):
        known = {(m.name, m.where): m for m in truth if m.value is not None and m.name in names | ratios}
        for m in measured:
            same = known.get((m.name, m.where))
            if same is not None and (m.value is None or m.label == same.label):  # else other neighbours were compared
                yield Drawn(m.name, _value(same), _value(m), False)


def _value(measurement: Measurement) -> float:
    return np.nan if measurement.value is None else measurement.value


def _slips(column: Column, spec: PhantomSpec) -> Iterator[Drawn]:
    """Compare slips with drawn ones; where none is drawn the truth is the column's own step, and none may be called."""
    drawn = {slip.level: slip.percent * (1 if slip.direction is Side.ANTERIOR else -1) for slip in spec.slips}
    for m in listhesis.measure(column):
        if m.value is not None:
            called = m.label.startswith(("forward", "backward"))
            yield Drawn("slip", drawn.get(m.levels[0], 0.0), m.value, called)


def _losses(column: Column, true: Column, spec: PhantomSpec) -> Iterator[Drawn]:
    """Compare the height lost by fractures and by discs with what was drawn, where the neighbours are sound."""
    fractures = {fracture.level: fracture for fracture in spec.fractures}
    for m in vertebra.measure(column):
        fracture = fractures.get(m.levels[0] if m.levels else "")
        wanted = "anterior_to_posterior"
        if fracture is not None and fracture.kind is FractureKind.BICONCAVE:
            wanted = "middle_to_posterior"
        if fracture is not None and m.name == wanted and m.value is not None:
            yield Drawn(f"{fracture.kind} fracture", 100 * fracture.share, 100 - m.value, 100 - m.value >= 20)
    worn = {loss.level: loss for loss in spec.discs}
    for m in disc.measure(column):
        if m.name != "disc_against_neighbours" or m.value is None:
            continue
        upper = m.levels[0]
        loss = worn.get(upper)
        if (loss is None or loss.side is None) and not any(level in worn for level in neighbours_of(upper)):
            share = 0.0 if loss is None else 100 * loss.share
            yield Drawn("disc height loss", share, 100 - m.value, 100 - m.value >= 100 / 3)


def _sclerosis(column: Column, spec: PhantomSpec, film: RenderedFilm) -> Iterator[Drawn]:
    """Compare the sclerosis index with the drawn density times thickness, mm, and sound endplates with nothing."""
    drawn = {(band.level, band.upper): band.contrast * band.band_mm for band in spec.scleroses}
    levels = {level for level, _ in drawn}
    for m in endplate.measure(column, film.grey):
        if m.value is None or any(level in levels for level in neighbours_of(m.levels[0])):
            continue
        upper = m.name == "sclerosis_superior"
        yield Drawn("sclerosis", drawn.get((m.levels[0], upper), 0.0), m.value, m.label.startswith("denser"))
