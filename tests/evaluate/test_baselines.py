import numpy as np
import pytest

from spineyolo.anatomy import INDEX
from spineyolo.evaluate.baselines import class_agnostic_argmax, count_down, count_up


def looks(*best: tuple[str, float]) -> np.ndarray:
    scores = np.full((len(best), 24), 0.01)
    for row, (level, score) in enumerate(best):
        scores[row, INDEX[level]] = score
    return scores


def boxes_at(*y0: float) -> np.ndarray:
    return np.array([[50.0, y, 90.0, y + 30] for y in y0])


def test_class_agnostic_argmax__every_level_is_a_rival() -> None:
    boxes = boxes_at(10, 12, 14, 60)
    scores = looks(("T1", 0.5), ("T1", 0.9), ("T2", 0.6), ("T1", 0.4))
    assert class_agnostic_argmax(boxes, scores) == (None, "T1", None, "T1")


def test_class_agnostic_argmax__what_was_dropped_drops_nothing() -> None:
    boxes = boxes_at(10, 20, 30)  # neighbours overlap by half, the first and the last hardly
    scores = looks(("T1", 0.9), ("T2", 0.5), ("T3", 0.4))
    assert class_agnostic_argmax(boxes, scores, iou=0.4) == ("T1", None, "T3")


def test_count_down__from_a_given_level_or_the_first_ones_own() -> None:
    boxes = boxes_at(90, 10, 50, 130)
    scores = looks(("L1", 0.9), ("T11", 0.8), ("T11", 0.7), ("L2", 0.1))
    assert count_down(boxes, scores, first="T1") == ("T3", "T1", "T2", None)
    assert count_down(boxes, scores) == ("L1", "T11", "T12", None)


def test_count_down__no_name_beyond_the_last() -> None:
    assert count_down(boxes_at(10, 50), looks(("L5", 0.9), ("L5", 0.8))) == ("L5", None)


def test_count_up__a_partial_view_is_named_as_if_it_ended_at_l5() -> None:
    boxes, scores = boxes_at(10, 50, 90), looks(("T4", 0.9), ("T5", 0.8), ("T6", 0.7))
    assert count_up(boxes, scores) == ("L3", "L4", "L5")
    assert count_up(boxes, scores, last="T6") == ("T4", "T5", "T6")


@pytest.mark.parametrize("baseline", [class_agnostic_argmax, count_down, count_up])
def test_baselines__nothing_found(baseline) -> None:  # type: ignore[no-untyped-def]
    assert baseline(np.zeros((0, 4)), np.zeros((0, 24))) == ()
    assert len(baseline(boxes_at(10), looks(("L1", 0.02)))) == 1
