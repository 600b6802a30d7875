"""Put a run's overlays and figures on one HTML page: python tools/page.py runs/demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spineyolo import page
from spineyolo.errors import SpineYoloError

console = Console()


def main(
    folder: Annotated[Path, typer.Argument(help="what tools/predict.py wrote, overlays included")],
    evaluation: Annotated[Path | None, typer.Option(help="JSON that tools/evaluate.py wrote for these films")] = None,
) -> None:
    """Write index.html: every film with its overlay, and the figures against the truth."""
    try:
        path = page.write(folder, evaluation)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    console.print(f"Wrote {path}: open it in a browser", markup=False)


if __name__ == "__main__":
    typer.run(main)
