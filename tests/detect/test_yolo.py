from pathlib import Path

import numpy as np
import pytest

from spineyolo.detect.candidates import MAX_CANDIDATES, NMS_IOU
from spineyolo.detect.yolo import YoloDetector
from spineyolo.errors import BadInputError


def test_detect__candidates_keep_whole_score_vectors(weights: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 255, (700, 260), np.uint8)
    found = YoloDetector(weights).detect(grey)
    assert 0 < len(found) <= MAX_CANDIDATES
    assert found.level_scores.shape == (len(found), 24) and (found.level_scores > 0).all()
    assert (np.diff(found.scores) <= 1e-6).all()
    for polygon, box in zip(found.polygons, found.boxes, strict=True):
        assert len(polygon) >= 3
        assert (polygon >= box[:2] - 1).all() and (polygon <= box[2:] + 1).all()
    assert (found.boxes >= 0).all() and (found.boxes <= [260, 700, 260, 700]).all()


def test_detect__no_two_candidates_overlap_whatever_their_class(weights: Path) -> None:
    grey = np.random.default_rng(1).integers(0, 255, (700, 260), np.uint8)
    boxes = YoloDetector(weights).detect(grey).boxes
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    iou = shared / (area[:, None] + area[None] - shared)
    inside = (boxes[:, 0] > 1) & (boxes[:, 1] > 1) & (boxes[:, 2] < 259) & (boxes[:, 3] < 699)
    np.fill_diagonal(iou, 0)
    assert iou[np.ix_(inside, inside)].max(initial=0) <= NMS_IOU + 0.02


def test_init__missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"none\.pt"):
        YoloDetector(tmp_path / "none.pt")
