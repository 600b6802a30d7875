"""Measure how fast films become numbered masks and write benchmarks/speed.md: python benchmarks/speed.py."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spineyolo.detect.load import RELEASED_WEIGHTS, Backend
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate import speed
from spineyolo.evaluate.cases import read_cases
from spineyolo.evaluate.machine import describe
from spineyolo.evaluate.report import commit, fingerprint
from spineyolo.evaluate.tables import screen_table

console = Console()


def main(
    weights: Annotated[Path, typer.Option(help="YOLOv8-seg checkpoint, its exports beside it")] = RELEASED_WEIGHTS,
    backend: Annotated[Backend, typer.Option(help="what runs it; auto: the fastest export there is")] = Backend.AUTO,
    data: Annotated[Path, typer.Option(help="converted data set")] = Path("datasets/spine"),
    split: Annotated[str, typer.Option(help="of the data set")] = "val",
    films: Annotated[int, typer.Option(min=1, help="at most, evenly over the split")] = 24,
    rounds: Annotated[int, typer.Option(min=1, help="a film is timed so many times")] = 3,
    out: Annotated[Path, typer.Option(help="where speed.json and speed.md go")] = Path("benchmarks"),
) -> None:
    """Time every stage beside PyTorch and `YOLO(weights).predict(film)`: same weights, films and run."""
    try:
        cases = read_cases(data, split, {})
        cases = cases[:: -(-len(cases) // films)]
        figures = speed.measure(weights, backend, cases, rounds)
        counts = f"{len(cases)} films of {data}, split {split}, each {rounds} times"
        command = shlex.join(["python", *sys.argv])
        about = {"command": command, "commit": commit(), "films": counts, "weights": fingerprint(weights), **describe()}
        speed.write(figures, out / "speed", about)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    for title, table in speed.tables(figures).items():
        console.print(f"{title}:")
        console.print(screen_table(table))
    console.print(f"Wrote {out / 'speed'}.json and .md", markup=False)


if __name__ == "__main__":
    typer.run(main)
