"""Compare models on the same films: python tools/compare.py [CONFIG] --split test --source aasce2019."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spineyolo import version
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate import machine, report
from spineyolo.evaluate.cases import Split, whole_films
from spineyolo.evaluate.compare import tables
from spineyolo.evaluate.compare.comparison import compare
from spineyolo.evaluate.compare.plan import load_plan
from spineyolo.evaluate.compare.write import write
from spineyolo.evaluate.tables import screen_table

console = Console()


def main(
    config: Annotated[Path, typer.Argument(help="which models")] = Path("yolo_configs/compare.yaml"),
    data: Annotated[Path, typer.Option(help="converted data set")] = Path("datasets/spine"),
    split: Annotated[Split, typer.Option(help="of the data set")] = Split.TEST,
    source: Annotated[str | None, typer.Option(help="only films of this source")] = None,
    first: Annotated[int | None, typer.Option(help="only so many films, for a trial", min=1)] = None,
    out: Annotated[Path, typer.Option(help="where NAME.md, .csv, .json and .png go")] = Path("benchmarks"),
    name: Annotated[str, typer.Option(help="of the files")] = "compare",
) -> None:
    """Measure every model whose weights are there: accuracy, time, memory; say how the others are made."""
    try:
        plan = load_plan(config)
        cases = whole_films(data, split, source)[:first]
        for model in plan:
            if not model.is_there:
                console.print(f"{model.name}: no {model.weights}; made by: {model.make}", style="yellow", markup=False)
        compared = compare(plan, cases)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    about = {
        "command": f"python {shlex.join(sys.argv)}",
        "data set": version.describe(data),
        "commit": report.commit(),
        **{f"weights of {model.name}": report.fingerprint(model.weights) for model in compared.models},
        **machine.describe(),
    }
    written = write(compared, out, name, about)
    console.print(screen_table(tables.model_table(compared)))
    for group in compared.figures["group"].unique():
        console.print(group, style="bold", markup=False)
        console.print(screen_table(tables.accuracy_table(compared, group)))
        console.print(screen_table(tables.lead_table(compared, group)))
    console.print(screen_table(tables.latency_table(compared)))
    for sentence in tables.verdicts(compared):
        console.print(sentence, markup=False)
    console.print(f"Wrote {', '.join(str(path) for path in written)}", markup=False)


if __name__ == "__main__":
    typer.run(main)
