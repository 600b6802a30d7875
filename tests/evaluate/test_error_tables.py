import numpy as np
import pandas as pd
import pytest
from drawn_errors import at, film, tables

from spineyolo.anatomy import LEVELS, View
from spineyolo.evaluate import error_tables
from spineyolo.evaluate.covariates import Covariates, Origin
from spineyolo.evaluate.report import FilmPair

COLUMN = ("T4", "T5", "T6")


def about(contrast: tuple[float, ...] = (1.0, 2.0, 3.0), source: str = "made") -> Covariates:
    origin = Origin(source, View.AP, False, LEVELS[7:])
    return Covariates(origin, "thoracic", 20.0, contrast, True, (30.0, 30.0, 30.0))


@pytest.fixture
def pairs() -> list[FilmPair]:
    """One film right but for a find beyond, one with T5 missed, T6 named L1 and a find beyond."""
    right = film(COLUMN, [*(at(place, level) for place, level in enumerate(COLUMN)), at(-1, "T3")], "right.png")
    wrong = film(COLUMN, [at(0, "T4", level_margin=2.5), at(2, "L1", level_margin=2.5), at(12, "L5")], "wrong.png")
    wrong.truths.reverse()  # whatever their order, the column's is anatomical
    return [right, wrong]


def test_finding_table__says_what_each_film_and_vertebra_is_like(pairs: list[FilmPair]) -> None:
    table, _ = tables(pairs, [about(), about((9.0, 4.0, 1.0))])
    t6 = table[(table["film"] == "wrong") & (table["level"] == "T6")].iloc[0]
    assert (t6["kind"], t6["shift"], t6["named"], t6["region"]) == ("shifted", 7, "L1", "thoracic")
    assert (t6["contrast"], t6["from_end"], t6["cobb_deg"], t6["view"]) == (9.0, 0, 20.0, "AP")
    assert t6["contrast_ratio"] == pytest.approx(9 / np.median([3, 9])) and not t6["named_right"]
    t5 = table[(table["film"] == "wrong") & (table["level"] == "T5")].iloc[0]
    assert (t5["kind"], t5["reason"], t5["implant"], t5["from_end"]) == ("missed", "not seen", True, 1)
    assert len(table) == 3 + 1 + 3 + 1 and table["vertebra"].sum() == 6


def test_film_table__worst_first(pairs: list[FilmPair]) -> None:
    _, films = tables(pairs, [about(), about()])
    assert films["film"].to_list() == ["wrong", "right"] and films["errors"].to_list() == [2, 0]
    wrong = films.iloc[0]
    assert (wrong["missed"], wrong["shifted"], wrong["beyond"]) == (1, 1, 1)
    assert wrong["found"] == pytest.approx(2 / 3) and wrong["named_right"] == pytest.approx(1 / 3)
    assert wrong["margin"] == 2.5 and np.isnan(wrong["shift"]) and np.isnan(films.iloc[1]["margin"])
    assert films.iloc[1]["shift"] == 0 and films["implant"].all()


def test_counts_by__each_group_adds_up(pairs: list[FilmPair]) -> None:
    table, _ = tables(pairs, [about(), about(source="other")])
    for group in ("source", "view", "field", "region", "level"):
        counts = error_tables.counts_by(table, group)
        assert counts.drop(columns=[group, "vertebrae"]).to_numpy().sum() == len(table)
        assert counts["vertebrae"].sum() == 6
    assert error_tables.counts_by(table, "level")["level"].to_list() == ["T3", "T4", "T5", "T6", "L5"]
    assert error_tables.counts_by(table, "source").set_index("source")["missed"].to_dict() == {"made": 0, "other": 1}


def test_level_matrix__truth_in_rows_and_what_is_not_there_at_the_ends(pairs: list[FilmPair]) -> None:
    table, _ = tables(pairs, [about(), about()])
    matrix = error_tables.level_matrix(table)
    assert matrix.loc["T6"].to_dict() == {"T3": 0, "T4": 0, "T5": 0, "T6": 1, "L1": 1, "L5": 0, "not found": 0}
    assert matrix.loc["T5", "not found"] == 1 and matrix.loc["not labelled", "T3"] == 1
    assert matrix.to_numpy().sum() == len(table)


def test_by_level__shares_and_ap(pairs: list[FilmPair]) -> None:
    table, _ = tables(pairs, [about(), about()])
    figures = {f"mask_AP50_{level}": place / 10 for place, level in enumerate(LEVELS)}
    levels = error_tables.by_level(table, figures).set_index("level")
    assert levels["found"].to_dict() == {"T4": 1.0, "T5": 0.5, "T6": 1.0}
    assert levels["named right"].to_dict() == {"T4": 1.0, "T5": 0.5, "T6": 0.5}
    assert levels.loc["T5", "mask AP50, with levels"] == figures["mask_AP50_T5"]


def test_error_rates__of_the_level_s_vertebrae(pairs: list[FilmPair]) -> None:
    table, _ = tables(pairs, [about(), about()])
    rates = error_tables.error_rates(table)
    assert rates.loc["T5", "missed"] == 0.5 and rates.loc["T6", "shifted"] == 0.5 and rates.loc["T4"].sum() == 0


def test_shift_counts__names_the_sign() -> None:
    table = pd.DataFrame({"kind": ["shifted", "shifted", "shifted", "right"], "shift": [1.0, 1.0, -2.0, 0.0]})
    assert error_tables.shift_counts(table) == {"-2": 1, "+1": 2}
