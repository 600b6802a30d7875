import time
from dataclasses import replace

import numpy as np
import pytest
from spines import Spine, bent, looks_of, spine

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.numbering import Costs, number

WINDOWS = [(first, last) for first in range(24) for last in range(first + 2, 24)]
BY_LENGTH = [[window for window in WINDOWS if window[1] - window[0] + 1 == length] for length in range(3, 25)]


def names_of(film: Spine) -> tuple[str | None, ...]:
    return number(film.boxes, film.scores, film.height).names


@pytest.mark.parametrize("windows", BY_LENGTH, ids=lambda windows: f"{windows[0][1] + 1} vertebrae")
def test_number__every_window_with_one_missed_doubled_or_false(windows: list[tuple[int, int]]) -> None:
    rng = np.random.default_rng(len(windows))
    for first, last in windows:
        whole = spine(LEVELS[first], LEVELS[last])
        assert names_of(whole) == whole.names
        for row in {0, len(whole) - 1, *rng.integers(0, len(whole), 2)}:
            missed = whole.without(row)
            assert names_of(missed) == missed.names, f"{whole.names[row]} missed"
            double = whole.plus(whole.boxes[row] + rng.uniform(-5, 5, 4), whole.scores[row] * rng.uniform(0.2, 0.6))
            assert names_of(double) == double.names, f"{whole.names[row]} double"
            if row + 1 < len(whole):
                between = (whole.boxes[row] + whole.boxes[row + 1]) / 2
                false = whole.plus(between, looks_of(rng.integers(0, 24), 0.4, 0.1))
                assert names_of(false) == false.names, f"a false one below {whole.names[row]}"


def test_number__order_of_candidates_does_not_matter() -> None:
    film = spine("T3", "L2")
    shuffled = np.random.default_rng(0).permutation(len(film))
    names = number(film.boxes[shuffled], film.scores[shuffled], film.height).names
    assert names == tuple(film.names[row] for row in shuffled)


@pytest.mark.parametrize("row", range(17))
def test_number__one_wrong_look_is_outvoted(row: int) -> None:
    film = spine("T1", "L5")
    film.scores[row] = looks_of((INDEX["T1"] + row + 2) % 24)
    assert names_of(film) == film.names


def test_number__looks_that_skip_a_level_do_not_part_an_even_column() -> None:
    """Half of the looks one level too low, all confident: no gap may open where the spacing shows none."""
    film = spine("T1", "L4")
    for row in range(9, 16):
        film.scores[row] = looks_of(INDEX["T1"] + row + 1)
    names = [name for name in names_of(film) if name is not None]
    assert np.diff([INDEX[name] for name in names]).max() == 1


def test_number__two_missed_in_a_row() -> None:
    film = spine("T1", "L5").without(7, 8)
    assert names_of(film) == film.names


@pytest.mark.parametrize("swing_deg", [30, 60, 90, 105])
def test_number__severe_scoliosis(swing_deg: float) -> None:
    film = bent(LEVELS[7:], swing_deg)
    heights = film.boxes[:, 1] + film.boxes[:, 3]
    assert (np.diff(heights) < 0).any() == (swing_deg > 90)
    assert names_of(film) == film.names
    for row in range(17) if swing_deg <= 90 else ():
        missed = film.without(row)
        assert names_of(missed) == missed.names


def test_number__mirrored_film_gets_the_same_names() -> None:
    for film in (spine("C3", "L5"), bent(LEVELS[7:], 70).without(4)):
        mirrored = film.boxes.copy()
        mirrored[:, [0, 2]] = 900 - film.boxes[:, [2, 0]]
        assert names_of(replace(film, boxes=mirrored)) == names_of(film) == film.names


@pytest.mark.parametrize("beside_px", [-60, -45, 45, 60])
def test_number__bowel_gas_beside_the_column(beside_px: float) -> None:
    whole = spine("T10", "L5")
    gas = whole.boxes[6] + np.float32([beside_px, 8, beside_px, 8])
    film = whole.without(6).plus(gas, looks_of(INDEX["L4"], 0.45, 0.03))
    assert names_of(film) == film.names


def test_number__a_disc_space_squeezed_in_between_neighbours() -> None:
    """L4 and L5 look alike; what is taken for L4 is the space between them, and it is only half a step away."""
    whole = spine("T8", "L5")
    between = (whole.boxes[7] + whole.boxes[8]) / 2 + np.float32([0, 6, 0, -6])
    film = whole.plus(between, looks_of(INDEX["L4"], 0.5))
    assert names_of(film) == film.names


def test_number__jaw_beside_the_neck() -> None:
    whole = spine("C1", "T2")
    jaw = whole.boxes[3] + np.float32([-60, -10, -50, 0])
    film = whole.plus(jaw, looks_of(INDEX["C4"], 0.6))
    assert names_of(film) == film.names


@pytest.mark.parametrize("row", [3, 9, 15])
def test_number__weak_candidate_closes_a_gap(row: int) -> None:
    film = spine("T1", "L5")
    film.scores[row] = looks_of(INDEX["T1"] + row, 0.04, 0.03)
    assert names_of(film) == film.names


def test_number__weak_candidate_beyond_the_end_is_set_aside() -> None:
    whole = spine("T1", "L5", margin_px=200)
    film = whole.plus(whole.boxes[0] - np.float32([0, 40, 0, 40]), looks_of(INDEX["C7"], 0.03, 0.01))
    assert names_of(film) == film.names


def test_number__three_vertebrae_by_hand() -> None:
    """The example in the module's docstring."""
    boxes = np.float32([[0, y, 30, y + 30] for y in (10, 40, 70)])
    scores = np.full((3, 24), 1e-6, np.float32)
    scores[:, 7:10] = [(0.6, 0.2, 0), (0.5, 0.4, 0), (0, 0.3, 0.6)]
    costs = Costs(emission=1.0, mid_thoracic=1.0, share_floor=1e-4, drop=12.0, gap=2.0)
    numbering = number(boxes, scores, 110, costs)
    assert numbering.names == ("T1", "T2", "T3")
    assert numbering.margin == pytest.approx(np.log(1e4) + np.log(0.6 / 0.3) - np.log(0.5 / 0.4), rel=1e-4)
    assert numbering.margin == pytest.approx(9.68, abs=0.005)
    without = number(boxes[[0, 2]], scores[[0, 2]], 110, costs)
    assert without.names == ("T1", "T3")


def test_number__margin_is_small_where_looks_are_ambiguous() -> None:
    film = spine("T4", "T8")
    blurred = number(film.boxes, np.full_like(film.scores, 0.05), film.height)
    clear = number(film.boxes, film.scores, film.height)
    assert blurred.margin < 0.1 < clear.margin
    assert not blurred.is_sure()


def test_is_sure__by_the_margin_of_the_costs() -> None:
    film = spine("T1", "L5")
    numbering = number(film.boxes, film.scores, film.height)
    assert numbering.is_sure(Costs(sure_margin=numbering.margin - 0.01))
    assert not numbering.is_sure(Costs(sure_margin=numbering.margin + 0.01))


def test_number__nothing_found() -> None:
    nothing = number(np.zeros((0, 4), np.float32), np.zeros((0, 24), np.float32), 100)
    assert nothing.names == () and not nothing.is_sure()


def test_number__one_candidate() -> None:
    film = spine("L3", "L5").without(0, 2)
    assert names_of(film) == ("L4",)


def test_number__specks_alone_are_no_column() -> None:
    film = spine("T4", "T6", margin_px=300)
    specks = number(film.boxes[:1], film.scores[:1] * 0.02, film.height)
    assert specks.names == (None,) and not specks.is_sure()


@pytest.mark.parametrize(("count", "limit_ms"), [(24, 1.0), (200, 20.0)])
def test_number__is_fast_enough(count: int, limit_ms: float) -> None:
    """Five times the limit, in the thread's own time, so that a busy machine does not fail it."""
    film = spine("C1", "L5")
    rng = np.random.default_rng(0)
    while len(film) < count:
        row = rng.integers(0, 24)
        film = film.plus(film.boxes[row] + rng.uniform(-9, 9, 4), film.scores[row] * rng.uniform(0.02, 0.5))
    times = []
    for _ in range(10):
        start = time.thread_time()
        number(film.boxes, film.scores, film.height)
        times.append(1000 * (time.thread_time() - start))
    assert min(times) < 5 * limit_ms
