"""Sort a model's errors and test where they come from: python tools/analyze.py --predictions P.json --truth T.json."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from spineyolo import version
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate import analysis, report
from spineyolo.evaluate.covariates import origins
from spineyolo.evaluate.tables import screen_table

console = Console()


def main(
    predictions: Annotated[Path, typer.Option(help="predictions.json of tools/predict.py or another model")],
    truth: Annotated[Path, typer.Option(help="annotations/SPLIT.json of a converted data set, or of rendered films")],
    films: Annotated[
        Path | None,
        typer.Option(help="folder of the films; else the data set's images/SPLIT, or the truth's own folder"),
    ] = None,
    name: Annotated[str, typer.Option(help="of the files written to --out")] = "errors",
    out: Annotated[Path, typer.Option(help="where NAME.md, .json, .csv and plots go; no films among them")] = Path(
        "benchmarks"
    ),
    runs: Annotated[Path, typer.Option(help="where films.csv and the worst films' overlays go")] = Path("runs/errors"),
    worst: Annotated[int, typer.Option(help="how many films are drawn", min=0)] = 20,
) -> None:
    """Sort errors by kind, count them by level, region, view and source, and test hypotheses on their causes."""
    data = truth.parents[1]
    images = films or next((path for path in [data / "images" / truth.stem] if path.is_dir()), truth.parent)
    try:
        pairs = report.pair_films(truth, predictions)
        known = origins(pairs, data / "manifest.csv")
        steps = track(list(zip(pairs, known, strict=True)), "Looking at films", console=console)
        found = analysis.analyse(pairs, [analysis.look(film, origin, images) for film, origin in steps])
        about = {
            "command": f"python {shlex.join(sys.argv)}",
            "truth": str(truth),
            "data set": version.describe(truth),
            "commit": report.commit(),
            "counts": f"{len(pairs)} films, {sum(len(film.truths) for film in pairs)} vertebrae",
        }
        written = analysis.write(found, out, name, about)
        analysis.write_worst(found, images, runs, worst)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    console.print(screen_table(analysis.count_table(found).query("by != 'level'").astype(str)))
    console.print(screen_table(analysis.hypothesis_table(found.results)[["hypothesis", "measured", "verdict"]]))
    console.print(f"Wrote {', '.join(map(str, written))}; films.csv and overlays to {runs}", markup=False)


if __name__ == "__main__":
    typer.run(main)
