import numpy as np
import pytest

from spineyolo.polygons import (
    bridge,
    clip_polygon,
    crosses_itself,
    mask_from_polygon,
    polygon_from_mask,
    signed_area,
)


def iou(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / (first | second).sum())


def awkward_masks() -> dict[str, np.ndarray]:
    y, x = np.mgrid[:300, :260]
    ellipse = ((x - 120) / 90) ** 2 + ((y - 140) / 50) ** 2 < 1
    hole = ellipse & ~(((x - 130) ** 2 + (y - 140) ** 2) < 400)
    two_parts = ((x - 60) ** 2 + (y - 60) ** 2 < 2500) | ((x - 200) ** 2 + (y - 220) ** 2 < 1600)
    at_edge = (x < 80) & (y > 240)
    return {"ellipse": ellipse, "hole": hole, "two_parts": two_parts, "at_edge": at_edge}


@pytest.mark.parametrize("case", awkward_masks())
def test_polygon_from_mask__round_trip(case: str) -> None:
    mask = awkward_masks()[case]
    again = mask_from_polygon(polygon_from_mask(mask), *mask.shape)
    assert iou(mask, again) >= 0.99


def test_polygon_from_mask__nothing_set() -> None:
    assert polygon_from_mask(np.zeros((5, 5), bool)).shape == (0, 2)


def test_mask_from_polygon__point_outside_is_cut_off() -> None:
    mask = mask_from_polygon(np.float32([[-20, -20], [10, -20], [10, 10], [-20, 10]]), 40, 30)
    assert mask[:10, :10].all() and mask.sum() == 100


def test_bridge__keeps_area_of_parts_less_holes() -> None:
    outer = np.float32([[0, 0], [100, 0], [100, 80], [0, 80]])
    hole = np.float32([[40, 30], [40, 50], [60, 50], [60, 30]])
    part = np.float32([[200, 0], [220, 0], [220, 20], [200, 20]])
    mask = mask_from_polygon(bridge([outer, hole, part]), 100, 240)
    assert mask.sum() == 100 * 80 - 20 * 20 + 20 * 20


def test_signed_area__clockwise_on_screen_is_positive() -> None:
    assert signed_area(np.float32([[0, 0], [2, 0], [2, 3], [0, 3]])) == 6


def test_clip_polygon__half_inside() -> None:
    clipped = clip_polygon(np.float32([[-10, 0], [10, 0], [10, 10], [-10, 10]]), 0, 0, 50, 50)
    assert abs(signed_area(clipped)) == pytest.approx(100)
    assert clipped.min() >= 0


def test_clip_polygon__outside_is_empty() -> None:
    assert clip_polygon(np.float32([[0, 0], [1, 0], [1, 1]]), 5, 5, 9, 9).shape == (0, 2)


def test_crosses_itself__a_ring_joined_by_bridges_hardly_does() -> None:
    square = np.float32([[0, 0], [30, 0], [30, 30], [0, 30]])
    holes = [square / 10 + np.float32([x, y]) for x in (4, 12, 20) for y in (4, 12, 20)]
    assert not crosses_itself(bridge([square, *holes]), 9)
    assert crosses_itself(bridge([square, *holes]), 8)  # there and back along each of nine bridges


def test_crosses_itself__stars_and_scribbles() -> None:
    turns = np.arange(5) * 4 * np.pi / 5
    star = np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)
    assert crosses_itself(star, 4) and not crosses_itself(star, 5)
    there_and_back = np.tile(np.float32([[0, 0], [10, 0]]), (300, 1)) + np.linspace(0, 1, 600)[:, None] * [1, 0]
    assert crosses_itself(there_and_back.astype(np.float32), 200)
    assert crosses_itself(np.random.default_rng(0).uniform(0, 99, (8000, 2)).astype(np.float32), 200)
