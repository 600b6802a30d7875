"""List films whose levels their looks contradict: python tools/find_disputed.py --split train --source aasce2019."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.progress import track

from spineyolo import version
from spineyolo.detect.load import RELEASED_WEIGHTS, load_detector
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate import disputes, report
from spineyolo.evaluate.cases import LearningSplit, read_cases
from spineyolo.evaluate.tables import markdown, screen_table
from spineyolo.files import write_atomic

console = Console()


def main(
    split: Annotated[LearningSplit, typer.Option(help="of the data set")] = LearningSplit.VAL,
    source: Annotated[str, typer.Option(help="whose films")] = "aasce2019",
    data: Annotated[Path, typer.Option(help="converted data set")] = Path("datasets/spine"),
    weights: Annotated[Path, typer.Option(help="checkpoint")] = RELEASED_WEIGHTS,
    out: Annotated[Path, typer.Option(help="where disputed_SPLIT.csv (films) and .md (counts) go")] = Path(
        "runs/disputed"
    ),
) -> None:
    """Judge each film's published levels by its vertebrae's own looks."""
    try:
        detector = load_detector(weights)
        cases = [case for case in read_cases(data, split, {}) if case.source == source]
        found = [disputes.judge(case, detector.detect(case.grey())) for case in track(cases, "Judging")]
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    table = disputes.summary(found)
    about = [f"# Disputed levels, {source}, {split}", "", f"- command: `python {shlex.join(sys.argv)}`"]
    about += [f"- data set: `{version.describe(data)}`", f"- weights: `{report.fingerprint(weights)}`"]
    lines = [*about, f"- commit: `{report.commit()}`", "", *markdown(table)]
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / f"disputed_{split}.csv", pd.DataFrame(found).to_csv(index=False).encode())
    write_atomic(out / f"disputed_{split}.md", ("\n".join(lines) + "\n").encode())
    console.print(screen_table(table))
    console.print(f"Wrote {out}/disputed_{split}.csv and .md", markup=False)


if __name__ == "__main__":
    typer.run(main)
