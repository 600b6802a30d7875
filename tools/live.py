"""Number the vertebrae in a video as it comes: python tools/live.py --source 0."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spineyolo.detect.load import RELEASED_WEIGHTS, Backend, load_detector
from spineyolo.errors import SpineYoloError
from spineyolo.live.frames import FrameNumbering
from spineyolo.live.session import Figures, FileOutput, watch
from spineyolo.live.source import Reader, name_of, open_source
from spineyolo.live.window import WindowOutput

console = Console()


def main(
    source: Annotated[
        str, typer.Option(help="a camera's number (0), a video file, a stream's address, or a folder of pictures")
    ],
    window: Annotated[
        bool, typer.Option("--window/--no-window", help="show a window, or write an MP4 and a JSONL of the frames")
    ] = True,
    out: Annotated[Path, typer.Option(help="folder for the MP4 and the JSONL")] = Path("runs/live"),
    weights: Annotated[Path, typer.Option(help="weights, or an export of them")] = RELEASED_WEIGHTS,
    backend: Annotated[Backend, typer.Option(help="what runs the network")] = Backend.AUTO,
    imgsz: Annotated[int, typer.Option(help="height of the picture that the network sees, px")] = 640,
) -> None:
    """Number the vertebrae in a video, live. Research use, not a medical device.

    In a window, frames that come too fast are dropped, so that the delay stays small. Without one, every frame of a
    file is numbered, however long it takes; a camera's are dropped as in a window. Ctrl-C ends both, and what was
    written can be played.
    """
    stop, figures = threading.Event(), Figures()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        opened = open_source(source)
        out.mkdir(parents=True, exist_ok=True)
        with WindowOutput() if window else FileOutput(out, name_of(source), opened.fps) as output:
            numbering = FrameNumbering(load_detector(weights, backend, imgsz), imgsz)
            try:
                watch(Reader(opened, real_time=window), numbering, output, stop, figures)
            finally:
                console.print(figures.summary())
                console.print(output.where, markup=False)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
