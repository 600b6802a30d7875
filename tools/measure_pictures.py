"""Draw the pictures of docs/osteochondrosis.md from rendered films: python tools/measure_pictures.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spineyolo.errors import SpineYoloError
from spineyolo.measure import pictures

console = Console()


def main(out: Annotated[Path, typer.Option(help="folder for measure_*.jpg")] = Path("docs")) -> None:
    """Write a picture of each sign of osteochondrosis: a sound rendered film, and the same with the sign."""
    try:
        paths = pictures.write_all(out)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    for path in paths:
        console.print(f"Wrote {path}", markup=False)


if __name__ == "__main__":
    typer.run(main)
