import pytest
from measure.drawn import between, biconcave, lateral, one, stack, value

from spineyolo.measure import vertebra


def wedged(share: float) -> dict:
    outlines = stack(between("L1", "L5"))
    outlines["L3"][1, 1] += 45 * share  # the anterior wall, from the top
    return outlines


@pytest.mark.parametrize(("share", "band"), [(0.1, "under 20 %"), (0.22, "mild"), (0.3, "moderate"), (0.5, "severe")])
def test_measure__wedge(share, band):
    found = vertebra.measure(lateral(wedged(share)))
    assert value(found, "anterior_to_posterior", "L3") == pytest.approx(100 * (1 - share), abs=2)
    assert band in one(found, "height_loss", "L3").label


def test_measure__biconcave():
    outlines = stack(between("L1", "L5"))
    ring = biconcave(outlines["L3"].mean(axis=0), 60, 45, 9)
    found = vertebra.measure(lateral({**outlines, "L3": ring}))
    assert value(found, "middle_to_posterior", "L3") == pytest.approx(100 * 27 / 45, abs=3)
    assert one(found, "height_loss", "L3").value == pytest.approx(40, abs=3)


def test_measure__crushed_body_against_neighbours():
    outlines = stack(between("L1", "L5"))
    outlines["L3"][[0, 1], 1] += 15
    found = vertebra.measure(lateral(outlines))
    assert value(found, "posterior_to_neighbours", "L3") == pytest.approx(100 * 30 / 45, abs=1)


def test_measure__alone():
    assert "neither neighbour" in one(vertebra.measure(lateral(stack(("L3",)))), "posterior_to_neighbours", "L3").reason
