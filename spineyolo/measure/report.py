"""Everything that is measured on a film: as tables, as JSON, and as text for pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from spineyolo.anatomy import View
from spineyolo.files import write_atomic
from spineyolo.imaging import Radiograph
from spineyolo.measure import cobb, disc, endplate, listhesis, osteophyte, vertebra
from spineyolo.measure.column import PREDICTED, Column, Grey, OutlineQuality, column_of
from spineyolo.measure.definitions import DEFINITIONS
from spineyolo.measure.measurement import Measurement, in_mm
from spineyolo.prediction import Prediction

NOTICE: Final = "Research use only. Measurements of outlines, not findings: no diagnosis may rest on them."
_COLUMNS: Final = ("film", "measure", "where", "value", "unit", "error", "label", "reason")


@dataclass(frozen=True, eq=False)
class FilmReport:
    """All measurements of one film.

    Attributes:
        path: the film.
        column: what they were taken on.
        measurements: with and without a value.
        notes: what a reader should know first.
    """

    path: Path
    column: Column
    measurements: tuple[Measurement, ...]
    notes: tuple[str, ...]


def measure_column(
    column: Column, quality: OutlineQuality, grey: Grey | None, notes: tuple[str, ...] = ()
) -> tuple[Measurement, ...]:
    """Return every measurement of a column; lengths in mm where the film states its pixel spacing.

    Args:
        column: the bodies.
        quality: what their outlines can be trusted with.
        grey: the film `(height, width)`, or None.
        notes: `imaging.Radiograph.notes`.
    """
    found = [
        *cobb.curves(column),
        *cobb.sagittal(column),
        *disc.measure(column),
        *listhesis.measure(column),
        *vertebra.measure(column),
        *endplate.measure(column, grey, notes),
        *osteophyte.measure(column, quality),
    ]
    return tuple(in_mm(measurement, column.mm_per_px) for measurement in found)


def measure_prediction(
    prediction: Prediction,
    radiograph: Radiograph,
    view: View | None = None,
    anterior_right: bool | None = None,
    quality: OutlineQuality = PREDICTED,
) -> FilmReport:
    """Return all measurements of a predicted film.

    Args:
        prediction: its numbered outlines.
        radiograph: its pixels.
        view: None to go by what the file states, or else by the column and the film.
        anterior_right: None to tell it from the column.
        quality: what the outlines can be trusted with.
    """
    named = zip(prediction.numbering.levels, prediction.detections.polygons, strict=True)
    outlines = {level: polygon for level, polygon in named if level is not None}
    spacing, square = radiograph.pixel_spacing_mm, True
    if spacing is not None:
        square = abs(spacing[0] / spacing[1] - 1) < 0.01
    mm_per_px = float(np.mean(spacing)) if spacing is not None and square else None
    size = (prediction.width, prediction.height)
    stated = view or radiograph.view
    column = column_of(outlines, size, quality, stated, anterior_right, radiograph.grey, mm_per_px)
    measurements = measure_column(column, quality, radiograph.grey, radiograph.notes)
    return FilmReport(prediction.path, column, measurements, _notes(prediction, column, stated, square))


def _notes(prediction: Prediction, column: Column, stated: View | None, square: bool) -> tuple[str, ...]:
    notes = [NOTICE]
    if not prediction.numbering.is_sure():
        notes.append("The numbering is uncertain: every level may be off by one or more.")
    if column.view is None:
        notes.append("The view is not plain from the bodies and the film's symmetry; state it with --view.")
    else:
        notes.append(f"View: {column.view}, {'as stated' if stated else 'told from the bodies and the film'}.")
    if column.view is View.LATERAL and column.anterior_right is not None:
        notes.append(f"Anterior is taken to be at the image's {'right' if column.anterior_right else 'left'}.")
    if not square:
        notes.append("Pixels are not square: no millimetres.")
    elif column.mm_per_px is None:
        notes.append("The film states no pixel spacing: lengths are in px.")
    else:
        notes.append(
            "Millimetres are those at the detector or as calibrated by the film's maker, magnification in them."
        )
    return tuple(notes)


def table(reports: Sequence[FilmReport]) -> pd.DataFrame:
    """Return a row for each measurement of each film."""
    rows = [
        (report.path.name, m.name, m.where, m.value, m.unit, m.error, m.label, m.reason)
        for report in reports
        for m in report.measurements
    ]
    return pd.DataFrame(rows, columns=list(_COLUMNS)).round(3)


def write_tables(reports: Sequence[FilmReport], folder: Path) -> None:
    """Write `measurements.csv` and `measurements.json`, each whole or not at all."""
    write_atomic(folder / "measurements.csv", table(reports).to_csv(index=False).encode())
    films: list[dict[str, Any]] = [
        {
            "film": report.path.name,
            "view": report.column.view,
            "notes": list(report.notes),
            "bodies": [
                {"level": body.level, "corners_px": np.round(body.corners, 1).tolist(), "void": body.void}
                for body in report.column.bodies
            ],
            "measurements": [measurement.as_record() for measurement in report.measurements],
        }
        for report in reports
    ]
    write_atomic(folder / "measurements.json", json.dumps({"films": films}, indent=1, allow_nan=False).encode())


def row(m: Measurement) -> tuple[str, ...]:
    """Return a measure that has a value as text: what, where, value, error, unit, in words."""
    error = "" if m.error is None else f"{m.error:.{_digits(m)}f}"
    return DEFINITIONS[m.name].title + _which(m.name), m.where, f"{m.value:.{_digits(m)}f}", error, m.unit, m.label


def _digits(m: Measurement) -> int:
    return 2 if m.unit == "ratio" else 1


def _which(name: str) -> str:
    """Return what parts measures that share a definition: the last word of their names."""
    shared = sum(definition is DEFINITIONS[name] for definition in DEFINITIONS.values()) > 1
    return f", {name.rsplit('_', 1)[-1]}" if shared else ""


def void_rows(void: Sequence[Measurement]) -> list[tuple[str, ...]]:
    """Return measures that lack a value, those with one place and reason together."""
    by_cause: dict[tuple[str, str], list[str]] = {}
    for m in void:
        by_cause.setdefault((m.where, m.reason), []).append(DEFINITIONS[m.name].title + _which(m.name))
    return [("; ".join(dict.fromkeys(names)), where, reason) for (where, reason), names in by_cause.items()]


def meaning(name: str) -> tuple[str, ...]:
    """Return a measure's definition as text: what, formula, source, where it holds, what to compare it with."""
    known = DEFINITIONS[name]
    return known.title + _which(name), known.formula, known.source, known.holds, known.reference
