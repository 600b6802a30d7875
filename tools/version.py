"""Which data set is which: python tools/version.py list, show [VERSION] or diff BEFORE AFTER."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from spineyolo import version
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate.tables import screen_table

app = typer.Typer(no_args_is_help=True)
console = Console()
Result = TypeVar("Result")
Data = Annotated[Path, typer.Option(help="converted data set")]
Name = Annotated[str, typer.Argument(help="first digits of a version, or the folder of a data set")]


@app.command("list")
def list_versions(data: Data = Path("datasets/spine")) -> None:
    """List every version a data set has been; * marks what it is now."""
    known = _or_exit(lambda: version.known(data))
    now = _or_exit(lambda: version.read(data).id) if (data / version.FILE).exists() else ""
    table = Table("version", "written", "train", "val", "test", "vertebrae", title=str(data))
    for path, one in known:
        written = datetime.fromtimestamp(path.stat().st_mtime).isoformat(" ", "minutes")
        counts = [str(one.splits[split]) for split in ("train", "val", "test")]
        table.add_row(one.id + " *" * (one.id == now), written, *counts, str(one.vertebrae))
    console.print(table)


@app.command()
def show(name: Name = "", data: Data = Path("datasets/spine")) -> None:
    """Show one version: its full hash, its counts and the settings it was converted by; what it is now by default."""
    found = _or_exit(lambda: version.from_json(version.find(name or str(data), data)))
    console.print_json(json.dumps(asdict(found)))


@app.command()
def diff(before: Name, after: Name, data: Data = Path("datasets/spine")) -> None:
    """Say which films, labels, splits and settings changed from one version to another."""
    changes = _or_exit(lambda: version.diff(version.find(before, data), version.find(after, data)))
    console.print(screen_table(changes))
    counts = ", ".join(f"{count} {change}" for change, count in changes["change"].value_counts().sort_index().items())
    console.print(counts or "nothing changed")


def _or_exit(function: Callable[[], Result]) -> Result:
    try:
        return function()
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
