"""Write the figures of benchmarks/ into README.md and README.ru.md: python tools/readme.py."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from spineyolo import readme
from spineyolo.errors import SpineYoloError

console = Console()


def main() -> None:
    """Make every block of figures in the READMEs anew."""
    try:
        changed = readme.update(Path(__file__).parents[1])
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    console.print(f"Changed {', '.join(path.name for path in changed) or 'nothing'}")


if __name__ == "__main__":
    typer.run(main)
