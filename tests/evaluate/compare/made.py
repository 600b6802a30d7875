"""A small converted data set, its predictions, and untrained networks, that tests of the comparison share."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from columns import column
from maskrcnn.made import recipe
from ultralytics import YOLO
from ultralytics.nn.tasks import SegmentationModel

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.detect import Detections
from spineyolo.evaluate.cases import Case
from spineyolo.formats import coco
from spineyolo.maskrcnn import checkpoint
from spineyolo.maskrcnn.network import SpineMaskRCNN
from spineyolo.numbering import Numbering
from spineyolo.polygons import bounding_box
from spineyolo.prediction import Prediction

FILMS = {"ap_1": ("ap", ""), "ap_2": ("ap", "order: L5 above L4"), "side_1": ("side", "")}


def data_set(root: Path) -> Path:
    """Films T8…L5 of two sources, one of them flawed, with YOLO's labels, as `tools/convert.py` writes them."""
    images, labels = root / "images" / "val", root / "labels" / "val"
    for folder in (images, labels, root / "annotations"):
        folder.mkdir(parents=True)
    rows, films = ["film,source,flaw,view,window"], []
    for number, (stem, (source, flaw)) in enumerate(FILMS.items()):
        film = column(images / f"{stem}.png", first=INDEX["T8"])
        grey = np.random.default_rng(number).integers(0, 90, (film.height, film.width), np.uint8)
        lines = []
        for vertebra in film.vertebrae:
            cv2.fillPoly(grey, [vertebra.polygon.astype(np.int32)], 200)
            scaled = vertebra.polygon / [film.width, film.height]
            lines.append(" ".join([str(INDEX[vertebra.level]), *(f"{value:.6f}" for value in scaled.ravel())]))
        cv2.imwrite(str(film.path), grey)
        (labels / f"{stem}.txt").write_text("\n".join(lines) + "\n")
        rows.append(f"{stem},{source},{flaw},AP,")
        films.append(film)
    coco.write(films, root / "annotations" / "val.json")
    (root / "manifest.csv").write_text("\n".join(rows) + "\n")
    return root


def case_of(name: str = "film.png", source: str = "ap") -> Case:
    film = column(Path(name))
    return Case(film.path, source, False, "", (0, 0, film.width, film.height), film.vertebrae)


def found_on(case: Case, shift: int = 0, down_px: float = 0.0) -> Prediction:
    """The true vertebrae, each named `shift` levels too low, lying `down_px` too low, all sure."""
    polygons = tuple(vertebra.polygon + np.float32([0, down_px]) for vertebra in case.vertebrae)
    boxes = np.array([bounding_box(polygon) for polygon in polygons], np.float32)
    scores = np.full((len(boxes), len(LEVELS)), 1e-4, np.float32)
    names = tuple(LEVELS[min(INDEX[vertebra.level] + shift, 23)] for vertebra in case.vertebrae)
    scores[range(len(boxes)), [INDEX[name] for name in names]] = np.linspace(0.9, 0.5, len(boxes))
    height, width = case.size
    return Prediction(case.path, height, width, Detections(boxes, scores, polygons), Numbering(names, 9.0))


def without(prediction: Prediction, row: int) -> Prediction:
    """One candidate set aside by numbering."""
    names = list(prediction.numbering.names)
    names[row] = None
    return replace(prediction, numbering=Numbering(tuple(names), 9.0))


def untrained_yolo(path: Path, imgsz: int = 160) -> Path:
    """Write a network whose classes are the levels; it sees something everywhere."""
    torch.manual_seed(0)
    yolo = YOLO("yolov8n-seg.yaml", task="segment")
    yolo.model = SegmentationModel("yolov8n-seg.yaml", nc=len(LEVELS), verbose=False)
    yolo.model.names, yolo.model.task = dict(enumerate(LEVELS)), "segment"
    yolo.model.args = {"imgsz": imgsz}
    with torch.no_grad():
        for branch in yolo.model.model[-1].cv3:
            branch[-1].bias += 6
    torch.save({"model": yolo.model, "train_args": {"imgsz": imgsz}}, path)
    return path


def untrained_maskrcnn(path: Path) -> Path:
    """Write a network that sees something everywhere."""
    torch.manual_seed(0)
    checkpoint.save(path, SpineMaskRCNN(recipe(path.parent).architecture))
    return path
