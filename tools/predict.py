"""Find and number the vertebrae on films: python tools/predict.py SOURCE… --out DIR."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import cv2
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from spineyolo import draw, export
from spineyolo.detect.load import RELEASED_WEIGHTS, Backend, load_detector
from spineyolo.errors import Skipped, SpineYoloError
from spineyolo.files import make_folder, write_atomic
from spineyolo.numbering.anchors import gather
from spineyolo.prediction import Prediction, find_films, predict_all

console = Console()


def main(
    sources: Annotated[list[str], typer.Argument(help="films (PNG, JPEG, TIFF, DICOM), folders or globs")],
    out: Annotated[Path, typer.Option(help="folder for predictions.json, vertebrae.csv and overlays")] = Path(
        "runs/predict"
    ),
    weights: Annotated[
        Path, typer.Option(help="checkpoint (YOLOv8-seg, Mask R-CNN), .onnx or OpenVINO folder")
    ] = RELEASED_WEIGHTS,
    backend: Annotated[Backend, typer.Option(help="what runs it; auto: the fastest export there is")] = Backend.AUTO,
    allow_skips: Annotated[bool, typer.Option(help="exit with 0 although films were skipped")] = False,
    overlays: Annotated[bool, typer.Option(help="draw them")] = True,
    anchor: Annotated[
        list[str] | None, typer.Option(help="a level you know, LEVEL@x,y in px of the film (a single film); repeatable")
    ] = None,
    anchors: Annotated[
        Path | None, typer.Option(help="JSON of levels you know: a film name, and under it levels with x and y")
    ] = None,
) -> None:
    """Find and number the vertebrae on films. Research use, not a medical device."""
    skipped = Skipped()
    try:
        films = find_films(sources, skipped)
        known = gather(anchor or [], anchors, films)
        detector = load_detector(weights, backend)
        console.print(f"Model: {detector}", markup=False)
        make_folder(out)
        predictions = []
        reading = track(films, "Reading films", console=console)
        for prediction, radiograph in predict_all(detector, reading, skipped, known):
            if overlays:
                name = out / f"{prediction.path.stem}_overlay.png"
                write_atomic(name, cv2.imencode(".png", draw.overlay(radiograph.grey, prediction))[1].tobytes())
            predictions.append(prediction)
        export.write_coco(predictions, out / "predictions.json")
        export.write_csv(predictions, out / "vertebrae.csv")
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    _print_table(predictions)
    _print_skipped(skipped)
    console.print(f"Wrote {out / 'predictions.json'}, {out / 'vertebrae.csv'}" + " and overlays" * overlays)
    if skipped.errors and not allow_skips:
        raise typer.Exit(1)


def _print_table(predictions: list[Prediction]) -> None:
    table = Table("film", "vertebrae", "from", "to", "margin", "numbering")
    for prediction in predictions:
        rows = sorted((row for row in export.rows_of(prediction) if not row["dropped"]), key=lambda row: row["y0_px"])
        ends = (rows[0]["level"], rows[-1]["level"]) if rows else ("-", "-")
        margin = f"{prediction.numbering.margin:.1f}"
        table.add_row(prediction.path.name, str(len(rows)), *ends, margin, export.numbering_text(prediction))
    console.print(table)


def _print_skipped(skipped: Skipped) -> None:
    for error in skipped.errors:
        console.print(f"[yellow]skipped:[/] {error}")
    if skipped.errors:
        console.print(f"{len(skipped)} skipped, {dict(Counter(error.expected for error in skipped.errors))}")


if __name__ == "__main__":
    typer.run(main)
