import numpy as np
import pytest
from measure.drawn import between, lateral, stack

from spineyolo.measure import osteophyte
from spineyolo.measure.column import EXACT, PREDICTED


def spurred(length: float) -> dict:
    """A spur at L3's superior anterior corner, 12 px high at its foot."""
    outlines = stack(between("L1", "L5"))
    ring = outlines["L3"]
    tip, foot = ring[1] + [length, 2], ring[1] + [0, 12]
    return {**outlines, "L3": np.array([ring[0], ring[1], tip, foot, ring[2], ring[3]])}


def at(found: list, corner: str, name: str = "spur_length", level: str = "L3"):
    return next(m for m in found if m.name == name and m.where == level and m.label.startswith(corner))


@pytest.mark.parametrize("length", [6, 15])
def test_measure__spur(length):
    found = osteophyte.measure(lateral(spurred(length)), EXACT)
    assert at(found, "superior anterior").value == pytest.approx(length, abs=0.8)
    assert at(found, "superior anterior", "spur_area").value == pytest.approx(6 * length, rel=0.15)
    assert "under the floor" not in at(found, "superior anterior").label
    for corner in ("superior posterior", "inferior anterior", "inferior posterior"):
        assert "under the floor" in at(found, corner).label


def test_measure__outlines_without_spurs():
    (length, area) = osteophyte.measure(lateral(spurred(10), quality=PREDICTED), PREDICTED)
    assert length.reason == area.reason == "these outlines run between four corners and leave spurs out"
