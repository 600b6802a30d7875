"""An untrained network and its exports, which tests of this folder share."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from ultralytics import YOLO
from ultralytics.nn.tasks import SegmentationModel

from spineyolo.anatomy import LEVELS
from spineyolo.detect import export
from spineyolo.detect.exported import Export


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network whose classes are the levels; it sees something everywhere."""
    torch.manual_seed(0)
    yolo = YOLO("yolov8n-seg.yaml", task="segment")
    yolo.model = SegmentationModel("yolov8n-seg.yaml", nc=24, verbose=False)
    yolo.model.names = dict(enumerate(LEVELS))
    yolo.model.args = {"imgsz": 320}
    with torch.no_grad():
        for branch in yolo.model.model[-1].cv3:
            branch[-1].bias += 6
    path = tmp_path_factory.mktemp("weights") / "untrained.pt"
    torch.save({"model": yolo.model, "train_args": {"imgsz": 320}}, path)
    return path


@pytest.fixture(scope="session")
def exported(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of that checkpoint, with every kind of export beside it."""
    folder = tmp_path_factory.mktemp("exported")
    copy, film = folder / "untrained.pt", folder / "film.png"
    copy.write_bytes(weights.read_bytes())
    cv2.imwrite(str(film), np.random.default_rng(0).integers(0, 255, (300, 120), np.uint8))
    with export.made(copy, list(Export), [film]) as paths:
        for kind, path in paths.items():
            path.rename(kind.beside(copy))
    return copy
