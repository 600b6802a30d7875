"""The error analysis of one prediction file: tables, plots and hypotheses, written down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from spineyolo.errors import BadInputError
from spineyolo.evaluate import error_overlays, error_plots, error_tables, errors, report
from spineyolo.evaluate.covariates import Covariates, Origin, covariates
from spineyolo.evaluate.errors import Finding, Kind
from spineyolo.evaluate.hypotheses import HYPOTHESES
from spineyolo.evaluate.hypothesis import Result, examine
from spineyolo.evaluate.report import FilmPair
from spineyolo.evaluate.tables import markdown
from spineyolo.files import write_atomic

GROUPINGS: Final = ("source", "view", "field", "region", "level")

_NOTES: Final = (
    "Kinds exclude each other (`spineyolo/evaluate/errors.py`): missed; shifted, named another level; swapped, two "
    "under each other's names; poor mask, IoU 0.5 to 0.75; merged and split outlines; of surplus predictions, "
    "duplicate or false. Unlabelled is no error: a find beyond the labelled column, where the source was not asked to "
    "label. Only predictions scored 0.25 or more, and not set aside by numbering, count.",
    "Intervals are 95 % percentile intervals of 1000 resamples of films. Supported: the whole interval lies on the "
    "hypothesis's side of the value in brackets; contradicted: on the other. Each hypothesis is tested by itself, so "
    "that of twenty without substance one is supported.",
)


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything found out about one prediction file on some films.

    Attributes:
        films: in the order of the truth.
        findings: of each film (`errors.find`).
        table: a row a finding (`error_tables.finding_table`).
        film_rows: a row a film, worst first (`error_tables.film_table`).
        levels: a row a level (`error_tables.by_level`).
        results: of the hypotheses.
    """

    films: Sequence[FilmPair]
    findings: Sequence[Sequence[Finding]]
    table: pd.DataFrame
    film_rows: pd.DataFrame
    levels: pd.DataFrame
    results: Sequence[Result]


def look(film: FilmPair, origin: Origin, images: Path) -> tuple[list[Finding], Covariates]:
    """Return what became of one film's vertebrae, and what the film is like.

    Raises:
        BadInputError: if the film cannot be read, or is of another size than the truth says.
    """
    return errors.find(film, origin.labelled), covariates(film, origin, images)


def analyse(films: Sequence[FilmPair], looked: Sequence[tuple[list[Finding], Covariates]]) -> Analysis:
    """Return the analysis of films, each with what `look` says of it.

    Raises:
        BadInputError: if no vertebra is labelled on any of them.
    """
    findings, known = [found for found, _ in looked], [about for _, about in looked]
    if not any(film.truths for film in films):
        raise BadInputError(films[0].image["file_name"], "labelled vertebrae", "none, nor on the other films")
    table = error_tables.finding_table(films, findings, known)
    film_rows = error_tables.film_table(table, films, known)
    levels = error_tables.by_level(table, report.figures(list(films)))
    results = [examine(hypothesis, table, film_rows) for hypothesis in HYPOTHESES]
    return Analysis(films, findings, table, film_rows, levels, results)


def count_table(analysis: Analysis) -> pd.DataFrame:
    """Return the counts of every kind by source, view, field, region and level, below each other, and of all."""
    parts = [
        error_tables.counts_by(analysis.table, group).rename(columns={group: "group"}).assign(by=group)
        for group in GROUPINGS
    ]
    whole = error_tables.counts_by(analysis.table.assign(all="all films"), "all").rename(columns={"all": "group"})
    table = pd.concat([whole.assign(by="all"), *parts], ignore_index=True)
    return table[["by", *(column for column in table.columns if column != "by")]]


def hypothesis_table(results: Sequence[Result]) -> pd.DataFrame:
    """Return the hypotheses as text, a row each."""
    rows = []
    for number, result in enumerate(results, start=1):
        tested = not np.isnan(result.value)
        figure = f"{result.value:+.2f} [{result.low:+.2f}, {result.high:+.2f}]" if tested else "-"
        hypothesis = result.hypothesis
        rows.append(
            {
                "no.": str(number),
                "hypothesis": hypothesis.statement,
                "figure (without substance)": f"{hypothesis.figure} ({hypothesis.null:g})",
                "measured": figure,
                "films": str(result.films),
                "verdict": str(result.verdict),
                "what it shows": result.shows,
            }
        )
    return pd.DataFrame(rows)


def write(analysis: Analysis, folder: Path, name: str, about: Mapping[str, str]) -> list[Path]:
    """Write `NAME.md`, `NAME.json`, `NAME.csv` (counts) and three plots beside them; no film's pixels are in any.

    Returns:
        what was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts = count_table(analysis)
    content = {
        "about": dict(about),
        "counts": counts.to_dict(orient="records"),
        "shifts": error_tables.shift_counts(analysis.table),
        "reasons_of_missed": _reasons(analysis.table),
        "levels": json.loads(analysis.levels.to_json(orient="records")),
        "level_matrix": error_tables.level_matrix(analysis.table).to_dict(orient="split"),
        "hypotheses": [result.as_record() for result in analysis.results],
    }
    plots = {
        "levels": error_plots.matrix_plot(error_tables.level_matrix(analysis.table)),
        "by_level": error_plots.level_plot(analysis.levels, error_tables.error_rates(analysis.table)),
        "covariates": error_plots.covariate_plot(analysis.table),
    }
    files = {
        f"{name}.md": ("\n".join(_lines(analysis, counts, name, about)) + "\n").encode(),
        f"{name}.json": json.dumps(content, indent=1, allow_nan=False).encode(),
        f"{name}.csv": counts.to_csv(index=False).encode(),
        **{f"{name}_{plot}.png": data for plot, data in plots.items()},
    }
    for file, data in files.items():
        write_atomic(folder / file, data)
    return [folder / file for file in files]


def write_worst(analysis: Analysis, images: Path, folder: Path, count: int) -> None:
    """Write `films.csv`, all films worst first, and overlays of the worst `count` that have errors.

    Raises:
        BadInputError: if a film cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / "films.csv", analysis.film_rows.to_csv(index=False, float_format="%.4g").encode())
    places = {film.stem: place for place, film in enumerate(analysis.films)}
    wrong = analysis.film_rows[analysis.film_rows["errors"] > 0]["film"].head(count)
    worst = [places[stem] for stem in wrong]
    chosen = [analysis.films[place] for place in worst], [analysis.findings[place] for place in worst]
    error_overlays.write(*chosen, images, folder)


def _reasons(table: pd.DataFrame) -> dict[str, int]:
    reasons = table.loc[table["kind"] == Kind.MISSED, "reason"].value_counts()
    return {str(reason): int(count) for reason, count in reasons.items()}


def _lines(analysis: Analysis, counts: pd.DataFrame, name: str, about: Mapping[str, str]) -> list[str]:
    lines = [f"# {name}", "", *(f"- {key}: `{value}`" for key, value in about.items()), ""]
    lines += [*(f"- {note}" for note in _NOTES), ""]
    lines += ["## Errors", ""]
    for group, part in counts.groupby("by", sort=False):
        shown = part.drop(columns="by").rename(columns={"group": str(group)})
        lines += [*markdown(shown.astype(str)), ""]
    lines += [f"Shifted by (+1: named one too low): {_listed(error_tables.shift_counts(analysis.table))}.", ""]
    lines += [f"Missed vertebrae: {_listed(_reasons(analysis.table))}.", ""]
    lines += ["## By level", "", *markdown(_as_text(analysis.levels)), ""]
    lines += [f"![Figures and errors by level]({name}_by_level.png)", "", f"![Level matrix]({name}_levels.png)", ""]
    lines += ["## Hypotheses", "", *markdown(hypothesis_table(analysis.results)), ""]
    return [*lines, f"![Found and named right against what films are like]({name}_covariates.png)"]


def _as_text(levels: pd.DataFrame) -> pd.DataFrame:
    return levels.map(lambda value: f"{value:.3f}" if isinstance(value, float) else str(value))


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{key}: {count}" for key, count in counts.items()) or "none"
