"""Export weights to ONNX and OpenVINO, each checked against PyTorch: python tools/export.py."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from spineyolo.detect import export
from spineyolo.detect.exported import Export
from spineyolo.detect.load import RELEASED_WEIGHTS
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate import drift
from spineyolo.evaluate.cases import read_cases

console = Console()


def main(
    weights: Annotated[Path, typer.Option(help="YOLOv8-seg checkpoint; the exports go beside it")] = RELEASED_WEIGHTS,
    kind: Annotated[list[Export] | None, typer.Option(help="what to make; all if not given; repeatable")] = None,
    data: Annotated[
        Path, typer.Option(help="converted data set: training films calibrate int8, validation films check each export")
    ] = Path("datasets/spine"),
) -> None:
    """Export weights; an export that strays too far from PyTorch on validation films is refused."""
    kinds = kind or list(Export)
    table = Table("export", *(field.name.replace("_", " ") for field in fields(drift.Drift)))
    try:
        calibration = export.calibration_films(data / "images" / "train") if Export.OPENVINO_INT8 in kinds else []
        cases = read_cases(data, "val", {})
        with export.made(weights, kinds, calibration) as paths:
            for kept, strayed in drift.keep_faithful(weights, paths, cases):
                console.print(f"Wrote {kept.beside(weights)}", markup=False)
                table.add_row(kept, *(f"{getattr(strayed, field.name):.4f}" for field in fields(strayed)))
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    finally:
        if table.row_count:
            console.print(f"What {len(cases)} validation films differ by from PyTorch (spineyolo/evaluate/drift.py):")
            console.print(table)


if __name__ == "__main__":
    typer.run(main)
