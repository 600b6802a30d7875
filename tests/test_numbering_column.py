import numpy as np
import pytest
from spines import bent, spine

from spineyolo.anatomy import LEVELS
from spineyolo.numbering import column


def fit(film):  # type: ignore[no-untyped-def]
    return column.fit(film.boxes.astype(float), np.minimum(film.scores.sum(axis=1), 1).astype(float))


def test_fit__straight_column() -> None:
    fitted = fit(spine("T1", "L5"))
    assert fitted.order.tolist() == list(range(17))
    assert np.diff(fitted.arc) == pytest.approx(40.5)
    assert fitted.pitch == pytest.approx(40.5, rel=0.03)
    assert fitted.off == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("swing_deg", [45, 90, 105])
def test_fit__order_along_the_curve(swing_deg: float) -> None:
    film = bent(LEVELS[7:], swing_deg)
    shuffled = np.random.default_rng(1).permutation(17)
    fitted = column.fit(film.boxes[shuffled].astype(float), np.full(17, 0.8))
    assert shuffled[fitted.order].tolist() == list(range(17))
    assert (fitted.off < 0.4).all()


def test_fit__pitch_follows_the_vertebrae_and_not_a_gap() -> None:
    heights = np.linspace(20, 40, 17)
    y0 = np.concatenate([[0], np.cumsum(1.3 * heights[:-1])])
    boxes = np.stack([50 - heights, y0, 50 + heights, y0 + heights], axis=1)
    kept = np.delete(np.arange(17), [6, 12])
    fitted = column.fit(boxes[kept], np.full(15, 0.8))
    assert fitted.pitch == pytest.approx(1.3 * heights[kept], rel=0.12)


def test_fit__what_lies_beside_is_off_the_curve() -> None:
    film = spine("T1", "L5")
    film = film.plus(film.boxes[8] + np.float32([70, 20, 70, 20]), film.scores[8])
    fitted = fit(film)
    off = fitted.off[np.argsort(fitted.order)]
    assert off[-1] > 1.5 and off[:-1].max() < 0.3


def test_fit__beyond_the_ends_distance_counts_less() -> None:
    film = spine("T5", "L5")
    beside = film.boxes[0] + np.float32([40, 0, 40, 0])
    scores = film.scores[0] * 0.1
    near, far = (fit(film.plus(beside - np.float32([0, up, 0, up]), scores)) for up in (0, 200))
    assert far.off[far.order == 13] < 0.5 * near.off[near.order == 13]


@pytest.mark.parametrize("count", [1, 2])
def test_fit__few_candidates(count: int) -> None:
    film = spine("L3", "L5").without(*range(count, 3))
    fitted = fit(film)
    assert fitted.order.tolist() == list(range(count)) and np.isfinite(fitted.pitch).all()


def test_backbone__leaves_side_branches_out() -> None:
    centres = np.array([[0, 40 * row] for row in range(8)] + [[50, 130], [90, 150]], float)
    shuffled = np.random.default_rng(2).permutation(10)
    path = column.backbone(centres[shuffled], np.arange(10))
    assert shuffled[path].tolist() == list(range(8))


def test_confident__on_a_faint_film_half_of_the_best() -> None:
    assert column.confident(np.array([0.9, 0.3, 0.2])).tolist() == [True, True, False]
    assert column.confident(np.array([0.1, 0.06, 0.04])).tolist() == [True, True, False]
