import io
import json
import zipfile

import cv2
import numpy as np
import pandas as pd
from films import prediction_of

from spineyolo.app import film as films
from spineyolo.app.bundle import bundle
from spineyolo.app.film import OpenFilm
from spineyolo.detect import Detections
from spineyolo.imaging import Radiograph
from spineyolo.numbering.anchors import candidates_of


def opened(name: str) -> OpenFilm:
    return OpenFilm(prediction_of(["T12", "L1", "L2"], name=name), Radiograph(np.zeros((900, 300), np.uint8)))


def test_bundle__corrections_are_in_every_file() -> None:
    corrected = films.delete(films.set_level(opened("film-1.png"), 1, "L4"), 2)
    kept = [name for name in corrected.prediction.numbering.names if name is not None]
    assert len(kept) == 2 and kept[1] == "L4"
    archive = zipfile.ZipFile(io.BytesIO(bundle([corrected, opened("film-3.dcm")])))
    assert sorted(archive.namelist()) == [
        "README.txt", "anchors.json", "film-1_overlay.png", "film-3_overlay.png", "measurements.csv",
        "measurements.json", "predictions.json", "vertebrae.csv",
    ]  # fmt: skip
    rows = pd.read_csv(archive.open("vertebrae.csv"))
    assert rows.groupby("film")["level"].apply(list).to_dict() == {
        "film-1.png": kept, "film-3.dcm": ["T12", "L1", "L2"],
    }  # fmt: skip
    document = json.loads(archive.read("predictions.json"))
    assert [a["level"] for a in document["annotations"] if a["image_id"] == 1 and not a["dropped"]] == kept
    assert cv2.imdecode(np.frombuffer(archive.read("film-1_overlay.png"), np.uint8), 1).any()
    assert set(pd.read_csv(archive.open("measurements.csv")).film) == {"film-1.png", "film-3.dcm"}


def test_bundle__anchors_name_the_same_vertebra_to_the_command_line() -> None:
    film = films.set_level(opened("film-1.png"), 1, "L4")
    anchors = json.loads(zipfile.ZipFile(io.BytesIO(bundle([film]))).read("anchors.json"))["film-1.png"]
    found: Detections = film.prediction.detections
    assert candidates_of({level: tuple(point) for level, point in anchors.items()}, found, film.prediction.path) == {
        1: "L4"
    }
