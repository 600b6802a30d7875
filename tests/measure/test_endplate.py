import cv2
import numpy as np
import pytest
from measure.drawn import SIZE, between, lateral, one, stack, value

from spineyolo.measure import endplate


def film(contrast: float = 0.0) -> np.ndarray:
    """Bodies of grey 120 with grain on 60; the band under L3's superior endplate is brighter by `contrast`."""
    grey = np.full(SIZE[::-1], 60.0)
    for level, ring in stack(between("L1", "L5")).items():
        cv2.fillPoly(grey, [np.rint(ring).astype(np.int32)], 120)
        if level == "L3":
            x0, y0 = ring[0].astype(int)
            grey[y0 : y0 + 9, x0 : x0 + 60] += contrast
    return grey + np.random.default_rng(0).normal(0, 5, grey.shape)


def to_8bit(grey: np.ndarray) -> np.ndarray:
    return np.clip(grey, 0, 255).astype(np.uint8)


def measured(grey: np.ndarray, notes: tuple[str, ...] = ()) -> list:
    return endplate.measure(lateral(stack(between("L1", "L5"))), to_8bit(grey), notes)


def test_measure__dense_band():
    found = measured(film(30))
    assert value(found, "sclerosis_superior", "L3") == pytest.approx(30 / (2.56 * 5), rel=0.2)
    assert one(found, "sclerosis_superior", "L3").label == "denser than L2 and L4"
    assert abs(value(found, "sclerosis_inferior", "L3")) < 0.3
    assert "under the floor" in one(found, "sclerosis_inferior", "L3").label
    assert value(found, "sclerosis_superior", "L2") < 0  # beside L3 its own plate is the less dense


def test_measure__error_covers_nothing():
    found = one(measured(film(0)), "sclerosis_superior", "L3")
    assert abs(found.value) < found.error < 1


@pytest.mark.parametrize(("gain", "offset"), [(0.6, 40), (1.3, -30)])
def test_measure__linear_grey_change(gain, offset):
    plain = value(measured(film(30)), "sclerosis_superior", "L3")
    assert value(measured(gain * film(30) + offset), "sclerosis_superior", "L3") == pytest.approx(plain, rel=0.2)


def test_measure__void():
    assert "cut off" in one(measured(film(30) + 130), "sclerosis_superior", "L3").reason
    assert "DICOM" in measured(film(30), ("windowed as the DICOM file says",))[0].reason
    assert "too few" in measured(np.round(film(30) / 60) * 60)[0].reason
    assert "no film" in endplate.measure(lateral(stack(between("L1", "L5"))), None)[0].reason
