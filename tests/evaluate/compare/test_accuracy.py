import numpy as np
import pytest
from evaluate.compare import made

from spineyolo.evaluate.bootstrap import film_counts
from spineyolo.evaluate.compare.accuracy import AP_FIGURES, FIGURES, groups, measure, samples
from spineyolo.prediction import Prediction

CASES = [made.case_of(f"film_{number}.png") for number in range(4)]


def figures(predictions: list[Prediction]) -> dict[tuple[str, str], float]:
    found = samples(measure(CASES, predictions), film_counts(np.ones(len(CASES), bool), resamples=5))
    return {key: float(values[0]) for key, values in found.items()}


def test_samples__a_perfect_prediction_reaches_all() -> None:
    found = figures([made.found_on(case) for case in CASES])
    assert [found[name, "all"] for name in FIGURES if name != "boundary_px"] == pytest.approx([1] * (len(FIGURES) - 1))
    assert found["boundary_px", "all"] == pytest.approx(0, abs=1e-5)
    assert found["mask_numbered_mAP50-95", "lumbar"] == found["identification", "T12"] == pytest.approx(1)
    assert np.isnan(found["identification", "cervical"]) and np.isnan(found["mask_numbered_mAP50", "C3"])


def test_samples__one_level_too_low_is_wrong_with_levels_and_right_without() -> None:
    found = figures([made.found_on(case, shift=1) for case in CASES])
    assert found["mask_numbered_mAP50-95", "all"] < 0.07 and found["identification", "T5"] == 0
    assert found["mask_agnostic_mAP50-95", "all"] == found["box_agnostic_mAP75", "all"] == pytest.approx(1)
    assert found["films_all_right", "all"] == 0 and found["detection", "all"] == 1


def test_samples__shares_and_distances_by_hand() -> None:
    moved = [made.found_on(case, down_px=5) for case in CASES]  # 60 × 30 px bodies, 5 px too low
    found = figures([made.without(moved[0], 0), *moved[1:]])
    assert found["identification", "all"] == pytest.approx(67 / 68) and found["identification", "T1"] == 3 / 4
    assert found["films_all_right", "all"] == 3 / 4
    assert found["iou", "lumbar"] == pytest.approx(25 / 35) and found["dice", "L1"] == pytest.approx(25 / 30)
    assert found["iou_all", "T1"] == pytest.approx(3 / 4 * 25 / 35)
    assert pytest.approx(found["boundary_px", "all"], abs=0.2) == 5 * 60 / 90  # the long sides are two thirds


def test_samples__the_figures_are_the_evaluators_own() -> None:
    rng = np.random.default_rng(0)
    shifts = rng.integers(0, 2, len(CASES)).tolist()
    measured = measure(CASES, [made.found_on(c, s, 3.0 * s) for c, s in zip(CASES, shifts, strict=True)])
    found = samples(measured, film_counts(np.ones(len(CASES), bool), resamples=3))
    own = measured.evaluator.summarize()
    assert 0 < own["mask_numbered_mAP50-95"] < 1
    assert [found[name, "all"][0] for name in AP_FIGURES] == pytest.approx([own[name] for name in AP_FIGURES])
    assert found["mask_numbered_mAP50", "lumbar"][0] == pytest.approx(own["mask_AP50_lumbar"])
    assert found["mask_numbered_mAP50", "T7"][0] == pytest.approx(own["mask_AP50_T7"])


def test_groups__sources_and_those_without_flaws() -> None:
    cases = [made.case_of("a.png"), made.case_of("b.png", "side"), made.case_of("c.png", "side")]
    object.__setattr__(cases[2], "flawed", True)
    assert {name: counts[0].tolist() for name, counts in groups(cases).items()} == {
        "ap": [1, 0, 0],
        "side": [0, 1, 1],
        "side without flawed": [0, 1, 0],
    }
