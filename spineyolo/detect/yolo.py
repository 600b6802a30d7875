"""YOLOv8-seg as a Detector: one class-agnostic NMS that keeps every candidate's whole score vector."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torchvision.ops import nms
from ultralytics import YOLO

from spineyolo.anatomy import LEVELS
from spineyolo.detect import Detections
from spineyolo.detect.canvas import Placed, place
from spineyolo.errors import BadInputError
from spineyolo.film import Points
from spineyolo.polygons import outer_polygon

RELEASED_WEIGHTS: Final = Path(__file__).parents[2] / "weights" / "spineyolo-n.pt"
"""The project's own weights; see `weights/README.md`."""

MIN_SCORE: Final = 0.01
"""Candidates whose levels' scores add up to less are not kept; low, so that the evaluator sees the whole curve."""

NMS_IOU: Final = 0.6
"""Two boxes that overlap more are the same vertebra: upright boxes of tilted neighbours overlap by up to half."""

MASK_LEVEL: Final = 0.57
"""Probability from which a point is inside a mask; masks of 0.5 come out a little too large (validation films)."""

MAX_CANDIDATES: Final = 100
_LEVELS: Final = len(LEVELS)
_PROTO_STRIDE: Final = 4  # canvas px per prototype px


class YoloDetector:
    """A YOLOv8-seg checkpoint with the 24 levels as its classes."""

    def __init__(self, weights: Path, imgsz: int | None = None) -> None:
        """Load a checkpoint.

        Args:
            weights: an Ultralytics `.pt` file.
            imgsz: canvas height in px; what the checkpoint was trained with if None.

        Raises:
            BadInputError: if the file is missing, or its classes are not C1…L5.
        """
        if not weights.is_file():
            raise BadInputError(weights, "YOLOv8-seg weights", "no such file")
        yolo = YOLO(str(weights), task="segment")
        names = tuple(yolo.names.values())
        if names != LEVELS:
            raise BadInputError(weights, "a model whose classes are C1…L5", f"{len(names)} classes {names[:3]}…")
        self.imgsz = imgsz or int(yolo.model.args["imgsz"])
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = yolo.model.float().fuse(verbose=False).eval().to(self.device)

    @torch.inference_mode()
    def detect(self, grey: npt.NDArray[np.uint8]) -> Detections:
        """Return the candidates on a film `(height, width)`, 8 bit grey, best first."""
        placed = place(grey, self.imgsz)
        image = torch.from_numpy(placed.image).to(self.device).float().div_(255).expand(1, 3, -1, -1)
        predictions, prototypes = self._forward(image)
        centres, sizes = predictions[:, :2], predictions[:, 2:4]
        boxes = torch.cat([centres - sizes / 2, centres + sizes / 2], dim=1)
        scores = predictions[:, 4 : 4 + _LEVELS].sum(dim=1)
        kept = (scores >= MIN_SCORE).nonzero()[:, 0]
        kept = kept[nms(boxes[kept], scores[kept], NMS_IOU)][:MAX_CANDIDATES]
        logits = torch.einsum("nc,chw->nhw", predictions[kept, 4 + _LEVELS :], prototypes).cpu().numpy()
        canvas_boxes = boxes[kept].cpu().numpy()
        height, width = grey.shape
        film_boxes = placed.to_film(canvas_boxes.reshape(-1, 2, 2)).reshape(-1, 4)
        return Detections(
            boxes=np.clip(film_boxes, 0, np.array([width, height, width, height], np.float32)).astype(np.float32),
            level_scores=predictions[kept, 4 : 4 + _LEVELS].cpu().numpy(),
            polygons=tuple(
                np.clip(_outline(logit, box, placed), 0, np.array([width, height], np.float32)).astype(np.float32)
                for logit, box in zip(logits, canvas_boxes, strict=True)
            ),
        )

    def _forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return predictions `(anchors, 4 + 24 + 32)` and prototypes `(32, height / 4, width / 4)`."""
        output = self.model(image)[0]
        predictions, prototypes = output
        return predictions[0].T, prototypes[0]


def _outline(logits: npt.NDArray[np.float32], box: npt.NDArray[np.float32], placed: Placed) -> Points:
    """Return the outline `(n, 2)` film px of mask logits `(h, w)` within a canvas box.

    The logits around the box are upsampled to canvas px before they meet `MASK_LEVEL`, and what lies
    outside the box is cut off. Without a mask the box is the outline.
    """
    height, width = logits.shape
    x0, y0 = np.maximum(np.floor(box[:2] / _PROTO_STRIDE).astype(int) - 1, 0)
    x1, y1 = np.minimum(np.ceil(box[2:] / _PROTO_STRIDE).astype(int) + 1, [width, height])
    crop = logits[y0:y1, x0:x1]
    outline = np.zeros((0, 2), np.float32)
    if crop.size:
        fine = cv2.resize(crop, None, fx=_PROTO_STRIDE, fy=_PROTO_STRIDE, interpolation=cv2.INTER_LINEAR)
        origin = np.array([x0, y0], np.float32) * _PROTO_STRIDE
        rows = np.arange(fine.shape[0]) + 0.5 + origin[1]
        columns = np.arange(fine.shape[1]) + 0.5 + origin[0]
        inside = ((rows > box[1]) & (rows < box[3]))[:, None] & ((columns > box[0]) & (columns < box[2]))
        probability = np.where(inside, 1 / (1 + np.exp(-fine.clip(-30, 30))), 0)
        outline = outer_polygon(probability, MASK_LEVEL) + origin
    if len(outline) < 3:
        outline = box[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2)
    return placed.to_film(outline)
