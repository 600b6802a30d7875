import cv2
import numpy as np
import pytest

from spineyolo.measure import agreement


def test_agreement__bias_and_limits():
    true = np.linspace(10, 50, 400)
    found = agreement.agreement(true + 2 + np.tile([1.0, -1.0], 200), true)
    assert (found.count, round(found.bias, 6), round(found.mean_error, 6)) == (400, 2, 2)
    assert (found.low, found.high) == pytest.approx((2 - 1.96, 2 + 1.96), abs=0.01)


def test_smape__by_hand():
    measured, true = np.array([[30.0, 10, 5], [20, 0, 0]]), np.array([[20.0, 10, 5], [20, 0, 20]])
    assert agreement.smape(measured, true) == pytest.approx(100 * (10 / 80 + 20 / 60) / 2)


def test_severity__limits():
    assert agreement.severity(np.array([9.9, 10, 24, 25, 40, 90])).tolist() == [0, 1, 1, 2, 3, 3]
    assert agreement.share_right(np.array([[9.0, 0, 0], [30, 0, 0]]), np.array([[11.0, 0, 0], [26, 0, 0]])) == 50


def test_interval__holds_the_figure_and_narrows():
    rng = np.random.default_rng(0)
    true = rng.uniform(10, 60, (200, 3))
    measured = true + rng.normal(0, 3, true.shape)
    wide = agreement.interval(agreement.largest_error, measured[:20], true[:20])
    low, high = agreement.interval(agreement.largest_error, measured, true)
    assert low < agreement.largest_error(measured, true) < high
    assert high - low < wide[1] - wide[0]


def test_bland_altman__is_a_picture():
    pair = (np.arange(9.0), np.arange(9.0) + 1)
    picture = cv2.imdecode(np.frombuffer(agreement.bland_altman({"a": pair, "b": pair}, ["px", "%"]), np.uint8), 1)
    assert picture.shape[1] > 2 * picture.shape[0] > 400
