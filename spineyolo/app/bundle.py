"""What a reader takes away: overlays, predictions.json, tables, and the levels that were given, in one ZIP."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from spineyolo import draw, export
from spineyolo.app.film import OpenFilm
from spineyolo.measure import report

ABOUT: Final = """SpineYOLO. Research use only: not a medical device, and no finding here may guide treatment.

film-N_overlay.png  the film with masks, contours and levels
predictions.json    a COCO document: outlines, scores, levels; candidates set aside or deleted are marked dropped
vertebrae.csv       a row for each numbered vertebra
measurements.csv    a row for each measurement, with its error, or with the reason why there is none
measurements.json   the same, with the places on the film
anchors.json        levels that a reader gave, in the form that tools/predict.py --anchors takes

Films are called by the number in which they were dropped; their files' names and DICOM tags are in none of these.
"""


def bundle(films: Sequence[OpenFilm]) -> bytes:
    """Return a ZIP of everything about some films."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        predictions = [film.prediction for film in films]
        export.write_coco(predictions, folder / "predictions.json")
        export.write_csv(predictions, folder / "vertebrae.csv")
        report.write_tables([measured(film) for film in films], folder)
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
        for film in films:
            png = cv2.imencode(".png", draw.overlay(film.radiograph.grey, film.prediction))[1].tobytes()
            archive.writestr(f"{Path(film.name).stem}_overlay.png", png, zipfile.ZIP_STORED)
        archive.writestr("anchors.json", json.dumps({film.name: anchors_of(film) for film in films}, indent=1))
        archive.writestr("README.txt", ABOUT)
    return packed.getvalue()


def measured(film: OpenFilm) -> report.FilmReport:
    """Return all measurements of a film, in the view that its reader stated."""
    return report.measure_prediction(film.prediction, film.radiograph, film.view, film.anterior_right)


def anchors_of(film: OpenFilm) -> dict[str, list[float]]:
    """Return the levels that a reader gave, each with a point x, y px inside that vertebra's box."""
    boxes = film.prediction.detections.boxes
    middles = {level: (boxes[candidate, :2] + boxes[candidate, 2:]) / 2 for candidate, level in film.anchors.items()}
    return {level: np.round(middle.astype(float), 1).tolist() for level, middle in middles.items()}
