"""Turn labelled sources into one data set: python tools/convert.py --source NAME=PATH …"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from spineyolo import checks, dataset
from spineyolo.anatomy import LEVELS
from spineyolo.errors import SpineYoloError
from spineyolo.sources import Source, load_source

SOURCES = Path(__file__).parents[1] / "datasets" / "sources"
SHARED = Path(__file__).parents[1] / ".." / "shared" / "data"
console = Console()


def main(
    source: Annotated[
        list[str] | None, typer.Option(help="NAME=PATH; NAME of datasets/sources/NAME.yaml, or a YAML file like those")
    ] = None,
    out: Annotated[Path, typer.Option(help="where the data set goes")] = Path("datasets/spine"),
    seed: Annotated[int, typer.Option(help="of splits and windows")] = 0,
    workers: Annotated[int, typer.Option(help="processes")] = os.cpu_count() or 1,
    check: Annotated[bool, typer.Option("--check", help="list doubtful labels, with a contact sheet")] = False,
    allow_skips: Annotated[bool, typer.Option(help="exit with 0 although something was skipped")] = False,
) -> None:
    """Turn labelled sources into images, YOLO labels, COCO documents and a manifest."""
    try:
        inputs = _inputs(source or [])
        report = dataset.build(inputs, out, seed, workers)
        _print_report(report, [source for source, _ in inputs])
        if check and len(report.manifest):
            findings = checks.check(out)
            console.print(f"{len(findings)} doubts: {dict(Counter(finding.kind for finding in findings))}")
            console.print(f"Wrote {out / 'checks.csv'} and, where there is something to show, checks.png and flaws/")
    except SpineYoloError as error:
        console.print(f"[red]{escape(str(error))}")
        raise typer.Exit(1) from error
    console.print(f"Wrote {out}: version {report.version}", markup=False, soft_wrap=True)
    if report.skipped.errors and not allow_skips:
        raise typer.Exit(1)


def _inputs(named: list[str]) -> list[tuple[Source, Path]]:
    """Return sources and their folders; those under ../shared/data if none is named."""
    pairs = [name.partition("=") for name in named]
    if not named:
        pairs = [(path.name, "=", str(path)) for path in sorted(SHARED.glob("*/"))]
        pairs = [pair for pair in pairs if (SOURCES / f"{pair[0]}.yaml").exists()]
    if not pairs or any(not path for _, _, path in pairs):
        console.print("[red]No sources: expected --source NAME=PATH, NAME being one of")
        console.print(", ".join(sorted(path.stem for path in SOURCES.glob("*.yaml") if "." not in path.stem)))
        raise typer.Exit(1)
    return [(load_source(_yaml_of(name)), Path(path)) for name, _, path in pairs]


def _yaml_of(name: str) -> Path:
    return Path(name) if name.endswith((".yaml", ".yml")) else SOURCES / f"{name}.yaml"


def _print_report(report: dataset.BuildReport, sources: list[Source]) -> None:
    manifest = report.manifest
    table = Table("source", *dataset.SPLITS, "windows", "flawed", "vertebrae", title="Films")
    for name, group in manifest.groupby("source") if len(manifest) else []:
        whole = group[group["window"] == ""]
        counts = [str((whole["split"] == split).sum()) for split in dataset.SPLITS]
        windows, flawed = len(group) - len(whole), int((whole["flaw"] != "").sum())
        table.add_row(str(name), *counts, str(windows), str(flawed), str(whole["vertebrae"].sum()))
    console.print(table)
    if len(manifest):
        whole = manifest[manifest["window"] == ""]
        per_level = Counter(level for levels in whole["levels"] for level in levels.split())
        console.print("Films with each level: " + ", ".join(f"{level} {per_level[level]}" for level in LEVELS))
    console.print(f"{report.converted} films converted now, the others were done before")
    for source in sources:
        _print_rows(source, manifest)
    for error in report.skipped.errors:
        console.print(f"[yellow]skipped:[/] {escape(str(error))}")


def _print_rows(source: Source, manifest: pd.DataFrame) -> None:
    """Say how many training films are not named as published, and what became of outlines that are sacrum then."""
    if not source.rows or not len(manifest):
        return
    films = manifest[(manifest["source"] == source.name) & (manifest["split"] == "train") & (manifest["window"] == "")]
    rows = [source.rows[name] for name in films["original"] if name in source.rows]
    moved = [row for row in rows if isinstance(row, int)]
    console.print(
        f"{source.name}: {len(moved)} training films named as read anew, {sum(max(row, 0) for row in moved)} outlines "
        f"left out as sacrum, {len(rows) - len(moved)} films not learnt from because readings differ"
    )


if __name__ == "__main__":
    typer.run(main)
