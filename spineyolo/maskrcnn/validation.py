"""Validation during training, by the evaluator that all models share."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from spineyolo.detect.maskrcnn import NetworkDetector
from spineyolo.errors import BadInputError
from spineyolo.evaluate.report import FilmPair, figures
from spineyolo.export import coco_document
from spineyolo.files import read_json
from spineyolo.maskrcnn.network import SpineMaskRCNN
from spineyolo.prediction import predict

FIGURES: Final = (
    "box_agnostic_mAP50",
    "box_agnostic_mAP50-95",
    "mask_agnostic_mAP50",
    "mask_agnostic_mAP50-95",
    "mask_numbered_mAP50-95",
    "identification",
)
"""What is shown and kept of each epoch."""


def read_truth(root: Path) -> list[FilmPair]:
    """Return the validation films of a converted data set with their labels, nothing predicted yet.

    Raises:
        BadInputError: if the document of labels is missing or no COCO document, or names no film.
    """
    path = root / "annotations" / "val.json"
    document = read_json(path)
    truths: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    try:
        for annotation in document["annotations"]:
            truths[annotation["image_id"]].append(annotation)
        films = [FilmPair(image, truths[image["id"]], []) for image in document["images"]]
    except (KeyError, TypeError) as error:
        raise BadInputError(path, "a COCO document", f"{type(error).__name__}: {error}") from error
    if not films:
        raise BadInputError(path, "films to validate on", "none")
    return films


def validate(network: SpineMaskRCNN, root: Path, films: list[FilmPair]) -> dict[str, float]:
    """Find and number the vertebrae on the validation films of a converted data set; return `FIGURES`.

    Raises:
        BadInputError: if a film cannot be read.
    """
    detector = NetworkDetector(network)
    predicted = []
    for film in films:
        prediction, _ = predict(detector, root / "images" / "val" / film.image["file_name"])
        predicted.append(replace(film, predictions=coco_document([prediction])["annotations"]))
    found = figures(predicted)
    return {name: float(found[name]) for name in FIGURES}
