"""Train Mask R-CNN: python tools/train_maskrcnn.py yolo_configs/maskrcnn-mobilenetv2.yaml [--hours 0.5]."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spineyolo.errors import SpineYoloError
from spineyolo.maskrcnn.recipe import load_recipe
from spineyolo.maskrcnn.training import train

console = Console()


def main(
    recipe: Annotated[Path, typer.Argument(help="a file of yolo_configs/maskrcnn-*.yaml")],
    start: Annotated[
        str | None, typer.Option(help="instead of the recipe's: torchvision, scratch, a path, or PACKAGE:FILE")
    ] = None,
    hours: Annotated[float | None, typer.Option(min=0.001, help="end after this time, the rate falling to fit")] = None,
    resume: Annotated[bool, typer.Option(help="go on where the recipe's run was cut off")] = False,
    out: Annotated[Path, typer.Option(help="folder of runs")] = Path("runs/maskrcnn"),
) -> None:
    """Train torchvision's Mask R-CNN by a recipe; `torchrun --nproc-per-node N` runs it on N processes."""
    try:
        chosen = load_recipe(recipe)
        chosen = replace(chosen, start=start) if start else chosen
        folder = out / chosen.name
        state = train(chosen, folder, console, hours, resume)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    if int(os.environ.get("RANK", "0")) == 0:  # torchrun's other processes say nothing
        minutes = f"{state.seconds / 60:.0f} min, {state.cpu_seconds / 3600:.2f} CPU-hours"
        console.print(f"Wrote {folder / 'best.pt'} after {state.steps} steps, {minutes}", markup=False)


if __name__ == "__main__":
    typer.run(main)
