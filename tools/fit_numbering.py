"""Search for better prices of numbering: python tools/fit_numbering.py --data datasets/spine --split val."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from spineyolo.detect.load import RELEASED_WEIGHTS
from spineyolo.detect.yolo import YoloDetector
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate import fit_costs as fit
from spineyolo.evaluate.cases import LearningSplit, in_groups, read_cases
from spineyolo.numbering import COSTS, Costs

CACHE = Path("runs/fit_numbering")
console = Console()


def main(
    data: Annotated[Path, typer.Option(help="converted data set")] = Path("datasets/spine"),
    split: Annotated[LearningSplit, typer.Option(help="of the data set")] = LearningSplit.VAL,
    weights: Annotated[Path, typer.Option(help="YOLOv8-seg checkpoint")] = RELEASED_WEIGHTS,
    trials: Annotated[int, typer.Option(min=1, help="random choices of prices")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="of the search")] = 0,
) -> None:
    """Print the best prices found, the present ones, and what each sure margin would give. It changes nothing."""
    try:
        samples = _samples(data, split, weights)
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    tried = [
        fit.trial(samples, costs)
        for costs in track(fit.random_costs(trials, seed), "Numbering", total=trials, console=console)
    ]
    best = fit.best(tried)
    named = {"present": fit.trial(samples, COSTS)} | {str(place): found for place, found in enumerate(best, 1)}
    console.print(f"Identification on {len(samples)} films and windows of {data}, split {split}, by prices:")
    console.print(fit.trial_table(named))
    _print_calibration(samples, COSTS, "present prices")
    _print_calibration(samples, best[0].costs, "prices 1")


def _samples(data: Path, split: LearningSplit, weights: Path) -> list[fit.Sample]:
    detector = YoloDetector(weights)
    cases = in_groups(read_cases(data, split, fit.WINDOW_SEEDS), fit.GROUPS)
    cache = CACHE / f"{fit.digest(weights, cases)}.npz"
    if not cache.exists():
        detecting = track(cases, "Detecting", console=console)
        fit.save([fit.sample_of(case, detector.detect(case.grey())) for case in detecting], cache)
        console.print(f"Wrote {cache}", markup=False)
    return fit.load(cache, len(cases))


def _print_calibration(samples: list[fit.Sample], costs: Costs, name: str) -> None:
    calibration = fit.calibrate(samples, costs)
    console.print(f"Share of films called sure, and of vertebrae found on them that are right, by margin ({name}):")
    console.print(calibration.table())
    for group in fit.groups_of(samples):
        margin = calibration.smallest_margin(group)
        text = "none" if margin is None else f"{margin:g}"
        console.print(f"Smallest margin for {fit.WANTED_ACCURACY:.0%} right on films called sure, {group}: {text}")


if __name__ == "__main__":
    typer.run(main)
