import numpy as np
import pytest

from spineyolo.evaluate.boundary import boundary_error_px


def square(x0: float, y0: float, side: float) -> np.ndarray:
    return np.float32([[x0, y0], [x0 + side, y0], [x0 + side, y0 + side], [x0, y0 + side]])


def test_boundary_error_px__none_between_an_outline_and_itself() -> None:
    assert boundary_error_px(square(3, 4, 20), square(3, 4, 20)[::-1]) == pytest.approx(0)


def test_boundary_error_px__squares_within_each_other() -> None:
    # 10 px apart on all sides; only the corners of the outer one are further away, by up to √2.
    assert boundary_error_px(square(0, 0, 120), square(10, 10, 100)) == pytest.approx(10, abs=0.3)


def test_boundary_error_px__a_sideways_shift_counts_on_two_of_four_sides() -> None:
    assert boundary_error_px(square(0, 0, 200), square(4, 0, 200)) == pytest.approx(2, abs=0.1)


def test_boundary_error_px__is_the_same_both_ways_and_grows_with_the_film() -> None:
    one, other = square(0, 0, 30), square(5, 2, 40)
    error = boundary_error_px(one, other)
    assert boundary_error_px(other, one) == pytest.approx(error)
    assert boundary_error_px(10 * one, 10 * other) == pytest.approx(10 * error, rel=0.02)
