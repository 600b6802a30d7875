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
    table = Table("export", "precision", *(field.name.replace("_", " ") for field in fields(drift.Drift)), "kept")
    refused = []
    try:
        calibration = export.calibration_films(data / "images" / "train") if Export.OPENVINO_INT8 in kinds else []
        cases = read_cases(data, "val", {})
        with export.made(weights, kinds, calibration) as paths:
            for verdict in drift.keep_faithful(weights, paths, cases):
                figures = (f"{getattr(verdict.strayed, field.name):.4f}" for field in fields(verdict.strayed))
                table.add_row(verdict.kind, verdict.precision, *figures, "no" if verdict.beyond else "yes")
                if verdict.beyond:
                    refused.append(verdict)
                else:
                    console.print(f"Wrote {verdict.kind.beside(weights)}", markup=False, soft_wrap=True)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    finally:
        if table.row_count:
            console.print(f"What {len(cases)} validation films differ by from PyTorch (spineyolo/evaluate/drift.py):")
            console.print(table)
    for verdict in refused:
        strayed = f"{verdict.kind}: expected what PyTorch finds, found too far from it: {', '.join(verdict.beyond)}"
        console.print(f"{strayed}; not kept", style="red", markup=False, soft_wrap=True)
    if refused:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
