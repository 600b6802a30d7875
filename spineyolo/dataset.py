"""Sources into `datasets/spine`: images, YOLO labels, COCO documents, a manifest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pandas as pd
from rich.progress import Progress

from spineyolo import imaging, rows, splits, version, windows
from spineyolo.anatomy import INDEX
from spineyolo.errors import BadInputError, Skipped
from spineyolo.files import make_folder, write_atomic, writing_alone
from spineyolo.film import Film, Vertebra
from spineyolo.formats import READERS, coco, yolo
from spineyolo.sources import Source
from spineyolo.version import Version
from spineyolo.workers import end_with_parent

SPLITS: Final = ("train", "val", "test")
FORMAT_VERSION: Final = 3
"""Raised when the same film would be converted to something else, so that old results are made anew."""

OFF_FILM_PX: Final = 1.0
"""An outline that reaches further beyond the film's edge than rounding explains is noted before it is cut off."""

_BY_FILM: Final = {"flawed", "rows"}  # each film's own stands in its digest
_NO_SETTING: Final = {"name", "title", "url", "licence", "citation", "layout"} | _BY_FILM
_RECORDS: Final = ".done"  # one JSON a converted film, so that an interrupted run goes on


@dataclass
class BuildReport:
    """What a build did: one manifest row a film or window, how many films were new, what it made, what was skipped."""

    manifest: pd.DataFrame
    converted: int
    version: Version
    skipped: Skipped = field(default_factory=Skipped)


@dataclass(frozen=True)
class _Job:
    film: Film
    name: str
    flaw: str
    split: str
    out: Path
    seed: int
    windows: bool
    shown: tuple[int | None, int | None] = (None, None)  # top and bottom, px, where its pixels are cut


def build(inputs: Sequence[tuple[Source, Path]], out: Path, seed: int, workers: int) -> BuildReport:
    """Convert sources (each with its folder) into one data set in `out`.

    Films converted before, and unchanged since, are left as they are; films no longer in a source are removed.

    Raises:
        BadInputError: before anything is written, if a source has no folder or no label format.
        NotWrittenError: if `out` cannot be written to, or another run is writing into it.
    """
    for source, root in inputs:
        if source.format is None:
            raise BadInputError(root, "a source with a label format", f"{source.name}, which has none yet")
        if not root.is_dir():
            raise BadInputError(root, f"the folder of {source.name}", "none")
    with writing_alone(out):
        return _build(inputs, out, seed, workers)


def _build(inputs: Sequence[tuple[Source, Path]], out: Path, seed: int, workers: int) -> BuildReport:
    skipped = Skipped()
    jobs = _named_apart([job for source, root in inputs for job in _jobs(source, root, out, seed, skipped)])
    for split in SPLITS:
        for folder in (out / "images" / split, out / "labels" / split):
            make_folder(folder)
    make_folder(out / "annotations")
    make_folder(out / _RECORDS)
    (out / version.FILE).unlink(missing_ok=True)  # until this build is through, there is no whole data set here
    records, converted = _convert_all(jobs, workers, skipped)
    _remove_stale(out, {film["film"] for record in records for film in record["films"]}, records)
    films = sorted((film for record in records for film in record["films"]), key=lambda row: str(row["film"]))
    _write_documents(out, films, {source.name: source.repeat for source, _ in inputs}, skipped)
    manifest = _write_manifest(out, films)
    made = version.write(out, films, _config([source for source, _ in inputs], seed))
    return BuildReport(manifest, converted, made, skipped)


def _config(sources: Sequence[Source], seed: int) -> dict[str, Any]:
    """Return the settings that change what films become; what a source says of its owners does not."""
    settings = {}
    for source in sources:
        content = {**vars(source), "options": dict(source.options), "view": str(source.view or "")}
        settings[source.name] = {key: value for key, value in content.items() if key not in _NO_SETTING}
    return {"seed": seed, "format_version": FORMAT_VERSION, "sources": settings}


def _jobs(source: Source, root: Path, out: Path, seed: int, skipped: Skipped) -> list[_Job]:
    before = len(skipped)
    films = list(READERS[source.format or ""](root, source, skipped))
    if not films and len(skipped) == before:
        skipped.add(BadInputError(root, f"films of {source.name}", "none"))
    assigned = splits.assign(films, source, seed)
    jobs = []
    for film in films:
        named = tuple(vertebra for vertebra in film.vertebrae if vertebra.level is not None)
        if len(named) < len(film.vertebrae):
            skipped.add(BadInputError(film.path, "a level for each vertebra", "a vertebra without one"))
        flaw = source.flawed.get(film.path.name, "")
        film_named, split = replace(film, vertebrae=named), assigned[film.path]
        job = _Job(film_named, film_name(film), flaw, split, out, seed, source.windows)
        jobs.append(_with_row(job, source.rows.get(film.path.name)) if split == "train" and not flaw else job)
    return jobs


def _with_row(job: _Job, row: int | str | None) -> _Job:
    """Return a training film's job with the row of its levels as read anew; one that is open is not learnt from."""
    if row == rows.OPEN:
        return replace(job, flaw="row: readings could not say, or differ")
    if not isinstance(row, int):
        return job
    film, shown = rows.moved(job.film, row)
    return replace(job, film=film, shown=shown)


def _named_apart(jobs: list[_Job]) -> list[_Job]:
    """Return the jobs with _2, _3 … added to names that an earlier one has (`a/1.png` and `b/1.png`)."""
    apart: dict[str, _Job] = {}
    for job in jobs:
        names = (job.name if number == 1 else f"{job.name}_{number}" for number in count(1))
        name = next(name for name in names if name not in apart)
        apart[name] = replace(job, name=name)
    return list(apart.values())


def _convert_all(jobs: list[_Job], workers: int, skipped: Skipped) -> tuple[list[dict[str, Any]], int]:
    records, converted = [], 0
    with Progress() as progress, ProcessPoolExecutor(workers, initializer=end_with_parent) as pool:
        task = progress.add_task("Converting", total=len(jobs))
        try:
            for future in as_completed([pool.submit(_convert, job) for job in jobs]):
                result = future.result()
                progress.advance(task)
                if isinstance(result, dict):
                    records.append(result)
                    converted += result.pop("new")
                else:
                    skipped.add(BadInputError(*result))
        finally:
            pool.shutdown(cancel_futures=True)  # after an interrupt, the films not begun yet stay for the next run
    return records, converted


def film_name(film: Film) -> str:
    """Return a film's name in the data set: its source and its file's stem, in letters, digits, - and _."""
    return re.sub(r"[^\w-]+", "_", f"{film.source}_{film.path.stem}")


def _convert(job: _Job) -> dict[str, Any] | tuple[Path, str, str]:
    """Convert one film and its windows; return its record, or path, expected and found of what is wrong with it."""
    name = job.name
    record_path = job.out / _RECORDS / f"{name}.json"
    digest = _digest(job)
    if record_path.exists():
        record: dict[str, Any] = json.loads(record_path.read_text(encoding="utf-8"))
        if record["sha256"] == digest and all(_files_exist(job.out, row) for row in record["films"]):
            return {**record, "new": False}
    try:
        grey = imaging.load(job.film.path).grey[slice(*job.shown)]
    except BadInputError as error:
        return error.path, error.expected, error.found
    films = [_write_film(job, name, grey, job.film, window="")]
    if job.split == "train" and job.windows and not job.flaw:
        for window in windows.cut(job.film, job.seed):
            part = replace(
                job.film, width=window.x1 - window.x0, height=window.y1 - window.y0, vertebrae=window.vertebrae
            )
            pixels = grey[window.y0 : window.y1, window.x0 : window.x1]
            films.append(_write_film(job, f"{name}_w{window.name}", pixels, part, window.name))
    record = {"sha256": digest, "original": str(job.film.path.name), "films": films}
    write_atomic(record_path, json.dumps(record).encode())
    return {**record, "new": True}


def _digest(job: _Job) -> str:
    """Return a hash of all a converted film depends on: pixels, labels, split and settings."""
    digest = hashlib.sha256(job.film.path.read_bytes())
    for vertebra in job.film.vertebrae:
        digest.update(f"{vertebra.level}{vertebra.box_only}".encode() + vertebra.polygon.tobytes())
    film, settings = job.film, (job.split, job.flaw, job.seed, job.windows, FORMAT_VERSION)
    digest.update(f"{film.view}{film.subject}{film.path.name}{settings}".encode())
    return digest.hexdigest()


def _files_exist(out: Path, row: dict[str, Any]) -> bool:
    image = out / "images" / row["split"] / f"{row['film']}.png"
    label: Path = out / "labels" / row["split"] / f"{row['film']}.txt"
    return bool(image.exists() and label.exists())


def _write_film(job: _Job, name: str, grey: Any, film: Film, window: str) -> dict[str, Any]:
    content = cv2.imencode(".png", np.ascontiguousarray(grey), [cv2.IMWRITE_PNG_COMPRESSION, 2])[1].tobytes()
    write_atomic(job.out / "images" / job.split / f"{name}.png", content)
    write_atomic(job.out / "labels" / job.split / f"{name}.txt", yolo.lines(film).encode())
    levels = sorted({vertebra.level for vertebra in film.vertebrae if vertebra.level}, key=INDEX.__getitem__)
    return {
        "film": name,
        "source": film.source,
        "original": film.path.name,
        "subject": film.subject,
        "view": str(film.view or ""),
        "width": film.width,
        "height": film.height,
        "split": job.split,
        "levels": " ".join(levels),
        "vertebrae": len(film.vertebrae),
        "flaw": job.flaw,
        "window": window,
        "box_only": " ".join(vertebra.level or "" for vertebra in film.vertebrae if vertebra.box_only),
        "off_film": " ".join(vertebra.level or "" for vertebra in film.vertebrae if _reaches_off(vertebra, film)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _reaches_off(vertebra: Vertebra, film: Film) -> bool:
    size = np.array([film.width, film.height])
    return bool((vertebra.polygon < -OFF_FILM_PX).any() or (vertebra.polygon > size + OFF_FILM_PX).any())


def _remove_stale(out: Path, names: set[str], records: list[dict[str, Any]]) -> None:
    """Remove what an earlier build wrote for films that are gone, renamed or in another split now."""
    current = {(row["film"], row["split"]) for record in records for row in record["films"]}
    for split in SPLITS:
        for path in [*(out / "images" / split).glob("*.png"), *(out / "labels" / split).glob("*.txt")]:
            if (path.stem, split) not in current:
                path.unlink()
    for path in (out / _RECORDS).glob("*.json"):
        if path.stem not in names:
            path.unlink()


def _write_documents(out: Path, written: list[dict[str, Any]], repeats: dict[str, int], skipped: Skipped) -> None:
    """Write `annotations/SPLIT.json` and the lists `SPLIT.txt`.

    In train.txt flawed films are left out, and a source's uncut films stand as often as it asks.
    """
    for split in SPLITS:
        films = [_reread(out, row, skipped) for row in written if row["split"] == split]
        coco.write(films, out / "annotations" / f"{split}.json")
        listed = [
            row["film"]
            for row in written
            if row["split"] == split and not (split == "train" and row["flaw"])
            for _ in range(repeats[row["source"]] if split == "train" and not row["window"] else 1)
        ]
        write_atomic(out / f"{split}.txt", "".join(f"./images/{split}/{name}.png\n" for name in listed).encode())


def _reread(out: Path, row: dict[str, Any], skipped: Skipped) -> Film:
    """Return a converted film as its own label file gives it."""
    path = out / "images" / row["split"] / f"{row['film']}.png"
    film = Film(path, row["width"], row["height"], None, row["source"], row["subject"], split=row["split"])
    boxes = row["box_only"].split()
    labels = yolo.read_labels(out / "labels" / row["split"], film, skipped)
    return replace(film, vertebrae=tuple(replace(label, box_only=label.level in boxes) for label in labels))


def _write_manifest(out: Path, written: list[dict[str, Any]]) -> pd.DataFrame:
    manifest = pd.DataFrame(written)
    write_atomic(out / "manifest.csv", manifest.to_csv(index=False).encode())
    return manifest
