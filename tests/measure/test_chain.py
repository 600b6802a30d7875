import numpy as np
import pytest
from measure.drawn import body

from spineyolo.measure.chain import smooth_tilts, spine_curve, turned
from spineyolo.measure.geometry import tilt_deg


def test_smooth_tilts__one_wrong_outline_is_pulled_in():
    tilts = np.zeros(9)
    tilts[4] = 20
    centres = np.stack([np.zeros(9), 40.0 * np.arange(9)], axis=1)
    assert abs(smooth_tilts(tilts, centres, 4.0)[4]) < 14


def test_smooth_tilts__exact_outlines_keep_their_tilts():
    tilts = np.array([0.0, 12, -5, 30, 2])
    centres = np.stack([np.zeros(5), 40.0 * np.arange(5)], axis=1)
    assert smooth_tilts(tilts, centres, 0.0) == pytest.approx(tilts, abs=0.05)


def test_smooth_tilts__two_bodies_by_hand():
    # (t - 6)² / 4² twice and (1.14 t)² / 4.2² for an upright chord: t = 2 * 6 / 16 / (2 / 16 + 1.14² / 17.64)
    centres = np.array([[0.0, 0.0], [0.0, 40.0]])
    assert smooth_tilts(np.array([6.0, 6.0]), centres, 4.0) == pytest.approx([3.7752] * 2, abs=0.001)


def test_turned__has_the_tilts_and_centres():
    corners = np.stack([body((100, 100 + 60 * row), 70, 40, 5 * row) for row in range(3)])
    moved = turned(corners, np.array([12.0, -3.0, 40.0]))
    assert tilt_deg(moved) == pytest.approx([12, -3, 40])
    assert moved.mean(axis=1) == pytest.approx(corners.mean(axis=1))


def test_spine_curve__passes_through_centres():
    centres = np.array([[100, 100], [120, 200], [110, 300], [90, 400]], float)
    curve = spine_curve(centres, 1001)
    assert np.linalg.norm(curve[:, None] - centres, axis=2).min(axis=0).max() < 0.5
