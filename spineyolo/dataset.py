"""Sources into `datasets/spine`: images, YOLO labels, COCO documents, a manifest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pandas as pd
from rich.progress import Progress

from spineyolo import imaging, splits, windows
from spineyolo.anatomy import INDEX
from spineyolo.errors import BadInputError, Skipped
from spineyolo.files import write_atomic
from spineyolo.film import Film
from spineyolo.formats import READERS, coco, yolo
from spineyolo.sources import Source

SPLITS: Final = ("train", "val", "test")
FORMAT_VERSION: Final = 1
"""Raised when the same film would be converted to something else, so that old results are made anew."""

_RECORDS: Final = ".done"  # one JSON a converted film, so that an interrupted run goes on


@dataclass
class BuildReport:
    """What a build did: one manifest row a film or window, how many films were new, and what was skipped."""

    manifest: pd.DataFrame
    converted: int
    skipped: Skipped = field(default_factory=Skipped)


@dataclass(frozen=True)
class _Job:
    film: Film
    flaw: str
    split: str
    out: Path
    seed: int


def build(inputs: Sequence[tuple[Source, Path]], out: Path, seed: int, workers: int) -> BuildReport:
    """Convert sources (each with its folder) into one data set in `out`.

    Films converted before, and unchanged since, are left as they are; films no longer in a source are removed.
    """
    skipped = Skipped()
    jobs = [job for source, root in inputs for job in _jobs(source, root, out, seed, skipped)]
    for split in SPLITS:
        for folder in (out / "images" / split, out / "labels" / split):
            folder.mkdir(parents=True, exist_ok=True)
    (out / "annotations").mkdir(exist_ok=True)
    (out / _RECORDS).mkdir(exist_ok=True)
    records, converted = _convert_all(jobs, workers, skipped)
    _remove_stale(out, {film["film"] for record in records for film in record["films"]}, records)
    rows = sorted((film for record in records for film in record["films"]), key=lambda row: str(row["film"]))
    _write_documents(out, rows)
    manifest = _write_manifest(out, rows)
    return BuildReport(manifest, converted, skipped)


def _jobs(source: Source, root: Path, out: Path, seed: int, skipped: Skipped) -> list[_Job]:
    if source.format is None:
        skipped.add(BadInputError(root, "a source with a label format", f"{source.name}, which has none yet"))
        return []
    if not root.is_dir():
        skipped.add(BadInputError(root, f"the folder of {source.name}", "none"))
        return []
    films = list(READERS[source.format](root, source, skipped))
    if not films and not skipped.errors:
        skipped.add(BadInputError(root, f"films of {source.name}", "none"))
    assigned = splits.assign(films, source, seed)
    jobs = []
    for film in films:
        named = tuple(vertebra for vertebra in film.vertebrae if vertebra.level is not None)
        if len(named) < len(film.vertebrae):
            skipped.add(BadInputError(film.path, "a level for each vertebra", "a vertebra without one"))
        flaw = source.flawed.get(film.path.name, "")
        jobs.append(_Job(replace(film, vertebrae=named), flaw, assigned[film.path], out, seed))
    return jobs


def _convert_all(jobs: list[_Job], workers: int, skipped: Skipped) -> tuple[list[dict[str, Any]], int]:
    records, converted = [], 0
    with Progress() as progress, ProcessPoolExecutor(workers) as pool:
        task = progress.add_task("Converting", total=len(jobs))
        for future in as_completed([pool.submit(_convert, job) for job in jobs]):
            result = future.result()
            progress.advance(task)
            if isinstance(result, BadInputError):
                skipped.add(result)
            else:
                records.append(result)
                converted += result.pop("new")
    return records, converted


def film_name(film: Film) -> str:
    """Return a film's name in the data set: its source and its file's stem, in letters, digits, - and _."""
    return re.sub(r"[^\w-]+", "_", f"{film.source}_{film.path.stem}")


def _convert(job: _Job) -> dict[str, Any] | BadInputError:
    """Convert one film and its windows; return its record, or what is wrong with it."""
    name = film_name(job.film)
    record_path = job.out / _RECORDS / f"{name}.json"
    digest = _digest(job)
    if record_path.exists():
        record: dict[str, Any] = json.loads(record_path.read_text(encoding="utf-8"))
        if record["sha256"] == digest and all(_files_exist(job.out, row) for row in record["films"]):
            return {**record, "new": False}
    try:
        grey = imaging.load(job.film.path).grey
    except BadInputError as error:
        return error
    rows = [_write_film(job, name, grey, job.film, window="")]
    if job.split == "train" and not job.flaw:
        for window in windows.cut(job.film, job.seed):
            part = replace(
                job.film, width=window.x1 - window.x0, height=window.y1 - window.y0, vertebrae=window.vertebrae
            )
            pixels = grey[window.y0 : window.y1, window.x0 : window.x1]
            rows.append(_write_film(job, f"{name}_w{window.name}", pixels, part, window.name))
    record = {"sha256": digest, "original": str(job.film.path.name), "films": rows}
    write_atomic(record_path, json.dumps(record).encode())
    return {**record, "new": True}


def _digest(job: _Job) -> str:
    """Return a hash of all a converted film depends on: pixels, labels, split and settings."""
    digest = hashlib.sha256(job.film.path.read_bytes())
    for vertebra in job.film.vertebrae:
        digest.update(f"{vertebra.level}{vertebra.box_only}".encode() + vertebra.polygon.tobytes())
    digest.update(f"{job.film.view}{job.film.subject}{job.split}{job.flaw}{job.seed}{FORMAT_VERSION}".encode())
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
        "box_only": any(vertebra.box_only for vertebra in film.vertebrae),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


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


def _write_documents(out: Path, rows: list[dict[str, Any]]) -> None:
    """Write `annotations/SPLIT.json` and the lists `SPLIT.txt`; flawed training films are left out of train.txt."""
    skipped = Skipped()
    for split in SPLITS:
        films = [_reread(out, row, skipped) for row in rows if row["split"] == split]
        coco.write(films, out / "annotations" / f"{split}.json")
        listed = [row["film"] for row in rows if row["split"] == split and not (split == "train" and row["flaw"])]
        write_atomic(out / f"{split}.txt", "".join(f"./images/{split}/{name}.png\n" for name in listed).encode())


def _reread(out: Path, row: dict[str, Any], skipped: Skipped) -> Film:
    """Return a converted film as its own label file gives it."""
    path = out / "images" / row["split"] / f"{row['film']}.png"
    film = Film(path, row["width"], row["height"], None, row["source"], row["subject"], split=row["split"])
    return replace(film, vertebrae=tuple(yolo.read_labels(out / "labels" / row["split"], film, skipped)))


def _write_manifest(out: Path, rows: list[dict[str, Any]]) -> pd.DataFrame:
    manifest = pd.DataFrame(rows)
    write_atomic(out / "manifest.csv", manifest.to_csv(index=False).encode())
    return manifest
