"""A YOLOv8-seg checkpoint as a Detector, run by PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from ultralytics import YOLO

from spineyolo.anatomy import LEVELS
from spineyolo.detect import Detections
from spineyolo.detect.candidates import candidates
from spineyolo.detect.canvas import place
from spineyolo.errors import BadInputError
from spineyolo.files import shown
from spineyolo.trust import load_checkpoint


class YoloDetector:
    """A YOLOv8-seg checkpoint with the 24 levels as its classes."""

    def __init__(self, weights: Path, imgsz: int | None = None) -> None:
        """Load a checkpoint.

        Args:
            weights: an Ultralytics `.pt` file.
            imgsz: canvas height in px; what the checkpoint was trained with if None.

        Raises:
            BadInputError: if the file is missing, is not to be trusted, or its classes are not C1…L5.
        """
        load_checkpoint(weights)  # refuses one that could run a program
        yolo = YOLO(str(weights), task="segment")
        names = tuple(yolo.names.values())
        if names != LEVELS:
            raise BadInputError(weights, "a model whose classes are C1…L5", f"{len(names)} classes {names[:3]}…")
        self.path, self.imgsz = weights, imgsz or int(yolo.model.args["imgsz"])
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = yolo.model.float().fuse(verbose=False).eval().to(self.device)

    def __str__(self) -> str:
        return f"{shown(self.path)} (PyTorch, {self.device})"

    @torch.inference_mode()
    def detect(self, grey: npt.NDArray[np.uint8]) -> Detections:
        """Return the candidates on a film `(height, width)`, 8 bit grey, best first."""
        placed = place(grey, self.imgsz)
        image = torch.from_numpy(placed.image).to(self.device).float().div_(255).expand(1, 3, -1, -1)
        predictions, prototypes = (output[0].cpu().numpy() for output in self.model(image)[0])
        height, width = grey.shape
        return candidates(predictions, prototypes, placed, (height, width))
