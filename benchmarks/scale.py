"""Measure archive runs as they grow and write benchmarks/scale.md: python benchmarks/scale.py."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated, Any, Final

import cv2
import psutil
import typer
from rich.console import Console

from spineyolo.archive import engine_local
from spineyolo.archive.result import FilmResult, Model
from spineyolo.archive.run import run
from spineyolo.archive.stages import decode, infer
from spineyolo.detect.load import RELEASED_WEIGHTS, load_detector
from spineyolo.evaluate.machine import describe
from spineyolo.evaluate.report import commit
from spineyolo.files import write_atomic
from spineyolo.render.bulk import Order, render_all
from spineyolo.render.spec import Projection, Window

ARCHIVE_FILMS: Final = 10_000_000
NODE: Final = ("AWS c7i.24xlarge, 48 cores, 96 hardware threads, 192 GB", 48)
"""The hardware of the reckoning, and its physical cores; cores are taken to be as fast as the measured one."""

NODES: Final = (1, 10, 100)
_DISTINCT: Final = 20
_LOOK_EVERY_S: Final = 0.5
_SMALL_HEIGHT_PX: Final = 320

console = Console()


@dataclass(frozen=True)
class Taken:
    """One measured run.

    Attributes:
        engine: what ran it.
        cores: that it had.
        films: how many.
        seconds: from the first film on the disk to the last row on the disk, start of workers in it.
        peak_mb: largest memory of the process that lists and writes, shared libraries in it.
        tree_mb: largest memory of it and all its workers together, what they share counted once.
        stored: bytes written.
    """

    engine: str
    cores: int
    films: int
    seconds: float
    peak_mb: float
    tree_mb: float
    stored: int


def main(
    films: Annotated[str, typer.Option(help="how many, with commas")] = "100,1000,10000",
    weights: Annotated[Path, typer.Option(help="what the workers load")] = RELEASED_WEIGHTS,
    imgsz: Annotated[int, typer.Option(help="canvas height in px of the small films")] = 160,
    whole: Annotated[int, typer.Option(help="whole-spine films at the trained canvas, for the reckoning")] = 20,
    workers: Annotated[int, typer.Option(help="processes of the local engine")] = os.cpu_count() or 1,
    out: Annotated[Path, typer.Option(help="the table")] = Path("benchmarks/scale.md"),
) -> None:
    """Run archives of small rendered films through every engine, and reckon what ten million would take."""
    counts = sorted({int(count) for count in films.split(",")})
    small, large = Model(weights, imgsz), Model(weights)
    engines: dict[str, tuple[Any, int]] = {"one process": (_plain, 1)}
    for cores in sorted({1, workers}):
        engines[f"local, {cores} workers"] = (partial(engine_local.run, workers=cores), cores)
    if find_spec("ray") is not None:
        engines["Ray Data"] = (_ray, os.cpu_count() or 1)
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _render_small(root / "small")
        render_all(Order(3, Projection.AP, Window.WHOLE, 70_000, False, False), root / "large", 1)
        for count in counts:
            archive = _archive(root / "small", root / f"{count}", count)
            for name, (engine, cores) in engines.items():
                taken.append(_measure(name, engine, cores, archive, root / f"{count} {name}", small))
                console.print(taken[-1])
        archive = _archive(root / "large", root / "whole", whole)
        full = _measure("one process", _plain, 1, archive, root / "whole one process", large)
    write_atomic(out, _page(taken, full, counts).encode())
    console.print(f"Wrote {out}")


def _plain(films: Iterable[str], source: Path, model: Model) -> Iterator[FilmResult]:
    """One process without an engine: a model, and film by film what the stages do."""
    cv2.setNumThreads(1)
    detector = load_detector(model.weights, imgsz=model.imgsz)
    for film in films:
        decoded = decode(source, film)
        yield decoded if isinstance(decoded, FilmResult) else infer(detector, film, decoded)


def _ray(films: Iterable[str], source: Path, model: Model) -> Iterator[FilmResult]:
    from spineyolo.archive import engine_ray  # noqa: PLC0415 - not everyone has Ray

    return engine_ray.run(films, source, model, address=None)


def _render_small(folder: Path) -> None:
    """Render cervical films and make them small."""
    render_all(Order(_DISTINCT, Projection.LATERAL, Window.CERVICAL, 93_000, False, False), folder, 1)
    for path in folder.glob("*.png"):
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        width = round(grey.shape[1] * _SMALL_HEIGHT_PX / grey.shape[0])
        cv2.imwrite(str(path), cv2.resize(grey, (width, _SMALL_HEIGHT_PX), interpolation=cv2.INTER_AREA))


def _archive(films: Path, folder: Path, count: int) -> Path:
    """Return a folder with `count` films, hard links to few, a thousand a subfolder."""
    pictures = sorted(films.glob("*.png"))
    for number in range(count):
        link = folder / f"{number // 1000:05d}" / f"{number:08d}.png"
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.hardlink_to(pictures[number % len(pictures)])
    return folder


def _measure(name: str, engine: Any, cores: int, source: Path, out: Path, model: Model) -> Taken:
    """Run an archive in a fresh process and watch its memory."""
    receiver, sender = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(engine, source, out, model, sender))
    process.start()
    own, tree = 0, 0
    while process.is_alive():
        now = _memory(process.pid or 0)
        own, tree = max(own, now[0]), max(tree, now[1])
        process.join(_LOOK_EVERY_S)
    if process.exitcode:
        console.print(f"[red]{name} on {source} ended with exit code {process.exitcode}")
        raise typer.Exit(1)
    seconds, done, quarantined = receiver.recv()
    if quarantined:
        console.print(f"[red]{quarantined} films of {source} in quarantine, see {out / 'quarantine'}")
        raise typer.Exit(1)
    stored = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return Taken(name, cores, done, seconds, own / 1e6, tree / 1e6, stored)


def _run(engine: Any, source: Path, out: Path, model: Model, sender: Connection) -> None:
    began = time.perf_counter()
    summary = run(source, out, model, partial(engine, source=source, model=model))
    sender.send((time.perf_counter() - began, summary.done, summary.quarantined))


def _memory(pid: int) -> tuple[int, int]:
    """Return bytes: resident of a process, and in proportion (PSS) of it and all below it."""
    try:
        process = psutil.Process(pid)
        own = process.memory_info().rss
        tree = 0
        for one in [process, *process.children(recursive=True)]:
            tree += _share(one)
    except psutil.NoSuchProcess:
        return 0, 0
    return own, tree


def _share(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:  # it ended meanwhile
        return 0


def _page(taken: list[Taken], full: Taken, counts: list[int]) -> str:
    most = {one.engine: one for one in taken if one.films == counts[-1]}
    fewer = counts[-2:][0]  # from there on the start weighs little
    few = {one.engine: one for one in taken if one.films == fewer}
    plain = most["one process"]
    alone = plain.seconds / plain.films
    machine = "; ".join(f"{key}: {value}" for key, value in describe().items())
    lines = [
        "# scale",
        "",
        f"`python {' '.join(sys.argv)}`, commit `{commit()}`. {machine}.",
        "",
        f"Archives of lateral cervical films, rendered, {_SMALL_HEIGHT_PX} px high: predictions and measurements of",
        "each to Parquet. Start and end of the workers are in the seconds, which weighs on the small archives.",
        "Overhead is what a film takes of all cores together beyond a film of the one process without engine.",
        "",
        "| engine | films | seconds | films a second | listing process, MB | all processes, MB |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one.engine} | {one.films} | {one.seconds:.1f} | {one.films / one.seconds:.2f} | {one.peak_mb:.0f} "
            f"| {one.tree_mb:.0f} |"
            for one in taken
        ),
        "",
        f"From {fewer} to {counts[-1]} films, and at {counts[-1]}:",
        "",
        "| engine | more memory of the listing process, bytes a film | overhead a film, ms | against one process |",
        "|---|---|---|---|",
        *(_growth(most[name], few[name], alone) for name in most),
        "",
        *_reckoning(most, few, full, alone),
    ]
    return "\n".join(lines) + "\n"


def _growth(most: Taken, few: Taken, alone: float) -> str:
    grown = (most.peak_mb - few.peak_mb) * 1e6 / max(most.films - few.films, 1)
    overhead = 1000 * (most.seconds * most.cores / most.films - alone)
    return f"| {most.engine} | {grown:.0f} | {overhead:.1f} | {alone / (most.seconds / most.films):.2f} × |"


def _reckoning(most: dict[str, Taken], few: dict[str, Taken], full: Taken, alone: float) -> list[str]:
    """Return what ten million films would take, on paper."""
    engine = most.get("Ray Data", most["local, 1 workers"])
    name, cores = NODE
    film_s = full.seconds / full.films
    overhead_s = max(engine.seconds * engine.cores / engine.films - alone, 0)
    grown = max(engine.peak_mb - few[engine.engine].peak_mb, 0) * 1e6 / max(engine.films - few[engine.engine].films, 1)
    rows = [
        f"| {nodes} | {nodes * cores} | {ARCHIVE_FILMS * (film_s + overhead_s) / (nodes * cores) / 3600:.1f} |"
        for nodes in NODES
    ]
    return [
        f"## {ARCHIVE_FILMS:,} films, on paper",
        "",
        f"Measured: a whole-spine film (rendered, 2540 px high) at the trained canvas takes {film_s:.2f} s in one",
        f"process ({full.films} films, {full.seconds:.0f} s, loading in it), {engine.engine} adds",
        f"{1000 * overhead_s:.1f} ms a film, and a film's rows take {full.stored / full.films:.0f} bytes. Assumed, not",
        "measured: films spread over cores without loss, cores as fast as this machine's, files that come as fast as",
        "they are read. Then, on nodes",
        f"of {name}:",
        "",
        "| nodes | cores | hours |",
        "|---|---|---|",
        *rows,
        "",
        f"The tables take {ARCHIVE_FILMS * full.stored / full.films / 1e9:.0f} GB; the process that lists and writes",
        f"would grow by {ARCHIVE_FILMS * grown / 1e9:.1f} GB under {engine.engine}. It is one process:",
        "the rows of a film pass through it, and it, not the nodes, bounds the films a second of a large cluster.",
    ]


if __name__ == "__main__":
    typer.run(main)
