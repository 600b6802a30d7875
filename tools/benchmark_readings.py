"""Measure against levels read anew: python tools/benchmark_readings.py --predictions runs/test/predictions.json."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spineyolo import version
from spineyolo.errors import BadInputError, SpineYoloError
from spineyolo.evaluate import readings, report
from spineyolo.evaluate.tables import markdown, screen_table
from spineyolo.files import write_atomic
from spineyolo.sources import load_source

console = Console()


def main(
    predictions: Annotated[Path, typer.Option(help="predictions.json of tools/predict.py")],
    truth: Annotated[Path, typer.Option(help="annotations/SPLIT.json of a converted data set")] = Path(
        "datasets/spine/annotations/test.json"
    ),
    table: Annotated[Path, typer.Option(help="readings, a row a film and reader")] = readings.READINGS,
    out: Annotated[Path, typer.Option(help="where readings_SPLIT.md goes")] = Path("benchmarks"),
) -> None:
    """Tell how often published levels and those read anew agree, and measure predictions against both."""
    manifest = truth.parents[1] / "manifest.csv"
    try:
        read = readings.load(table)
        films = report.pair_films(truth, predictions, report.stems_of(readings.SOURCE, manifest))
        rows = readings.agreed_by_stem(read, manifest)
        if not any(film.stem in rows for film in films):
            raise BadInputError(table, f"films of {truth} that two readers read alike", "none")
        subject_of = load_source(readings.READINGS.with_name(f"{readings.SOURCE}.yaml")).subject_of
        tables = {
            "how often the same row": readings.agreement(read),
            "films of one patient": readings.same_patient(read, subject_of),
            "identification": readings.figures(films, rows),
        }
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    name = f"readings_{truth.stem}"
    lines = [f"# Levels read anew, {readings.SOURCE}, {truth.stem}", "", f"- command: `python {shlex.join(sys.argv)}`"]
    lines += [f"- data set: `{version.describe(truth)}`", f"- commit: `{report.commit()}`"]
    for title, found in tables.items():
        console.print(screen_table(found))
        lines += ["", f"## {title.capitalize()}", "", *markdown(found)]
    write_atomic(out / f"{name}.md", ("\n".join(lines) + "\n").encode())
    console.print(f"Wrote {out / name}.md", markup=False)


if __name__ == "__main__":
    typer.run(main)
