import numpy as np
import pandas as pd
import pytest

from spineyolo.evaluate import resampling


def rows(films: int, each: int = 4, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    names = np.repeat([f"film{number}" for number in range(films)], each)
    return pd.DataFrame({"film": names, "x": rng.normal(size=len(names)), "y": rng.normal(size=len(names))})


def test_correlation__is_of_ranks() -> None:
    table = rows(10).assign(y=lambda t: np.exp(3 * t["x"]))
    found = resampling.correlation(table, "x", "y")
    assert found.figure == pytest.approx(1) and found.interval == pytest.approx((1, 1)) and found.films == 10


def test_correlation__of_nothing_has_0_inside() -> None:
    low, high = resampling.correlation(rows(30), "x", "y").interval
    assert low < 0 < high


def test_correlation__leaves_out_what_has_no_value() -> None:
    table = rows(10)
    table.loc[table["film"] == "film3", "x"] = np.nan
    assert resampling.correlation(table, "x", "y").films == 9


@pytest.mark.parametrize("table", [rows(3), rows(10).assign(x=2.0)])
def test_correlation__tests_nothing_on_few_or_equal(table: pd.DataFrame) -> None:
    assert resampling.correlation(table, "x", "y").lacks


def test_difference__of_means_between_groups() -> None:
    table = rows(10).assign(group=lambda t: t.index % 2 == 0, y=lambda t: np.where(t["group"], 3.0, 1.0))
    found = resampling.difference(table, table["group"], table["y"], ("even", "odd"))
    assert found.figure == pytest.approx(2) and found.interval == pytest.approx((2, 2))
    assert found.detail == "(3.00 over 20 even, 1.00 over 20 odd.)"


def test_difference__films_that_are_alike_widen_the_interval() -> None:
    alone = rows(40, each=1, seed=1)
    alone = alone.assign(group=lambda t: t.index % 2 == 0)
    copied = alone.loc[alone.index.repeat(25)].reset_index(drop=True)
    one, many = (resampling.difference(t, t["group"], t["y"], ("even", "odd")).interval for t in (alone, copied))
    assert many == pytest.approx(one)  # 25 copies of a vertebra are no more evidence than one


def test_difference__a_group_on_few_films() -> None:
    table = rows(10).assign(group=lambda t: t["film"].isin(["film0", "film1"]))
    found = resampling.difference(table, table["group"], table["y"], ("these", "others"))
    assert found.lacks == "2 films with these, 4 are needed"


def test_share__interval_is_the_binomial_one() -> None:
    table = rows(400, each=1).assign(hit=lambda t: t.index < 100)
    found = resampling.share(table, table["hit"], "rows")
    spread = 1.96 * np.sqrt(0.25 * 0.75 / 400)
    assert found.figure == 0.25 and found.interval == pytest.approx((0.25 - spread, 0.25 + spread), abs=0.008)
    assert found.detail == "(100 of 400 rows.)"


def test_share__of_few_films() -> None:
    assert resampling.share(rows(2), rows(2)["x"] > 0, "rows").lacks == "2 films with rows, 4 are needed"
