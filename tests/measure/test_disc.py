import numpy as np
import pytest
from measure.drawn import between, body, lateral, mirrored, one, rounded, stack, turned, value

from spineyolo.measure import disc
from spineyolo.measure.column import PREDICTED

LEVELS = between("L1", "L5")


def halved(share: float = 0.5) -> dict:
    """Discs of 12 px, the one below L3 of that share."""
    outlines = stack(LEVELS)
    for level in ("L4", "L5"):
        outlines[level] = outlines[level] - [0, 12 * (1 - share)]
    return outlines


def test_measure__heights_and_indices():
    found = disc.measure(lateral(stack(LEVELS)))
    for name in ("disc_height_anterior", "disc_height_middle", "disc_height_posterior"):
        assert value(found, name, "L2-L3") == pytest.approx(12, abs=0.1)
    assert value(found, "disc_farfan_index", "L2-L3") == pytest.approx(100 * 24 / 60, abs=0.5)
    assert value(found, "disc_body_index", "L2-L3") == pytest.approx(100 * 12 / 45, abs=0.5)
    assert value(found, "disc_wedge", "L2-L3") == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("share", [0.75, 0.5, 0.25])
def test_measure__narrowed_disc_against_neighbours(share):
    outlines = {level: rounded(ring, 5, noise=0.2) for level, ring in halved(share).items()}
    found = value(disc.measure(lateral(outlines)), "disc_against_neighbours", "L3-L4")
    assert found == pytest.approx(100 * share, abs=3)


@pytest.mark.parametrize("degrees", [17, -30])
def test_measure__turned_film(degrees):
    same_values(disc.measure(lateral(halved())), disc.measure(lateral(turned(halved(), degrees))))


def test_measure__mirrored_film():
    tilted = {level: body((300, 100 + 57 * row), 60, 45, 6 * row) for row, level in enumerate(LEVELS)}
    same_values(disc.measure(lateral(tilted)), disc.measure(lateral(mirrored(tilted), right=False)))


def same_values(plain: list, changed: list) -> None:
    """Two films' measurements say the same."""
    for before, after in zip(plain, changed, strict=True):
        assert (before.name, before.where) == (after.name, after.where)
        assert (before.value is None) == (after.value is None)
        if before.value is not None:
            assert after.value == pytest.approx(before.value, abs=0.05)


def test_measure__wedge_is_positive_when_open_in_front():
    outlines = {"L4": body((300, 300), 60, 45, 0), "L5": body((300, 360), 60, 45, 8)}
    found = disc.measure(lateral(outlines))
    assert value(found, "disc_wedge", "L4-L5") == pytest.approx(8, abs=0.3)
    assert value(found, "disc_height_anterior", "L4-L5") > value(found, "disc_height_posterior", "L4-L5")


def test_measure__slip_adds_no_height():
    outlines = {"L4": body((315, 300), 60, 45), "L5": body((300, 357), 60, 45)}
    assert value(disc.measure(lateral(outlines)), "disc_height_posterior", "L4-L5") == pytest.approx(12, abs=0.1)


def test_measure__fused_bodies_have_no_disc():
    outlines = stack(LEVELS)
    outlines["L4"] = outlines["L4"] - [0, 12]
    assert "fused" in one(disc.measure(lateral(outlines)), "disc_height_middle", "L3-L4").reason


def test_measure__a_missed_vertebra_makes_no_disc():
    outlines = {"L1": body((300, 100), 60, 45), "L2": body((300, 214), 60, 45)}
    assert "not found" in one(disc.measure(lateral(outlines)), "disc_height_middle", "L1-L2").reason


def test_measure__absent_neighbour_is_named():
    found = disc.measure(lateral(stack(between("L1", "L3"))))
    assert one(found, "disc_height_middle", "L3-L4").reason == "L4 was not found"


def test_measure__error_covers_noise():
    rng = np.random.default_rng(1)
    sd = 0.11 * 45
    plain = one(disc.measure(lateral(stack(LEVELS), quality=PREDICTED)), "disc_height_middle", "L2-L3")
    spread = [
        disc.middle_height(np.stack([stack(LEVELS)["L2"], stack(LEVELS)["L3"]]) + rng.normal(0, sd, (2, 4, 2)))
        for _ in range(800)
    ]
    assert plain.error == pytest.approx(1.96 * np.std(spread), rel=0.15)
