"""A hypothesis about errors: the figure that would show it, and what its 95 % interval says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from spineyolo.evaluate.resampling import Sample


class Verdict(StrEnum):
    """What a figure's interval says."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    UNDECIDED = "undecided"
    UNTESTED = "not tested"


@dataclass(frozen=True)
class Hypothesis:
    """One hypothesis.

    Attributes:
        name: short, for tables.
        statement: what is supposed.
        figure: what is measured to see it.
        null: the figure's value if there is nothing to it.
        sign: +1 if a larger figure speaks for it, -1 if a smaller one does.
        sample: what it is tested on, from `error_tables.finding_table` and `film_table`.
        if_so: what follows if it is supported.
        if_not: what follows if it is contradicted.
    """

    name: str
    statement: str
    figure: str
    null: float
    sign: int
    sample: Callable[[pd.DataFrame, pd.DataFrame], Sample]
    if_so: str
    if_not: str


@dataclass(frozen=True)
class Result:
    """A tested hypothesis: its figure with the 95 % interval over films, and what that shows."""

    hypothesis: Hypothesis
    verdict: Verdict
    value: float
    low: float
    high: float
    films: int
    shows: str

    def as_record(self) -> dict[str, Any]:
        """Return it as what JSON can hold; None where there is no figure."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        return {
            "name": self.hypothesis.name,
            "statement": self.hypothesis.statement,
            "figure": self.hypothesis.figure,
            "verdict": str(self.verdict),
            **{key: None if np.isnan(number) else round(number, 4) for key, number in numbers.items()},
            "films": self.films,
            "shows": self.shows,
        }


def examine(hypothesis: Hypothesis, findings: pd.DataFrame, films: pd.DataFrame) -> Result:
    """Test one hypothesis: supported if the whole 95 % interval lies on its side of the null value.

    Films are resampled, with all their rows, because the vertebrae of one film are alike.

    Args:
        hypothesis: to be tested.
        findings: of `error_tables.finding_table`.
        films: of `error_tables.film_table`.
    """
    sample = hypothesis.sample(findings, films)
    if sample.lacks:
        return Result(
            hypothesis, Verdict.UNTESTED, np.nan, np.nan, np.nan, sample.films, f"Not tested: {sample.lacks}."
        )
    low, high = sample.interval
    lead = [hypothesis.sign * (end - hypothesis.null) for end in (low, high)]
    verdict = Verdict.SUPPORTED if min(lead) > 0 else Verdict.CONTRADICTED if max(lead) < 0 else Verdict.UNDECIDED
    meaning = {Verdict.SUPPORTED: hypothesis.if_so, Verdict.CONTRADICTED: hypothesis.if_not}
    shows = f"{meaning.get(verdict, 'These films cannot tell.')} {sample.detail}".strip()
    return Result(hypothesis, verdict, sample.figure, low, high, sample.films, shows)
