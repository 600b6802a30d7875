"""Compare measures with truth: python tools/evaluate_measure.py {corners,predictions,fit,laterals,phantoms} …"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spineyolo.detect.load import load_detector
from spineyolo.errors import SpineYoloError
from spineyolo.files import write_atomic
from spineyolo.measure import benchmark, chain_fit, lateral_truth
from spineyolo.sources import load_source

ROOT = Path(__file__).parents[1]
AASCE = ROOT / ".." / "shared" / "data" / "aasce2019"
Aasce = Annotated[Path, typer.Option(help="folder of AASCE 2019, with boostnet_labeldata")]
Out = Annotated[Path, typer.Option(help="the Markdown file whose section is replaced")]
console = Console()
app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.command()
def corners(aasce: Aasce = AASCE, out: Out = Path("benchmarks/measure.md")) -> None:
    """Angles from AASCE's own corners against its published angles."""
    with _said():
        _write(out, benchmark.aasce_section(aasce, load_source(ROOT / "datasets" / "sources" / "aasce2019.yaml")))


@app.command()
def predictions(
    found: Annotated[Path, typer.Argument(help="predictions.json of tools/predict.py")],
    truth: Annotated[Path, typer.Option(help="annotations/SPLIT.json of the converted data set")],
    aasce: Aasce = AASCE,
    out: Out = Path("benchmarks/measure.md"),
) -> None:
    """Angles and corners from predicted outlines against AASCE's."""
    with _said():
        _write(out, benchmark.predicted_section(aasce, found, truth.parents[1] / "manifest.csv", truth))


@app.command()
def fit(
    found: Annotated[Path, typer.Argument(help="predictions.json of tools/predict.py on validation films")],
    truth: Annotated[Path, typer.Option(help="annotations/SPLIT.json of the converted data set; not the test films")],
    source: Annotated[str, typer.Option(help="films whose names start so")] = "aasce2019",
    out: Out = Path("benchmarks/measure.md"),
) -> None:
    """SMAPE over a grid of what smoothing rests on, and the best: CHORD_GAIN, CHORD_SD_DEG, corner noise."""
    with _said():
        _write(out, chain_fit.section(chain_fit.search(found, truth, source), truth.stem))


@app.command()
def laterals(
    found: Annotated[Path, typer.Argument(help="predictions.json of tools/predict.py")],
    truth: Annotated[Path, typer.Option(help="annotations/SPLIT.json of the converted data set")],
    source: Annotated[str, typer.Option(help="films whose names start so")] = "lateral",
    out: Out = Path("benchmarks/measure.md"),
) -> None:
    """Corners, angles, disc heights and slips from predicted outlines of laterals against their true corners."""
    with _said():
        _write(out, lateral_truth.section(found, truth, source))


@app.command()
def phantoms(
    count: Annotated[int, typer.Option(help="films to render")] = 120,
    seed: Annotated[int, typer.Option(help="of the first film; the others count on")] = 50_000,
    weights: Annotated[Path | None, typer.Option(help="finds the outlines; true masks if not given")] = None,
    out: Out = Path("benchmarks/measure.md"),
) -> None:
    """Measures on lateral and AP phantoms, from true masks or a detector's, against what was drawn."""
    with _said():
        table = benchmark.phantoms(seed, count, None if weights is None else load_detector(weights))
        masks = "true" if weights is None else "predicted"
        picture = out.with_name(f"{out.stem}_phantoms{'' if weights is None else '_predicted'}.png")
        write_atomic(picture, benchmark.plots(table))
        _write(out, benchmark.phantom_section(table, picture.name, masks))


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except SpineYoloError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error


def _write(out: Path, section: str) -> None:
    benchmark.write_section(out, section, f"python {shlex.join(sys.argv)}")
    console.print(section, markup=False)
    console.print(f"Wrote {out}", markup=False)


if __name__ == "__main__":
    app()
