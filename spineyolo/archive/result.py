"""What an archive run keeps of one film: rows for the tables, or the reason why it is in quarantine."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spineyolo import export
from spineyolo.detect.load import RELEASED_WEIGHTS
from spineyolo.measure.report import FilmReport
from spineyolo.prediction import Prediction


@dataclass(frozen=True)
class Model:
    """What every worker loads.

    Attributes:
        weights: any file that `detect.load.load_detector` takes.
        imgsz: canvas height in px; what the weights were trained with if None.
    """

    weights: Path = RELEASED_WEIGHTS
    imgsz: int | None = None


@dataclass(frozen=True)
class FilmResult:
    """One film's rows.

    Attributes:
        film: its path below the archive.
        reason: why it could not be read or measured; None where all went well.
        films, vertebrae, measurements: rows of the tables of these names.
    """

    film: str
    reason: str | None = None
    films: list[dict[str, Any]] = field(default_factory=list)
    vertebrae: list[dict[str, Any]] = field(default_factory=list)
    measurements: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> str:
        """Return it as text, to be sent from one machine to another."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> FilmResult:
        """Return what `to_json` made a text of."""
        return cls(**json.loads(text))


def result_of(film: str, prediction: Prediction, report: FilmReport) -> FilmResult:
    """Return the rows of a film: itself, every candidate with its outline in px, every measurement or why not."""
    rows = export.rows_of(prediction)
    outlines = [np.round(ring.astype(float), 1).ravel().tolist() for ring in prediction.detections.polygons]
    facts = {
        "film": film,
        "width_px": prediction.width,
        "height_px": prediction.height,
        "view": str(report.column.view or ""),
        "numbering": export.numbering_text(prediction),
        "level_margin": round(min(prediction.numbering.margin, 99.0), 3),
        "mm_per_px": report.column.mm_per_px,
        "vertebrae": sum(not row["dropped"] for row in rows),
        "notes": " ".join(report.notes),
    }
    measurements = [
        {
            "film": film,
            "measure": taken.name,
            "where": taken.where,
            "value": taken.value if taken.value is None else round(taken.value, 3),
            "unit": taken.unit,
            "error": taken.error if taken.error is None else round(taken.error, 3),
            "label": taken.label,
            "reason": taken.reason,
        }
        for taken in report.measurements
    ]
    vertebrae = [row | {"film": film, "outline_px": outline} for row, outline in zip(rows, outlines, strict=True)]
    return FilmResult(film, None, [facts], vertebrae, measurements)
