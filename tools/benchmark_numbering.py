"""Compare our numbering to others': python tools/benchmark_numbering.py --data datasets/spine --split test."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from spineyolo import version
from spineyolo.detect.load import RELEASED_WEIGHTS
from spineyolo.detect.yolo import YoloDetector
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate import numbering_benchmark as benchmark
from spineyolo.evaluate import readings, report
from spineyolo.evaluate.cases import Split, in_groups, read_cases
from spineyolo.evaluate.tables import screen_table

console = Console()


def main(
    split: Annotated[Split, typer.Option(help="of the data set")],
    data: Annotated[Path, typer.Option(help="converted data set")] = Path("datasets/spine"),
    weights: Annotated[Path, typer.Option(help="YOLOv8-seg checkpoint")] = RELEASED_WEIGHTS,
    out: Annotated[Path, typer.Option(help="where numbering.json and numbering.md go")] = Path("benchmarks"),
) -> None:
    """Measure our numbering and others' on the same films: whole ones, windows cut out of laterals, part views."""
    try:
        detector = YoloDetector(weights)
        plain = benchmark.PlainUltralytics(weights, detector.imgsz)
        films = read_cases(data, split, benchmark.WINDOW_SEEDS)
        rows = readings.agreed_by_stem(readings.load(readings.READINGS), data / "manifest.csv")
        cases = in_groups([*films, *readings.as_read(films, rows)], benchmark.GROUPS)
        measured = []
        for case in track(cases, "Detecting and numbering", console=console):
            grey = case.grey()
            measured.append((case, benchmark.outcomes(case, detector.detect(grey), plain.detect(grey))))
        groups = track(benchmark.present(cases), "Measuring", console=console)
        results = {name: benchmark.group_figures(benchmark.GROUPS[name], measured) for name in groups}
        about = {
            "command": f"python {shlex.join(sys.argv)}",
            "data set": version.describe(data),
            "weights": report.fingerprint(weights),
            "commit": report.commit(),
        }
        benchmark.write(results, out, about)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    for table in benchmark.tables(results):
        console.print(screen_table(table))
    console.print(f"Wrote {out / 'numbering'}.json and .md", markup=False)


if __name__ == "__main__":
    typer.run(main)
