"""Measures on rendered phantoms, whose findings are drawn and so known, from their true masks or a detector's.

Phantoms' outlines leave osteophytes out, so spurs are not among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import shapely

from spineyolo.anatomy import neighbours_of
from spineyolo.detect import Detector
from spineyolo.film import Vertebra
from spineyolo.measure import cobb, disc, endplate, listhesis, vertebra
from spineyolo.measure.column import EXACT, PREDICTED, Column, Grey, column_of
from spineyolo.measure.measurement import Array, Measurement
from spineyolo.numbering import number
from spineyolo.polygons import bounding_box, mask_from_polygon, outer_polygon
from spineyolo.render.phantom import RenderedFilm, render
from spineyolo.render.sampling import sample
from spineyolo.render.spec import FractureKind, PhantomSpec, Projection, Side, Window
from spineyolo.render.truth import VIEW_OF

WINDOWS: Final = (Window.CERVICAL, Window.LUMBAR, Window.THORACOLUMBAR)
AP_WINDOWS: Final = (Window.THORACOLUMBAR, Window.WHOLE)

MIN_OVERLAP: Final = 0.5
"""A predicted outline is a body's if intersection over union with its mask is at least this: COCO's first threshold."""


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


def run(seeds: Sequence[int], detector: Detector | None = None) -> pd.DataFrame:
    """Return a row for each measurement on phantoms: measure, true, measured, called.

    Each seed gives a lateral film with degeneration and an AP film, which is asked for its Cobb angle only. A row
    `body` stands for each body that is whole on a lateral film, and has no value where it was not found.

    Args:
        seeds: of the phantoms.
        detector: finds the outlines; None to take the true masks.
    """
    rows: list[Drawn] = []
    for seed in seeds:
        spec, style = sample(seed, Projection.LATERAL, WINDOWS[seed % len(WINDOWS)], True)
        rows.extend(_compare(spec, render(spec, style), detector))
        spec, style = sample(seed, Projection.AP, AP_WINDOWS[seed % len(AP_WINDOWS)], False)
        rows.extend(_cobb(*_columns(spec, render(spec, style), detector)))
    return pd.DataFrame([vars(row) for row in rows], columns=list(Drawn.__annotations__))


def _columns(spec: PhantomSpec, film: RenderedFilm, detector: Detector | None) -> tuple[Column, Column]:
    """Return the column of a film's outlines, and that of its true corners."""
    size, view = (spec.width, spec.height), VIEW_OF[spec.view]
    named = {str(item.level): item for item in film.vertebrae if item.level is not None}
    true_rings = {level: np.asarray(v.corners, np.float64) for level, v in named.items() if v.corners is not None}
    if detector is None:
        outlines, quality = {level: outline_on_film(item, spec) for level, item in named.items()}, EXACT
    else:
        outlines, quality = found_outlines(detector, film.grey, named), PREDICTED
    column = column_of(outlines, size, quality, view, not spec.faces_left, film.grey)
    return column, column_of(true_rings, size, EXACT, view, not spec.faces_left)


def found_outlines(detector: Detector, grey: Grey, named: Mapping[str, Vertebra]) -> dict[str, Array]:
    """Return true level to the predicted outline `(n, 2)` px that covers it, whatever level the film's chain gave it.

    Args:
        detector: what finds the outlines; those that its numbering sets aside are left out.
        grey: the film `(height, width)`.
        named: true level to its vertebra.
    """
    detections = detector.detect(grey)
    levels = number(detections.boxes, detections.level_scores, grey.shape[0]).levels
    kept = [
        np.asarray(polygon, np.float64)
        for polygon, level in zip(detections.polygons, levels, strict=True)
        if level is not None
    ]
    shapes = [shapely.make_valid(shapely.Polygon(polygon)) for polygon in kept]
    found = {}
    for level, vertebra_ in named.items():
        true = shapely.make_valid(shapely.Polygon(vertebra_.polygon))
        overlaps = [shape.intersection(true).area / shape.union(true).area for shape in shapes]
        if overlaps and max(overlaps) >= MIN_OVERLAP:
            found[level] = kept[int(np.argmax(overlaps))]
    return found


def _compare(spec: PhantomSpec, film: RenderedFilm, detector: Detector | None) -> Iterator[Drawn]:
    column, true = _columns(spec, film, detector)
    for body in true.bodies:
        yield Drawn("body", 1.0, np.nan if column.get(body.level) is None else 1.0, False)
    yield from _by_corners(column, true)
    yield from _slips(column, spec)
    yield from _losses(column, true, spec)
    yield from _sclerosis(column, spec, film)


def _cobb(column: Column, true: Column) -> Iterator[Drawn]:
    """Compare the largest angle of an AP film with that of its true corners."""
    measured, wanted = cobb.curves(column)[0], cobb.curves(true)[0]
    if wanted.value is not None:
        yield Drawn("cobb_main", wanted.value, _value(measured), _value(measured) >= 10)


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
