"""Measure vertebrae and discs on films: python tools/measure.py SOURCE… --out DIR."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from spineyolo.anatomy import View
from spineyolo.detect.load import RELEASED_WEIGHTS, Backend, load_detector
from spineyolo.errors import Skipped, SpineYoloError
from spineyolo.files import make_folder
from spineyolo.measure import overlay, page, report
from spineyolo.prediction import find_films, predict_all

console = Console()


class Side(StrEnum):
    """Sides of the image."""

    LEFT = "left"
    RIGHT = "right"


def main(
    sources: Annotated[list[str], typer.Argument(help="films (PNG, JPEG, TIFF, DICOM), folders or globs")],
    out: Annotated[Path, typer.Option(help="folder for tables, overlays and pages")] = Path("runs/measure"),
    view: Annotated[View | None, typer.Option(help="of all films; told from the bodies if not given")] = None,
    anterior: Annotated[Side | None, typer.Option(help="lateral films: which side is anterior, if not plain")] = None,
    weights: Annotated[
        Path, typer.Option(help="checkpoint (YOLOv8-seg, Mask R-CNN), .onnx or OpenVINO folder")
    ] = RELEASED_WEIGHTS,
    backend: Annotated[Backend, typer.Option(help="what runs it; auto: the fastest export there is")] = Backend.AUTO,
    allow_skips: Annotated[bool, typer.Option(help="exit with 0 although films were skipped")] = False,
) -> None:
    """Measure what can be measured, each number with its error, the rest with the reason. Research use only."""
    skipped = Skipped()
    anterior_right = None if anterior is None else anterior is Side.RIGHT
    try:
        films = find_films(sources, skipped)
        detector = load_detector(weights, backend)
        console.print(f"Model: {detector}", markup=False)
        make_folder(out)
        reports = []
        for prediction, radiograph in predict_all(detector, track(films, "Reading films", console=console), skipped):
            found = report.measure_prediction(prediction, radiograph, view, anterior_right)
            page.write(found, overlay.draw(radiograph.grey, found.column, found.measurements), out)
            reports.append(found)
        report.write_tables(reports, out)
    except SpineYoloError as error:
        console.print(f"[red]{escape(str(error))}")
        raise typer.Exit(1) from error
    _print_table(reports)
    for problem in skipped.errors:
        console.print(f"[yellow]skipped:[/] {escape(str(problem))}")
    console.print(f"Wrote {out / 'measurements.csv'}, {out / 'measurements.json'}, an overlay and a page a film")
    if skipped.errors and not allow_skips:
        raise typer.Exit(1)


def _print_table(reports: list[report.FilmReport]) -> None:
    table = Table("film", "view", "bodies", "measured", "not measurable")
    for found in reports:
        measured = sum(measurement.value is not None for measurement in found.measurements)
        counts = (len(found.column.bodies), measured, len(found.measurements) - measured)
        table.add_row(escape(found.path.name), found.column.view or "not plain", *map(str, counts))
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
