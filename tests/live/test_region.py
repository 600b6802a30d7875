import cv2
import numpy as np
import pytest

from spineyolo.live.region import Region, around, strips


@pytest.mark.parametrize("tilt", [-30.0, 0.0, 75.0])
def test_to_frame__undoes_to_crop(tilt: float) -> None:
    region = Region(300, 200, 120, 300, tilt)
    points = np.float32([[290, 150], [310, 260], [300, 200]])
    matrix = region.to_crop(640)
    crop = np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)
    assert crop[2] == pytest.approx([128, 320])
    assert region.to_frame(crop, 640) == pytest.approx(points, abs=1e-3)


@pytest.mark.parametrize("height_px", [300, 40])
def test_cut__a_tilted_bar_stands_upright(height_px: int) -> None:
    picture = np.zeros((400, 600, 3), np.uint8)
    region = Region(300, 200, 120, 300, tilt_deg=30)
    bar = region.to_frame(np.float32([[55, 30], [65, 30], [65, 270], [55, 270]]), 300)
    cv2.fillPoly(picture, [np.round(bar).astype(np.int32)], (255, 255, 255))
    crop = region.cut(picture, height_px)
    share = crop / 255.0
    assert crop.shape == (height_px, round(0.4 * height_px))
    assert share.sum() / (10 * 240 / 300**2 * height_px**2) == pytest.approx(1, abs=0.15)
    columns = share.sum(axis=0)
    assert columns @ (np.arange(len(columns)) + 0.5) / columns.sum() == pytest.approx(0.2 * height_px, abs=1)


NONE = np.zeros((0, 4), np.float32)


def boxes_along(tilt_deg: float, count: int = 10, step: float = 30) -> np.ndarray:
    angle = np.deg2rad(tilt_deg)
    along = np.arange(count)[:, None] * step * np.array([-np.sin(angle), np.cos(angle)]) + [400, 100]
    return np.concatenate([along - 12, along + 12], axis=1).astype(np.float32)


@pytest.mark.parametrize(("tilt", "turned"), [(0, 0), (8, 0), (25, 15), (-40, -30)])
def test_around__turns_back_all_but_what_films_lean_by_themselves(tilt: float, turned: float) -> None:
    region = around(boxes_along(tilt), NONE)
    assert region.tilt_deg == pytest.approx(turned, abs=0.1)
    assert region.width / region.height == pytest.approx(0.4)


def test_around__what_is_hidden_belongs_to_it_if_it_is_in_line() -> None:
    boxes = boxes_along(25)
    whole = around(boxes, NONE)
    hidden = around(boxes[:6], boxes[6:])
    drifted = around(boxes[:6], boxes[6:] + np.float32([200, 0, 200, 0]))
    assert (hidden.x, hidden.y, hidden.height) == pytest.approx((whole.x, whole.y, whole.height))
    assert drifted == around(boxes[:6], NONE)


def test_around__leaves_room_for_the_next_vertebra() -> None:
    boxes = boxes_along(0)
    region = around(boxes, NONE)
    top, bottom = region.y - region.height / 2, region.y + region.height / 2
    assert 42 < boxes[0, 1] - top < 60 and 42 < bottom - boxes[-1, 3] < 60  # numbering takes 60 px for open


@pytest.mark.parametrize(("height", "width"), [(720, 1280), (1280, 720), (200, 60)])
def test_strips__upright_ones_cover_the_frame(height: int, width: int) -> None:
    covered = np.zeros((height, width), bool)
    for strip in strips(height, width):
        if strip.height == height and strip.tilt_deg == 0:
            x0 = max(0, round(strip.x - strip.width / 2))
            covered[:, x0 : round(strip.x + strip.width / 2)] = True
    assert covered.all()
