import numpy as np
import pytest
from measure.drawn import biconcave, body, rounded

from spineyolo.measure.geometry import fit_body

DOWN = np.array([0.0, 1.0])


@pytest.mark.parametrize("tilt", [-40, -10, 0, 25])
def test_fit_body__rounded_jagged(tilt):
    corners = body((200, 150), 80, 50, tilt)
    fit = fit_body(rounded(corners, 9, noise=0.7), np.array([-np.sin(np.radians(tilt)), np.cos(np.radians(tilt))]))
    assert fit.corners == pytest.approx(corners, abs=1.5)
    assert 0.2 < fit.noise_px < 1.5
    assert fit.agreement > 0.92


def test_fit_body__direction_25_degrees_off():
    corners = body((200, 150), 80, 50, 25)
    assert fit_body(rounded(corners, 6), DOWN).corners == pytest.approx(corners, abs=0.6)


def test_fit_body__spurs_do_not_move_corners():
    corners = body((200, 150), 80, 50)
    spurs = np.array([[240, 125], [254, 122], [240, 133], [240, 170], [250, 178], [228, 175]], float)
    ring = np.concatenate([corners[:1], spurs, corners[3:]])
    assert fit_body(ring, DOWN).corners == pytest.approx(corners, abs=1.5)


def test_fit_body__biconcave_keeps_its_rims():
    corners = body((200, 150), 80, 50)
    assert fit_body(biconcave((200, 150), 80, 50, 8), DOWN).corners == pytest.approx(corners, abs=1)
    flat = fit_body(biconcave((200, 150), 80, 50, 8), DOWN, hollow=False).corners
    assert flat[0, 1] > corners[0, 1] + 3


def test_fit_body__waisted_walls():
    y = np.linspace(-25, 25, 41)
    waist = 6 * (1 - (y / 25) ** 2)
    right, left = np.stack([40 - waist, y], 1), np.stack([waist - 40, y], 1)[::-1]
    fit = fit_body(np.concatenate([right, left]) + np.array([200, 150]), DOWN)
    assert fit.corners == pytest.approx(body((200, 150), 80, 50), abs=1)


def test_fit_body__no_area():
    assert fit_body(np.array([[0, 0], [5, 5], [9, 9]], float), DOWN) is None
