import time

import numpy as np
import pytest

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.numbering import number


def column(
    top: str, bottom: str, height_px: float = 30.0, margin_px: float = 5.0
) -> tuple[np.ndarray, np.ndarray, int, list[str]]:
    """A straight column: boxes, score vectors that are right but unsure, film height px, true levels."""
    levels = list(LEVELS[INDEX[top] : INDEX[bottom] + 1])
    spacing = 1.35 * height_px
    y0 = margin_px + spacing * np.arange(len(levels))
    boxes = np.stack([np.full(len(levels), 50.0), y0, np.full(len(levels), 90.0), y0 + height_px], axis=1)
    scores = np.full((len(levels), 24), 0.01)
    for row, level in enumerate(levels):
        for offset, score in ((0, 0.5), (-1, 0.2), (1, 0.2)):
            if 0 <= INDEX[level] + offset < 24:
                scores[row, INDEX[level] + offset] = score
    return boxes.astype(np.float32), scores.astype(np.float32), int(y0[-1] + height_px + margin_px), levels


@pytest.mark.parametrize("first", range(0, 22, 3))
@pytest.mark.parametrize("length", [3, 6, 12, 24])
def test_number__every_window(first: int, length: int) -> None:
    boxes, scores, height, levels = column(LEVELS[first], LEVELS[min(23, first + length - 1)])
    assert list(number(boxes, scores, height).levels) == levels


def test_number__order_of_candidates_does_not_matter() -> None:
    boxes, scores, height, levels = column("T3", "L2")
    shuffled = np.random.default_rng(0).permutation(len(levels))
    assert list(number(boxes[shuffled], scores[shuffled], height).levels) == [levels[i] for i in shuffled]


def test_number__one_wrong_look_is_outvoted() -> None:
    boxes, scores, height, levels = column("T1", "L5")
    scores[8] = np.roll(scores[8], 1)
    assert list(number(boxes, scores, height).levels) == levels


@pytest.mark.parametrize("missing", [1, 5, 11])
def test_number__missing_vertebra_leaves_a_gap(missing: int) -> None:
    boxes, scores, height, levels = column("T1", "L5")
    left = np.delete(np.arange(17), missing)
    assert list(number(boxes[left], scores[left], height).levels) == [levels[i] for i in left]


def test_number__duplicate_and_false_candidates_are_set_aside() -> None:
    boxes, scores, height, levels = column("T1", "L5")
    false = np.float32([[50, boxes[7, 3] - 5, 90, boxes[8, 1] + 5]])
    boxes = np.concatenate([boxes, boxes[4:5] + 4, false])
    scores = np.concatenate([scores, scores[4:5] * 0.3, np.full((1, 24), 0.05, np.float32)])
    assert list(number(boxes, scores, height).levels) == [*levels, None, None]


def test_number__mirrored_film_gets_the_same_names() -> None:
    boxes, scores, height, levels = column("C3", "L5")
    mirrored = boxes.copy()
    mirrored[:, [0, 2]] = 200 - boxes[:, [2, 0]]
    assert list(number(mirrored, scores, height).levels) == levels


def test_number__ambiguous_looks_have_a_small_margin() -> None:
    boxes, scores, height, _ = column("T4", "T8")
    blurred = np.full_like(scores, 0.05)
    assert number(boxes, blurred, height).margin < 0.1 < number(boxes, scores, height).margin


def test_number__nothing_found() -> None:
    assert number(np.zeros((0, 4), np.float32), np.zeros((0, 24), np.float32), 100).levels == ()


def test_number__is_fast_enough() -> None:
    boxes, scores, height, _ = column("C1", "L5")
    start = time.perf_counter()
    number(boxes, scores, height)
    assert time.perf_counter() - start < 0.25
