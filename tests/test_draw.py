from dataclasses import replace

import numpy as np
import pytest
from films import prediction_of

from spineyolo import draw
from spineyolo.anatomy import colour_of
from spineyolo.numbering.variants import Variant


@pytest.mark.parametrize("height", [500, 4000])
def test_overlay__draws_each_vertebra_in_its_colour(height: int) -> None:
    prediction = prediction_of(["L1", None, "L3"], height=height, width=height // 3)
    picture = draw.overlay(np.zeros((height, height // 3), np.uint8), prediction)
    scale = picture.shape[0] / height
    assert max(picture.shape) >= draw.MIN_SIDE_PX
    for level, polygon in zip(prediction.numbering.levels, prediction.detections.polygons, strict=True):
        x, y = (polygon[0] * 0.7 + polygon[2] * 0.3) * scale
        pixel = picture[int(y), int(x)].astype(float)
        if level is None:
            assert not pixel.any()
        else:
            hue = np.float32(colour_of(level)[::-1])
            assert pixel @ hue / np.linalg.norm(pixel) / np.linalg.norm(hue) > 0.98


def test_overlay__names_are_legible() -> None:
    prediction = prediction_of(["T12", "L1", "L2"], height=500, width=200)
    picture = draw.overlay(np.zeros((500, 200), np.uint8), prediction)
    _, y0, x1, y1 = prediction.detections.boxes[1] * 2
    beside = picture[int(y0) : int(y1), int(x1) + 1 :]
    label_rows = beside.any(axis=(1, 2)).sum()
    assert label_rows >= 20


def test_overlay__says_when_unsure() -> None:
    grey = np.zeros((1200, 500), np.uint8)
    sure = draw.overlay(grey, prediction_of(["T12", "L1"], 1200, 500))
    unsure = draw.overlay(grey, prediction_of(["T12", "L1"], 1200, 500, margin=0.1))
    assert not sure[:80].any() and unsure[:80].any()


def test_overlay__thirteenth_thoracic_vertebra_is_drawn_and_said() -> None:
    plain = prediction_of(["T12", "T13", "L1"], 1200, 500)
    prediction = replace(plain, numbering=replace(plain.numbering, variant=Variant.THORACIC_13))
    picture = draw.overlay(np.zeros((1200, 500), np.uint8), prediction)
    x, y = prediction.detections.polygons[1][0] * 0.7 + prediction.detections.polygons[1][2] * 0.3
    assert picture[int(y), int(x)].any() and picture[:80].any()


def test_overlay__nothing_found() -> None:
    assert draw.overlay(np.zeros((800, 300), np.uint8), prediction_of([], 800, 300)).any()
