"""Predictions and measurements for a whole archive: python tools/batch.py SOURCE --out DIR [--address …]."""

from __future__ import annotations

import os
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from spineyolo.archive import engine_local
from spineyolo.archive.result import Model
from spineyolo.archive.run import PART_FILMS, Engine, Summary, run
from spineyolo.detect.load import RELEASED_WEIGHTS
from spineyolo.errors import BadInputError, SpineYoloError

console = Console()


def main(
    source: Annotated[Path, typer.Argument(help="folder with films, at any depth")],
    out: Annotated[Path, typer.Option(help="folder for the Parquet tables and the ledger")] = Path("runs/batch"),
    weights: Annotated[
        Path, typer.Option(help="checkpoint (YOLOv8-seg, Mask R-CNN), .onnx or OpenVINO folder")
    ] = RELEASED_WEIGHTS,
    imgsz: Annotated[int | None, typer.Option(help="canvas height in px; as trained if not given")] = None,
    address: Annotated[str | None, typer.Option(help="of a Ray cluster, or auto; this machine if not given")] = None,
    workers: Annotated[int, typer.Option(help="processes, where Ray is not installed")] = os.cpu_count() or 1,
    part: Annotated[int, typer.Option(min=1, help="films a Parquet file")] = PART_FILMS,
    allow_skips: Annotated[bool, typer.Option(help="exit with 0 although films are in quarantine")] = False,
) -> None:
    """Find, number and measure the vertebrae of every film of an archive. Research use, not a medical device."""
    model = Model(weights, imgsz)
    columns = (SpinnerColumn(), TextColumn("Reading films"), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        engine = _engine(source, model, workers, address)
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("", total=None)
            summary = run(source, out, model, engine, part, partial(progress.advance, task))
    except SpineYoloError as error:
        console.print(f"[red]{escape(str(error))}")
        raise typer.Exit(1) from error
    _print(summary, out)
    if summary.quarantined and not allow_skips:
        raise typer.Exit(1)


def _engine(source: Path, model: Model, workers: int, address: str | None) -> Engine:
    if find_spec("ray") is None:
        if address is not None:
            raise BadInputError("--address", "Ray (pip install -r requirements-archive.txt)", "none installed")
        return partial(engine_local.run, source=source, model=model, workers=workers)
    from spineyolo.archive import engine_ray  # noqa: PLC0415 - not everyone has Ray

    return partial(engine_ray.run, source=source.resolve(), model=model, address=address)


def _print(summary: Summary, out: Path) -> None:
    console.print(f"{summary.done} films done now, {summary.before} before")
    if summary.quarantined:
        console.print(
            f"[yellow]{summary.quarantined} in quarantine:[/] {escape(str(out / 'quarantine'))}, with reasons"
        )
    if summary.left_out.total():
        console.print(f"left out: {dict(+summary.left_out)}")
    console.print(f"Wrote {escape(str(out))}: films, vertebrae, measurements and quarantine, as Parquet")


if __name__ == "__main__":
    typer.run(main)
