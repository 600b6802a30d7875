"""The long work that is killed, in small: a conversion, a rendering, an archive run, a training."""

import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from rich.console import Console

from spineyolo import dataset
from spineyolo.archive import engine_local
from spineyolo.archive.result import FilmResult, Model
from spineyolo.archive.run import Engine, run
from spineyolo.formats import coco
from spineyolo.maskrcnn import checkpoint, training
from spineyolo.render.bulk import Order, render_all
from spineyolo.render.spec import Projection, Window
from tests.columns import SOURCE, column
from tests.maskrcnn import made


def make_source(folder: Path, films: int = 6) -> Path:
    """Write a small labelled source."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    paths = [folder / f"{number:02d}_1.png" for number in range(films)]
    for path in paths:
        cv2.imwrite(str(path), rng.integers(0, 255, (900, 300), np.uint8))
    coco.write([column(path) for path in paths], folder / "annotations.json")
    return folder


def convert(source: Path, out: Path) -> None:
    """Convert the source, on two processes."""
    dataset.build([(SOURCE, source)], out, seed=0, workers=2)


def render(out: Path) -> None:
    """Render two cervical films, on one process."""
    render_all(Order(2, Projection.LATERAL, Window.CERVICAL, 5, False, False), out, 1)


def archive(source: Path, weights: Path, engine: Engine | None, out: Path) -> None:
    """Put the source's films through an archive run, parts of three films."""
    model = Model(weights, 64)
    run(source, out, model, engine or partial(engine_local.run, source=source, model=model, workers=1), part_films=3)


def train(data: Path, out: Path) -> None:
    """Train a tiny Mask R-CNN for three epochs, or go on where a killed training stood."""
    torch.set_num_threads(1)  # sums split over threads round differently
    training.train(made.recipe(data, epochs=3), out, Console(quiet=True), resume=(out / "last.pt").exists())


def trained(out: Path) -> dict[str, bytes]:
    """Return what a training must come to: each weight's bytes. Its checkpoint also tells the time it took."""
    if not (out / "last.pt").exists():
        return {}
    return {name: value.numpy().tobytes() for name, value in checkpoint.read(out / "last.pt")["network"].items()}


def slow_engine(films: Iterable[str]) -> Iterator[FilmResult]:
    """An engine that stands in for the models and takes its time."""
    for film in films:
        time.sleep(0.01)
        yield FilmResult(film, None, [{"film": film, "vertebrae": 1}], [{"film": film, "level": "L1"}] * 20)
