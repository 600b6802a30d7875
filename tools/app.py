"""The reading page in a browser: python tools/app.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spineyolo.detect.load import RELEASED_WEIGHTS, Backend, load_detector
from spineyolo.errors import SpineYoloError

console = Console()


def main(
    host: Annotated[str, typer.Option(help="address to listen on; 0.0.0.0 lets other machines in")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = 7860,
    weights: Annotated[
        Path, typer.Option(help="checkpoint (YOLOv8-seg, Mask R-CNN), .onnx or OpenVINO folder")
    ] = RELEASED_WEIGHTS,
    backend: Annotated[Backend, typer.Option(help="what runs it; auto: the fastest export there is")] = Backend.AUTO,
) -> None:
    """Drop films on a page, look, correct a level, take the result away. Research use, not a medical device."""
    try:
        detector = load_detector(weights, backend)
        from spineyolo.app.server import serve  # noqa: PLC0415 - Gradio takes seconds to import, and faults come first

        console.print(f"Open http://{host}:{port} in a browser; end with Ctrl+C", markup=False)
        serve(detector, host, port)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
