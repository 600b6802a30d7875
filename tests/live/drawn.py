"""A drawn column whose vertebrae tell their level by their grey, and a detector that reads it."""

import cv2
import numpy as np
import numpy.typing as npt

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.detect import Detections
from spineyolo.film import Vertebra

STEP_PX, WIDTH_PX, HEIGHT_PX = 60, 56, 44
_FIRST_GREY, _GREY_STEP = 85, 5


def film(first: str = "T8", last: str = "L5", width: int = 400) -> tuple[npt.NDArray[np.uint8], tuple[Vertebra, ...]]:
    """A film with a gently curved column in the middle, and its labels."""
    levels = LEVELS[INDEX[first] : INDEX[last] + 1]
    grey = np.full((STEP_PX * (len(levels) + 2), width), 15, np.uint8)
    vertebrae = []
    for place, level in enumerate(levels):
        x, y = round(width / 2 + 12 * np.sin(place / 3)), STEP_PX * (place + 1) + STEP_PX // 2
        x0, y0 = x - WIDTH_PX // 2, y - HEIGHT_PX // 2
        grey[y0 : y0 + HEIGHT_PX, x0 : x0 + WIDTH_PX] = _FIRST_GREY + _GREY_STEP * INDEX[level]
        x1, y1 = x0 + WIDTH_PX, y0 + HEIGHT_PX
        vertebrae.append(Vertebra(level, np.float32([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])))
    return grey, tuple(vertebrae)


class GreyDetector:
    """Finds bright rectangles of a vertebra's shape; every `wrong` th time it reads their levels one too low."""

    def __init__(self, wrong: int = 0) -> None:
        self.wrong = wrong
        self.seen = 0

    def detect(self, grey: npt.NDArray[np.uint8]) -> Detections:
        self.seen += 1
        shift = 1 if self.wrong and self.seen % self.wrong == 0 else 0
        smooth = cv2.GaussianBlur(grey, (0, 0), 1.5)
        _, labels, stats, _ = cv2.connectedComponentsWithStats((smooth > 60).astype(np.uint8))
        boxes, scores, polygons = [], [], []
        for number, (x, y, w, h, area) in enumerate(stats[1:].tolist(), start=1):
            part = labels[y : y + h, x : x + w] == number
            if area < 60 or not 0.7 < w / h < 2.2 or h > grey.shape[0] / 4 or area < 0.6 * w * h:
                continue
            core = cv2.erode(part.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
            value = np.percentile(smooth[y : y + h, x : x + w][core if core.any() else part], 80)  # edges are blurred
            place = (value - _FIRST_GREY) / _GREY_STEP + shift
            likely = np.exp(-0.5 * ((np.arange(len(LEVELS)) - place) / 0.7) ** 2)
            contour = max(
                cv2.findContours(part.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0], key=len
            )
            boxes.append([x, y, x + w, y + h])
            scores.append(0.9 * likely / max(likely.sum(), 1e-6))
            polygons.append(np.asarray(contour[:, 0] + 0.5 + [x, y], np.float32))
        return Detections(
            np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32).reshape(-1, 24), tuple(polygons)
        )
