"""Measure predictions against truth: python tools/evaluate.py --predictions P.json --truth T.json."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spineyolo import version
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate import report

console = Console()


def main(
    predictions: Annotated[Path, typer.Option(help="predictions.json of tools/predict.py or another model")],
    truth: Annotated[Path, typer.Option(help="annotations/SPLIT.json of a converted data set")],
    source: Annotated[str | None, typer.Option(help="evaluate only films of this source")] = None,
    name: Annotated[str, typer.Option(help="of the files written to benchmarks/")] = "evaluation",
    out: Annotated[Path, typer.Option(help="where NAME.json and NAME.md go")] = Path("benchmarks"),
) -> None:
    """Measure AP, Dice and identification, by source, with and without the films whose labels are flawed."""
    manifest = truth.parents[1] / "manifest.csv"
    try:
        stems = report.stems_of(source, manifest) if source else None
        films = report.pair_films(truth, predictions, stems)
        results = {group: report.figures(part) for group, part in report.groups(films, manifest).items()}
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    console.print(report.screen_table(results))
    about = {
        "command": f"python {shlex.join(sys.argv)}",
        "truth": str(truth),
        "data set": version.describe(truth),
        "commit": report.commit(),
        "counts": f"{len(films)} films, {sum(len(film.truths) for film in films)} vertebrae",
    }
    report.write(results, out, name, about)
    console.print(f"Wrote {out / name}.json and .md", markup=False)


if __name__ == "__main__":
    typer.run(main)
