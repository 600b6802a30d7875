"""Each hypothesis on films where it is made true, made false, or has nothing to it."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.evaluate import bootstrap
from spineyolo.evaluate.errors import Kind, Reason
from spineyolo.evaluate.hypotheses import HYPOTHESES, SHOULDER
from spineyolo.evaluate.hypothesis import Hypothesis, Verdict, examine

COUNT = 40
Effect = Callable[[pd.DataFrame, np.random.Generator, int], None]
BY_NAME = {hypothesis.name: hypothesis for hypothesis in HYPOTHESES}


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the usual resamples: the effects are plain, and the tests are to be fast."""
    monkeypatch.setattr(bootstrap, "film_counts", partial(bootstrap.film_counts, resamples=200))


def films(effect: Effect | None = None, sign: int = 1, seed: int = 7) -> pd.DataFrame:
    """T1 to L5 on every film, a tenth not found at random; then an effect of this sign."""
    parts = []
    for number in range(COUNT):
        rng = np.random.default_rng([seed, number])
        levels = LEVELS[7:]
        part = pd.DataFrame({"film": f"film{number:02d}", "level": levels, "vertebra": True})
        part["place"] = range(len(levels))
        part["from_end"] = np.minimum(part["place"], len(levels) - 1 - part["place"])
        part["view"], part["field"] = "lateral" if number % 2 else "AP", "whole spine"
        part["flawed"] = number % 5 == 0
        part["cobb_deg"] = rng.uniform(5, 60)
        part["contrast_ratio"], part["implant"] = rng.normal(1, 0.2, len(levels)), number % 3 == 0
        part["height_share"] = rng.uniform(0.02, 0.04, len(levels))
        part["iou"] = rng.uniform(0.6, 0.9, len(levels))
        part["shift"] = np.where(rng.random(len(levels)) < 0.1, np.nan, 0.0)
        part["reason"] = np.where(rng.random(len(levels)) < 0.5, str(Reason.UNSEEN), str(Reason.WEAK))
        part["margin"], part["beyond"] = rng.uniform(0, 10), int(rng.random() < 0.5)
        if effect is not None:
            effect(part, rng, sign)
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    lost = table["shift"].isna()
    table.loc[lost, "iou"] = 0.0
    table["kind"] = np.where(lost, str(Kind.MISSED), str(Kind.RIGHT))
    return table.assign(named_right=table["shift"] == 0)


def per_film(table: pd.DataFrame) -> pd.DataFrame:
    grouped = table.groupby("film")
    result = grouped[["cobb_deg", "margin", "beyond", "flawed", "view", "field"]].first().reset_index()
    result["found"] = grouped["iou"].agg(lambda ious: (ious > 0).mean()).to_numpy()
    result["named_right"] = grouped["named_right"].mean().to_numpy()
    low, high = grouped["shift"].min().to_numpy(), grouped["shift"].max().to_numpy()
    return result.assign(shift=np.where(low == high, low, np.nan))


def lose(part: pd.DataFrame, rng: np.random.Generator, group: pd.Series, sign: int) -> None:
    """Miss half of a group (or, with sign -1, of the rest)."""
    part.loc[(group if sign > 0 else ~group) & (rng.random(len(part)) < 0.5), "shift"] = np.nan


def curvature(part: pd.DataFrame, rng: np.random.Generator, sign: int) -> None:
    wrong = (part["cobb_deg"].iloc[0] > 30) == (sign > 0)
    part.loc[part["shift"].notna() & wrong, "shift"] = 1.0


def contrast(part: pd.DataFrame, rng: np.random.Generator, sign: int) -> None:
    lose(part, rng, part["contrast_ratio"] < 1, sign)


def whole_film(part: pd.DataFrame, rng: np.random.Generator, sign: int) -> None:
    shifted = part["shift"].notna() if sign > 0 else part["shift"].notna() & (part["place"] > 8)
    if rng.random() < 0.5:
        part.loc[shifted, "shift"] = 1.0


def ends(part: pd.DataFrame, rng: np.random.Generator, sign: int) -> None:
    lose(part, rng, part["from_end"] < 2, sign)


def shoulder(part: pd.DataFrame, rng: np.random.Generator, sign: int) -> None:
    if part["view"].iloc[0] == "lateral":
        lose(part, rng, part["level"].isin(SHOULDER), sign)


def implants(part: pd.DataFrame, rng: np.random.Generator, sign: int) -> None:
    lose(part, rng, part["implant"], sign)


def part_views(part: pd.DataFrame, rng: np.random.Generator, sign: int) -> None:
    is_part = rng.random() < 0.5
    part["field"] = "lumbar" if is_part else "whole spine"
    if is_part == (sign > 0) and rng.random() < 0.8:
        part.loc[part["shift"].notna(), "shift"] = -1.0


def jumps(part: pd.DataFrame, rng: np.random.Generator, sign: int) -> None:
    found = np.flatnonzero(part["shift"].notna())
    step, shifts = 0.0, part["shift"].to_numpy(copy=True)
    for above, here in pairwise(found):
        step += ((here - above > 1) == (sign > 0)) and rng.random() < 0.7
        shifts[here] = step
    part["shift"] = shifts


def flawed(part: pd.DataFrame, rng: np.random.Generator, sign: int) -> None:
    if part["flawed"].iloc[0] == (sign > 0):
        part.loc[part["shift"].notna(), "shift"] = 1.0


def column_ends(part: pd.DataFrame, rng: np.random.Generator, sign: int) -> None:
    if (part["beyond"].iloc[0] > 0) == (sign > 0) and rng.random() < 0.8:
        part.loc[part["shift"].notna(), "shift"] = 1.0


def margin(part: pd.DataFrame, rng: np.random.Generator, sign: int) -> None:
    if (part["margin"].iloc[0] < 5) == (sign > 0) and rng.random() < 0.8:
        part.loc[part["shift"].notna(), "shift"] = 1.0


def seen(part: pd.DataFrame, rng: np.random.Generator, sign: int) -> None:
    part["reason"] = np.where(rng.random(len(part)) < 0.9, *(str(r) for r in (Reason.WEAK, Reason.UNSEEN)[::sign]))


def size(part: pd.DataFrame, rng: np.random.Generator, sign: int) -> None:
    part["iou"] = 0.75 + sign * 5 * (part["height_share"] - 0.03)


EFFECTS: dict[str, Effect] = {
    "curvature": curvature,
    "contrast": contrast,
    "whole film": whole_film,
    "ends": ends,
    "shoulder": shoulder,
    "implants": implants,
    "part views": part_views,
    "jumps": jumps,
    "flawed labels": flawed,
    "column ends": column_ends,
    "margin": margin,
    "seen but lost": seen,
    "size": size,
}


def verdict(hypothesis: Hypothesis, table: pd.DataFrame) -> Verdict:
    return examine(hypothesis, table, per_film(table)).verdict


def test_hypotheses__each_is_tried_here_and_named_once() -> None:
    assert [hypothesis.name for hypothesis in HYPOTHESES] == list(EFFECTS)


@pytest.mark.parametrize("name", EFFECTS)
def test_examine__supported_where_it_is_made_true(name: str) -> None:
    assert verdict(BY_NAME[name], films(EFFECTS[name])) is Verdict.SUPPORTED


@pytest.mark.parametrize("name", EFFECTS)
def test_examine__contradicted_where_the_contrary_is(name: str) -> None:
    assert verdict(BY_NAME[name], films(EFFECTS[name], -1)) is Verdict.CONTRADICTED


@pytest.mark.parametrize("name", ["curvature", "contrast", "ends", "implants", "seen but lost"])
def test_examine__mostly_undecided_where_there_is_nothing_to_it(name: str) -> None:
    # An interval of 95 % leaves out the null value once in twenty; twice in four would be a fault.
    verdicts = [verdict(BY_NAME[name], films(seed=seed)) for seed in range(4)]
    assert verdicts.count(Verdict.UNDECIDED) >= 3


@pytest.mark.parametrize("name", ["part views", "whole film"])
def test_examine__not_tested_where_there_is_no_such_film(name: str) -> None:
    table = films()
    result = examine(BY_NAME[name], table, per_film(table))
    assert result.verdict is Verdict.UNTESTED and result.shows.startswith("Not tested: 0 films with")
    assert result.as_record()["value"] is None


def test_examine__tells_the_figure_its_interval_and_its_parts() -> None:
    table = films(ends)
    result = examine(BY_NAME["ends"], table, per_film(table))
    at_ends = table["from_end"] < 2
    lost = table["shift"].isna()
    assert result.value == pytest.approx(lost[at_ends].mean() - lost[~at_ends].mean())
    assert result.low < result.value < result.high and result.films == COUNT
    assert f"{lost[at_ends].mean():.2f} over {at_ends.sum()} vertebrae at the ends" in result.shows


def test_shoulder__is_c7_to_t4() -> None:
    assert [INDEX[level] for level in SHOULDER] == list(range(INDEX["C7"], INDEX["T4"] + 1))
