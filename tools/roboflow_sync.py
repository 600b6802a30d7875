"""Data sets to Roboflow and back: python tools/roboflow_sync.py push|versions|pull."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from spineyolo.errors import BadInputError, SpineYoloError
from spineyolo.roboflow_sync.api import RoboflowProject, number_of, split_reference
from spineyolo.roboflow_sync.generate import read_settings
from spineyolo.roboflow_sync.pull import LOCK_FILE, SOURCES, Lock, pull, read_lock
from spineyolo.roboflow_sync.push import PushReport, push

app = typer.Typer(no_args_is_help=True)
console = Console(soft_wrap=True)
Result = TypeVar("Result")
ProjectName = Annotated[str, typer.Argument(metavar="WORKSPACE/PROJECT", help="as in the project's address")]
Datasets = Annotated[Path, typer.Option(help="folder that holds data sets and the lock file")]


class Format(StrEnum):
    """Roboflow's names of the exports that hold outlines."""

    YOLOV8 = "yolov8"
    COCO = "coco-segmentation"


@app.command("push")
def push_films(
    data: Annotated[Path, typer.Argument(help="converted data set; its films leave this machine")],
    project: ProjectName,
    generate: Annotated[
        Path | None, typer.Option(help="make a version afterwards, by settings like yolo_configs/roboflow-version.yaml")
    ] = None,
) -> None:
    """Send films with their outlines, levels, splits and tags; those that are there already are left alone."""
    settings = _or_exit(lambda: read_settings(generate)) if generate else None
    there = _or_exit(lambda: _project(project))
    report = _or_exit(lambda: push(there, data))
    _print(report)
    if report.failed:
        raise typer.Exit(1)
    if settings:
        number = _or_exit(lambda: there.generate(settings))
        made = _or_exit(lambda: there.wait_for_version(number))
        console.print(f"Made {there}/{number} of {made['images']} images", markup=False)


@app.command()
def versions(project: ProjectName, datasets: Datasets = Path("datasets")) -> None:
    """List a project's versions; * marks the one that the lock file pins."""
    there = _or_exit(lambda: _project(project))
    pinned = _or_exit(lambda: read_lock(datasets / LOCK_FILE))
    table = Table("version", "images", "splits", "preprocessing", "exports", title=str(there))
    for one in _or_exit(there.info)["versions"]:
        reference = (there.workspace, there.project, number_of(one))
        mark = " *" if pinned and reference == (pinned.workspace, pinned.project, pinned.version) else ""
        columns = [str(one.get(key, "")) for key in ("images", "splits", "preprocessing", "exports")]
        table.add_row(f"{number_of(one)}{mark}", *columns)
    console.print(table)


@app.command("pull")
def pull_version(
    version: Annotated[
        str, typer.Argument(metavar="[WORKSPACE/PROJECT/VERSION]", help="what the lock file pins, if left out")
    ] = "",
    export: Annotated[Format, typer.Option("--format", help="of the export")] = Format.YOLOV8,
    datasets: Datasets = Path("datasets"),
) -> None:
    """Fetch a version, check it against the lock file or pin it there, and unpack it into datasets/roboflow."""
    wanted = _or_exit(lambda: _wanted(version, export, datasets))
    there = _or_exit(lambda: RoboflowProject(wanted.workspace, wanted.project))
    folder, fetched = _or_exit(lambda: pull(there, wanted, datasets))
    console.print(f"{'Wrote' if fetched else 'Already there:'} {folder}, {there}/{wanted.version}", markup=False)
    console.print(f"Next: python tools/convert.py --source {SOURCES[wanted.format]}={folder} --out …", markup=False)


def _wanted(version: str, export: Format, datasets: Path) -> Lock:
    if not version:
        pinned = read_lock(datasets / LOCK_FILE)
        if pinned is None:
            raise BadInputError(datasets / LOCK_FILE, "a lock file, or WORKSPACE/PROJECT/VERSION named", "neither")
        return pinned
    workspace, project, number = split_reference(version)
    if number is None:
        raise BadInputError("version", "WORKSPACE/PROJECT/VERSION", version)
    return Lock(workspace, project, number, str(export))


def _project(reference: str) -> RoboflowProject:
    workspace, project, number = split_reference(reference)
    if number is not None:
        raise BadInputError("project", "WORKSPACE/PROJECT", reference)
    return RoboflowProject(workspace, project)


def _print(report: PushReport) -> None:
    console.print(", ".join(f"{report.films[what]} {what}" for what in ("sent", "relabelled", "there")))
    lists = {
        "failed": report.failed,
        "in another split at Roboflow, move it there": report.other_split,
        "with other pixels at Roboflow, remove it there": report.outdated,
    }
    for what, films in lists.items():
        for film in films:
            console.print(f"{what}: {film}", style="yellow", markup=False)


def _or_exit(function: Callable[[], Result]) -> Result:
    try:
        return function()
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
