"""Disputed levels: a row that its looks place one lower is told from one they agree with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.detect import Detections
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.disputes import Dispute, judge, summary
from spineyolo.film import Vertebra

NAMED = ("T8", "T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4")


def _square(row: int) -> np.ndarray:
    return np.array([[100, 40 * row], [130, 40 * row], [130, 40 * row + 30], [100, 40 * row + 30]], np.float32)


def _case() -> Case:
    vertebrae = tuple(Vertebra(level, _square(row + 1)) for row, level in enumerate(NAMED))
    return Case(Path("film.png"), "drawn", False, "", (0, 0, 300, 480), vertebrae)


def _found(shift: int) -> Detections:
    """Candidates on every labelled vertebra, whose best score is that of the level `shift` further down."""
    polygons = tuple(_square(row + 1) for row in range(len(NAMED)))
    boxes = np.array([[*polygon[0], *polygon[2]] for polygon in polygons], np.float32)
    scores = np.zeros((len(NAMED), len(LEVELS)), np.float32)
    for row, level in enumerate(NAMED):
        scores[row, INDEX[level] + shift] = 0.8
        scores[row, INDEX[level]] += 0.1
    return Detections(boxes, scores, polygons)


@pytest.mark.parametrize("shift", [-1, 1])
def test_judge__looks_of_the_next_level(shift: int) -> None:
    found = judge(_case(), _found(shift))
    assert (found.looks, found.chain) == (shift, shift)
    assert found.lead == pytest.approx(len(NAMED) * np.log(0.8 / 0.1), rel=1e-3)


def test_judge__looks_agree() -> None:
    found = judge(_case(), _found(0))
    assert (found.looks, found.lead, found.chain) == (0, 0.0, 0)


def test_judge__nothing_found() -> None:
    none = Detections(np.zeros((0, 4), np.float32), np.zeros((0, 24), np.float32), ())
    assert judge(_case(), none) == Dispute("film", False, 0, 0.0, None)


def test_summary__counts_what_looks_explain() -> None:
    films = [Dispute("a", False, 1, 5.0, 1), Dispute("b", False, 0, 0.0, -1), Dispute("c", True, 0, 0.0, 0)]
    table = summary(films).set_index("films")
    assert table.loc["all", "looks +1"] == "1"
    assert (table.loc["all", "chain shifted"], table.loc["all", "of these, by the looks' shift"]) == ("2", "1")
    assert table.loc["without flawed", "number"] == "2"
