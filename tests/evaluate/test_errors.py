from typing import Any

import pytest
from drawn_errors import BODY_PX, PITCH_PX, TOP_PX, at, body, film

from spineyolo.anatomy import LEVELS
from spineyolo.evaluate.errors import ERRORS, Finding, Kind, Reason, find
from spineyolo.evaluate.levels import SURE_SCORE

COLUMN = ("T4", "T5", "T6", "T7")
RIGHT = [at(place, level) for place, level in enumerate(COLUMN)]
PART = LEVELS[3:20]  # what a source might label


def y_of(place: int) -> float:
    return TOP_PX + PITCH_PX * place


def kinds(predictions: list[dict[str, Any]], labelled: tuple[str, ...] = LEVELS) -> list[Kind]:
    return [finding.kind for finding in find(film(COLUMN, predictions), labelled)]


def vertebra(predictions: list[dict[str, Any]], level: str = "T5") -> Finding:
    found = [f for f in find(film(COLUMN, predictions)) if f.is_vertebra and f.level == level]
    assert len(found) == 1
    return found[0]


def test_find__perfect_film_has_no_error() -> None:
    assert kinds(RIGHT) == [Kind.RIGHT] * 4


def test_find__nothing_predicted() -> None:
    findings = find(film(COLUMN, []))
    assert {(f.kind, f.reason) for f in findings} == {(Kind.MISSED, Reason.UNSEEN)} and len(findings) == 4


def test_find__nothing_labelled() -> None:
    assert [f.kind for f in find(film((), [at(0, "T4")]))] == [Kind.FALSE]


@pytest.mark.parametrize("shift", [-2, -1, 1, 3])
def test_find__whole_film_shifted(shift: int) -> None:
    moved = [at(place, LEVELS[LEVELS.index(level) + shift]) for place, level in enumerate(COLUMN)]
    findings = find(film(COLUMN, moved))
    assert {(f.kind, f.shift) for f in findings} == {(Kind.SHIFTED, shift)}


def test_find__swapped_is_not_shifted() -> None:
    swapped = [RIGHT[0], at(1, "T6"), at(2, "T5"), RIGHT[3]]
    assert kinds(swapped) == [Kind.RIGHT, Kind.SWAPPED, Kind.SWAPPED, Kind.RIGHT]


def test_find__wrong_level_without_partner_is_shifted() -> None:
    assert kinds([RIGHT[0], at(1, "T6"), at(2, "T7"), RIGHT[3]])[1:3] == [Kind.SHIFTED, Kind.SHIFTED]


@pytest.mark.parametrize(
    ("height", "kind"), [(29, Kind.RIGHT), (23, Kind.RIGHT), (22, Kind.POOR_MASK), (16, Kind.POOR_MASK)]
)
def test_find__mask_is_poor_below_075(height: int, kind: Kind) -> None:
    partial = body("T5", y_of(1), y_of(1) + height, score=0.9)  # IoU: height of 30
    found = vertebra([RIGHT[0], partial, *RIGHT[2:]])
    assert found.kind is kind and found.iou == pytest.approx(height / BODY_PX)


def test_find__wrong_level_outranks_poor_mask() -> None:
    assert vertebra([body("T6", y_of(1), y_of(1) + 18, score=0.9)]).kind is Kind.SHIFTED


def test_find__merged_into_one_outline() -> None:
    both = body("T5", y_of(1), y_of(2) + BODY_PX, score=0.9)
    assert kinds([RIGHT[0], both, RIGHT[3]]) == [Kind.RIGHT, Kind.MERGED, Kind.MERGED, Kind.RIGHT]


def test_find__outline_over_two_that_matches_one() -> None:
    more = body("T5", y_of(1), y_of(2) + 16, score=0.9)  # 30 of 56 rows are T5's, 16 of 30 rows of T6 are covered
    assert kinds([RIGHT[0], more, RIGHT[3]])[1:3] == [Kind.POOR_MASK, Kind.MERGED]


def test_find__split_counts_once() -> None:
    halves = [body("T5", y_of(1), y_of(1) + 14, score=0.9), body("T6", y_of(1) + 15, y_of(1) + 30, score=0.8)]
    assert kinds([RIGHT[0], *halves, *RIGHT[2:]]) == [Kind.RIGHT, Kind.SPLIT, Kind.RIGHT, Kind.RIGHT]


def test_find__split_although_one_piece_matches() -> None:
    pieces = [body("T5", y_of(1), y_of(1) + 18, score=0.9), body("T6", y_of(1) + 19, y_of(1) + 30, score=0.8)]
    assert kinds([RIGHT[0], *pieces, *RIGHT[2:]])[1:] == [Kind.SPLIT, Kind.RIGHT, Kind.RIGHT]


def test_find__pieces_that_repeat_each_other_are_a_duplicate() -> None:
    pieces = [body("T5", y_of(1), y_of(1) + 18, score=0.9), body("T6", y_of(1), y_of(1) + 14, score=0.8)]
    assert kinds([RIGHT[0], *pieces, *RIGHT[2:]]) == [
        Kind.RIGHT,
        Kind.POOR_MASK,
        Kind.RIGHT,
        Kind.RIGHT,
        Kind.DUPLICATE,
    ]


def test_find__duplicate_of_a_right_one() -> None:
    assert kinds([*RIGHT, at(1, "T6", 0.5)])[4:] == [Kind.DUPLICATE]


def test_find__false_beside_the_column() -> None:
    assert kinds([*RIGHT, body("T6", 150, 180, 150, 190, score=0.5)], PART)[4:] == [Kind.FALSE]


@pytest.mark.parametrize(("place", "above"), [(-1, True), (4, False)])
def test_find__beyond_the_labelled_column_of_a_part_labelled_source(place: int, above: bool) -> None:
    extra = find(film(COLUMN, [*RIGHT, at(place, "T3")]), PART)[4:]
    assert [(f.kind, f.above) for f in extra] == [(Kind.UNLABELLED, above)]
    assert kinds([*RIGHT, at(place, "T3")], LEVELS)[4:] == [Kind.FALSE]


def test_find__beyond_the_end_and_cut_by_the_film_is_unlabelled() -> None:
    moved = [body(level, y0, y0 + 30) for level, y0 in zip(COLUMN, (22, 62, 102, 142), strict=True)]
    pair = film(COLUMN, [body("T3", 0, 15, score=0.5)])
    pair.truths[:] = moved
    assert find(pair)[4].kind is Kind.UNLABELLED


def test_find__far_aside_of_the_end_is_false() -> None:
    assert kinds([*RIGHT, body("T3", 60, 90, 0, 30, score=0.5)], PART)[4:] == [Kind.FALSE]


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (at(1, "T5", SURE_SCORE - 0.01), Reason.WEAK),
        (at(1, "T5", 0.9, dropped=True), Reason.SET_ASIDE),
        (at(1, "T5", 0.1, dropped=True), Reason.WEAK),
        (body("T5", 140, 154, score=0.9), Reason.OUTLINE),  # 14 of 30 rows
        (body("T5", 140, 145, score=0.1), Reason.UNSEEN),
    ],
)
def test_find__why_missed(candidate: dict[str, Any], reason: Reason) -> None:
    findings = find(film(COLUMN, [RIGHT[0], candidate, *RIGHT[2:]]))
    assert [f.kind for f in findings] == [Kind.RIGHT, Kind.MISSED, Kind.RIGHT, Kind.RIGHT]  # no surplus of it
    assert findings[1].reason is reason


def test_find__second_bad_outline_of_a_missed_one_is_surplus() -> None:
    bad = [body("T5", 140, 154, score=0.9), body("T5", 141, 153, score=0.8)]
    assert kinds([RIGHT[0], *bad, *RIGHT[2:]])[4:] == [Kind.DUPLICATE]


def test_find__each_vertebra_and_surplus_is_of_one_kind() -> None:
    mess = [at(0, "T5"), at(0, "T4", 0.4), body("T6", 150, 210, score=0.7), body("C3", 700, 730, score=0.6)]
    findings = find(film(COLUMN, mess))
    assert [f.truth for f in findings if f.is_vertebra] == [0, 1, 2, 3]
    used = [f.prediction for f in findings if f.prediction is not None]
    assert len(used) == len(set(used)) and set(used) <= set(range(len(mess)))
    assert set(ERRORS) | {Kind.RIGHT, Kind.UNLABELLED} == set(Kind)
