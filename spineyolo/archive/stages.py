"""The two stages a film of an archive goes through: its file is decoded, then its vertebrae are found and measured."""

from __future__ import annotations

from pathlib import Path

from spineyolo import imaging
from spineyolo.archive.result import FilmResult, result_of
from spineyolo.detect import Detector
from spineyolo.errors import SpineYoloError
from spineyolo.imaging import Radiograph
from spineyolo.measure.report import measure_prediction
from spineyolo.prediction import predict_radiograph


def decode(source: Path, film: str) -> Radiograph | FilmResult:
    """Return a film's pixels, or its result in quarantine."""
    try:
        return imaging.load(source / film)
    except Exception as error:  # one film among millions must not end the run; what it raised is kept as the reason
        return quarantined(film, error)


def infer(detector: Detector, film: str, radiograph: Radiograph) -> FilmResult:
    """Return a film's predictions and measurements, or its result in quarantine."""
    try:
        prediction, _ = predict_radiograph(detector, Path(film), radiograph)
        return result_of(film, prediction, measure_prediction(prediction, radiograph))
    except Exception as error:  # as above
        return quarantined(film, error)


def quarantined(film: str, error: BaseException | str) -> FilmResult:
    """Return the result of a film that could not be read: its reason in a sentence, another error's with its kind."""
    plain = isinstance(error, (SpineYoloError, str))
    return FilmResult(film, str(error) if plain else f"unexpected {type(error).__name__}: {error}")
