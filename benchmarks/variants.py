"""Number columns with a vertebra more or less and write benchmarks/variants.md: python benchmarks/variants.py."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from spineyolo.detect.load import RELEASED_WEIGHTS, Backend, load_detector
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate import variants
from spineyolo.evaluate.report import commit, fingerprint
from spineyolo.evaluate.tables import screen_table

console = Console()


def main(
    weights: Annotated[Path, typer.Option(help="YOLOv8-seg checkpoint")] = RELEASED_WEIGHTS,
    films: Annotated[int, typer.Option(min=1, help="of each column and view")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="of the first film")] = 81_000,
    out: Annotated[Path, typer.Option(help="the table")] = Path("benchmarks/variants.md"),
) -> None:
    """Number rendered columns with 11 or 13 thoracic, 4 or 6 lumbar vertebrae, and with a sacralised L5."""
    try:
        measured = variants.measure(load_detector(weights, Backend.TORCH), films, seed)
        total = films * len(variants.FILMS) * len(variants.KINDS)
        outcomes = list(track(measured, "Rendering and numbering", total=total, console=console))
        about = {
            "command": shlex.join(["python", *sys.argv]),
            "weights": fingerprint(weights),
            "commit": commit(),
            "films": f"{films} of each, from seed {seed}",
        }
        variants.write(outcomes, out, about)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    console.print(screen_table(variants.table(outcomes)))
    console.print(f"Wrote {out}", markup=False)


if __name__ == "__main__":
    typer.run(main)
