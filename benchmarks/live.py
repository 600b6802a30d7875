"""Measure live numbering on rendered videos and write benchmarks/live.md: python benchmarks/live.py."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spineyolo.detect.load import RELEASED_WEIGHTS, Backend, load_detector
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate import live
from spineyolo.evaluate.machine import describe
from spineyolo.evaluate.report import commit
from spineyolo.evaluate.tables import screen_table

console = Console()


def main(
    weights: Annotated[Path, typer.Option(help="weights, or an export of them")] = RELEASED_WEIGHTS,
    backend: Annotated[Backend, typer.Option(help="what runs the network")] = Backend.AUTO,
    imgsz: Annotated[int, typer.Option(min=32, help="height of the picture that the network sees, px")] = 640,
    films: Annotated[int, typer.Option(min=1, help="of each kind")] = 2,
    frames: Annotated[int, typer.Option(min=1, help="of each video")] = 240,
    seed: Annotated[int, typer.Option(min=0, help="of the first film")] = 71000,
    out: Annotated[Path, typer.Option(help="where live.json and live.md go")] = Path("benchmarks"),
) -> None:
    """Identification in frames beside that on the film, flicker of levels, frames a second, delay and drops."""
    try:
        detector = load_detector(weights, backend, imgsz)
        results = live.measure(detector, imgsz, live.Order(films, frames, seed))
        shown = f"{films} of each kind from seed {seed}, {frames} frames each"
        command = shlex.join(["python", *sys.argv])
        about = {
            "command": command,
            "commit": commit(),
            "films": shown,
            "detector": str(detector),
            **describe(),
        }
        live.write(results, out / "live", about)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    console.print(screen_table(live.table(results)))
    console.print(f"Wrote {out / 'live'}.json and .md", markup=False)


if __name__ == "__main__":
    typer.run(main)
