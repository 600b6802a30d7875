import numpy as np
import pytest
from measure.drawn import between, lateral, mirrored, one, rounded, stack, turned, value

from spineyolo.measure import listhesis
from spineyolo.measure.column import OutlineQuality


def slipped(percent: float) -> dict:
    """L4 moved on L5 by a share of its endplate of 60 px, the bodies above with it; anterior is right."""
    outlines = stack(between("L1", "L5"))
    return {k: ring + np.array([0.6 * percent * (k != "L5"), 0]) for k, ring in outlines.items()}


@pytest.mark.parametrize("percent", [-20, -8, 0, 20, 40])
def test_measure__drawn_slip(percent):
    outlines = {level: rounded(ring, 6, noise=0.2) for level, ring in slipped(percent).items()}
    assert value(listhesis.measure(lateral(outlines)), "slip", "L4-L5") == pytest.approx(percent, abs=1)


def test_measure__mirrored_and_turned():
    assert value(listhesis.measure(lateral(mirrored(slipped(20)), right=False)), "slip", "L4-L5") == pytest.approx(
        20, abs=0.1
    )
    assert value(listhesis.measure(lateral(turned(slipped(20), 15))), "slip", "L4-L5") == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(("percent", "grade"), [(-20, "I"), (26, "II"), (60, "III"), (80, "IV"), (120, "V")])
def test_meyerding_grade(percent, grade):
    assert listhesis.meyerding_grade(percent) == grade


def test_measure__nothing_is_called_under_the_floor():
    assert one(listhesis.measure(lateral(slipped(3))), "slip", "L4-L5").label == "under the floor of 5 %"
    assert one(listhesis.measure(lateral(slipped(20))), "slip", "L4-L5").label == "forward, in the range of Meyerding I"


def test_measure__a_slip_that_one_disc_in_twenty_shows_by_noise_is_not_called():
    """20 % is more than the 95 % interval of one disc, and less than that of all discs of a film."""
    found = one(
        listhesis.measure(lateral(slipped(20), quality=OutlineQuality(0.08, follows_bone=True))), "slip", "L4-L5"
    )
    assert found.error < 20 < listhesis.ALL_DISCS * found.error
    assert found.label.startswith("under the floor")


def test_measure__side_must_be_known():
    found = listhesis.measure(lateral(slipped(20), right=None))
    assert [m.reason for m in found] == ["which side is anterior is not plain; state it"]
