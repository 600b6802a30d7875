"""Train YOLOv8-seg on tall films: python tools/train.py yolo_configs/spine-n-640.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from ultralytics import YOLO
from ultralytics.utils import ONLINE

from spineyolo import version
from spineyolo.errors import SpineYoloError
from spineyolo.training import SpineTrainer
from spineyolo.trust import load_checkpoint

console = Console()


def main(
    recipe: Annotated[Path, typer.Argument(exists=True, help="a file of yolo_configs/")],
    start: Annotated[
        Path | None, typer.Option(exists=True, help="weights to start from, instead of the recipe's")
    ] = None,
    resume: Annotated[bool, typer.Option(help="go on where the recipe's run was cut off")] = False,
) -> None:
    """Train by a recipe of Ultralytics settings, with this project's trainer."""
    settings: dict[str, Any] = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    settings["project"] = str(Path(settings["project"]).resolve())  # Ultralytics puts a relative one into its own runs/
    if resume:
        start = Path(settings["project"]) / settings["name"] / "weights" / "last.pt"
        if not start.is_file():
            console.print(f"[red]{start}: expected the checkpoint of a run to resume, found none")
            raise typer.Exit(1)
    try:
        if start is not None:
            load_checkpoint(start)  # refuses one that could run a program
        model = YOLO(str(start)) if resume else starting_model(settings.pop("model"), start)
        settings = {"resume": True} if resume else settings
        model.add_callback("on_pretrain_routine_end", note_data)
        model.train(trainer=SpineTrainer, **settings)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error


def note_data(trainer: SpineTrainer) -> None:
    """Write into a run which version of the data set it learns from; one that goes on must find the same."""
    data, run = Path(trainer.data["path"]), Path(trainer.save_dir)
    if trainer.args.resume:
        version.check_same(data, run)
    elif (data / version.FILE).exists():
        console.print(f"Learning from {version.record(data, run)}", markup=False, soft_wrap=True)
    else:
        (run / version.FILE).unlink(missing_ok=True)
        console.print(f"[yellow]{data} has no version.json: this run does not say what it learnt from")


def starting_model(name: str, start: Path | None) -> YOLO:
    """Return the model to start from.

    `start` wins; then the recipe's `name`, fetched where there is a network; else its architecture from scratch.
    A checkpoint of YOLOv8n without masks will do as a start: the layers that fit are taken over.
    """
    if start is None and (Path(name).is_file() or (ONLINE and "/" not in name)):
        return YOLO(name)
    if "/" in name and start is None:
        console.print(f"[red]{name}: expected weights to start from, found none; give others by --start")
        raise typer.Exit(1)
    architecture = YOLO("yolov8n-seg.yaml" if "/" in name else str(Path(name).with_suffix(".yaml")))
    if start is None:
        console.print(f"[yellow]{name} is not here and cannot be fetched: training from scratch")
        return architecture
    return architecture.load(str(start))


if __name__ == "__main__":
    typer.run(main)
