"""Mask R-CNN as a Detector."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from spineyolo.detect import Detections
from spineyolo.detect.canvas import Placed, place
from spineyolo.errors import BadInputError
from spineyolo.film import Points
from spineyolo.maskrcnn import checkpoint
from spineyolo.maskrcnn.network import SpineMaskRCNN
from spineyolo.polygons import outer_polygon

MASK_LEVEL: Final = 0.5
"""Probability from which a point is inside a mask."""


def is_maskrcnn(weights: Path) -> bool:
    """Tell whether a file is a checkpoint of `tools/train_maskrcnn.py`, without trusting what is in it."""
    try:
        checkpoint.read(weights)
    except BadInputError:
        return False
    return True


class NetworkDetector:
    """A network in memory, as validation during training uses it."""

    def __init__(self, network: SpineMaskRCNN) -> None:
        """Switch the network to inference, on the device it is on."""
        self.network = network.eval()
        self.imgsz = network.architecture.imgsz

    @torch.inference_mode()
    def detect(self, grey: npt.NDArray[np.uint8]) -> Detections:
        """Return the candidates on a film `(height, width)`, 8 bit grey, best first."""
        placed = place(grey, self.imgsz)
        device = next(self.network.parameters()).device
        found = self.network.find(torch.from_numpy(placed.image).to(device))
        limits = np.array([grey.shape[1], grey.shape[0]], np.float32)
        boxes = found.boxes.float().cpu().numpy()
        masks = found.masks.float().cpu().numpy()
        return Detections(
            boxes=np.clip(placed.to_film(boxes.reshape(-1, 2, 2)), 0, limits).reshape(-1, 4),
            level_scores=found.level_scores.float().cpu().numpy(),
            polygons=tuple(
                np.clip(_outline(mask, box, placed), 0, limits) for mask, box in zip(masks, boxes, strict=True)
            ),
        )


class MaskRCNNDetector(NetworkDetector):
    """A checkpoint of `tools/train_maskrcnn.py`."""

    def __init__(self, weights: Path) -> None:
        """Load a checkpoint, onto the GPU if there is one.

        Raises:
            BadInputError: if the file is missing, or no such checkpoint.
        """
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        super().__init__(checkpoint.load_network(weights).to(device))


def _outline(mask: npt.NDArray[np.float32], box: npt.NDArray[np.float32], placed: Placed) -> Points:
    """Return the outline `(k, 2)` film px of a mask's probabilities `(28, 28)` over a canvas box `(4,)`.

    Without a mask the box is the outline.
    """
    cells = outer_polygon(mask, MASK_LEVEL)
    if len(cells) < 3:
        cells = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * mask.shape[::-1]
    canvas = box[:2] + cells / np.array(mask.shape[::-1], np.float32) * (box[2:] - box[:2])
    return placed.to_film(canvas.astype(np.float32))
