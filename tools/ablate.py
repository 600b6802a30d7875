"""Train arms that differ in one thing and compare them: python tools/ablate.py yolo_configs/ablations/rendered.yaml."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spineyolo import version
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate import ablation, report
from spineyolo.evaluate.tables import markdown, screen_table
from spineyolo.files import write_atomic

console = Console()


def main(
    config: Annotated[Path, typer.Argument(help="a file of yolo_configs/ablations/")],
    data: Annotated[Path, typer.Option(help="converted data set")] = Path("datasets/spine"),
    runs: Annotated[Path, typer.Option(help="where the arms are trained; a run cut off goes on arm by arm")] = Path(
        "runs/ablation"
    ),
    out: Annotated[Path, typer.Option(help="where ablation_NAME.md goes")] = Path("benchmarks"),
) -> None:
    """Train every arm from the same start with the same steps, and measure it on validation films."""
    try:
        plan = ablation.load_ablation(config)
        cases = ablation.validation_cases(data)
        results = {}
        for arm in plan.arms:
            weights = ablation.train_arm(plan, arm, data, runs / config.stem / arm.replace(" ", "_"))
            results[arm] = ablation.measure_arm(weights, plan.settings["imgsz"], cases)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    shown = ablation.table(results)
    steps = plan.pictures * plan.settings["epochs"] // plan.settings["batch"]
    lines = [
        f"# {plan.question}",
        "",
        f"- command: `python {shlex.join(sys.argv)}`",
        f"- data set: `{version.describe(data)}`",
        f"- commit: `{report.commit()}`",
        f"- steps: {steps} of {plan.settings['batch']} pictures, {plan.settings['imgsz']} px, one seed",
        *(f"- {arm}: {dict(shares) or 'no other source'}" for arm, shares in plan.arms.items()),
        "",
        *markdown(shown),
    ]
    target = out / f"ablation_{config.stem}.md"
    write_atomic(target, ("\n".join(lines) + "\n").encode())
    console.print(screen_table(shown))
    console.print(f"Wrote {target}", markup=False)


if __name__ == "__main__":
    typer.run(main)
