"""Films of a converted data set to a Roboflow project: pixels, outlines, levels, splits and tags."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd
from rich.progress import Progress

from spineyolo import version
from spineyolo.errors import BadInputError
from spineyolo.files import read_json
from spineyolo.roboflow_sync.api import RoboflowCallError, RoboflowProject

SPLIT_NAMES: Final = {"train": "train", "val": "valid", "test": "test"}
"""Our splits by Roboflow's names."""

BATCH: Final = 50
"""Films sent under one batch name, some at once; after each batch it is seen whether anything gets through at all."""

AT_ONCE: Final = 8
"""Films on their way at the same time."""

_PAGE: Final = 250  # the most that the search endpoint returns
_FIELDS: Final = ["id", "name", "split", "labels", "user_metadata"]
_COLUMNS: Final = ["film", "source", "view", "split", "flaw", "window", "sha256"]


@dataclass(frozen=True)
class OutgoingFilm:
    """One film as it is sent: `coco` is a COCO document of its own, `metadata` the hashes of pixels and labels."""

    path: Path
    split: str
    tags: tuple[str, ...]
    coco: str
    metadata: dict[str, str]


@dataclass
class PushReport:
    """What a push did, film names throughout.

    Attributes:
        films: how many are sent, relabelled (only their labels went) or there (before, and left alone).
        failed: what could not be sent, and why.
        other_split: films that Roboflow has in another split; there they must be moved by hand.
        outdated: images there under a film's name with other pixels; there they must be removed by hand.
    """

    films: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    other_split: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)


def push(project: RoboflowProject, data: Path) -> PushReport:
    """Send the whole films of a converted data set that the project does not hold yet.

    Windows cut from films are left out. Each image carries the SHA-256 of its file and of its labels, so that a push
    that was cut off goes on where it stood, on this machine or another, and new labels replace old ones.

    Raises:
        BadInputError: if `data` is no converted data set.
        RoboflowCallError: if what is there cannot be listed, or not one film of a whole batch got through.
    """
    films = outgoing(data)
    title = f"{data.resolve().name} {version.read(data).id}"
    report, there = PushReport(), _listed(project)
    batches = [films[start : start + BATCH] for start in range(0, len(films), BATCH)]
    with Progress() as progress, ThreadPoolExecutor(AT_ONCE) as pool:
        task = progress.add_task("Sending films", total=len(films))
        for number, batch in enumerate(batches, start=1):
            name = f"{title} {number} of {len(batches)}"
            futures = [pool.submit(_send, project, film, there[film.path.stem], name, report) for film in batch]
            failures = []
            for film, future in zip(batch, futures, strict=True):
                try:
                    report.films[future.result()] += 1
                except RoboflowCallError as error:
                    failures.append(f"{film.path.stem}: {error}")
                progress.advance(task)
            report.failed += failures
            if len(failures) == len(batch):
                raise RoboflowCallError(f"none of {len(batch)} films got through, the last: {failures[-1]}")
    return report


def outgoing(data: Path) -> list[OutgoingFilm]:
    """Return the whole films of a converted data set as they are sent, in the order of their names.

    Raises:
        BadInputError: if there is no manifest, or the COCO documents lack a film of it.
    """
    path = data / "manifest.csv"
    try:
        manifest = pd.read_csv(path, keep_default_na=False, dtype=str)[_COLUMNS]
    except (OSError, ValueError, KeyError) as error:
        raise BadInputError(path, "the manifest of a converted data set", str(error)) from error
    whole = manifest[manifest["window"] == ""].sort_values("film")
    documents = {split: _documents(data / "annotations" / f"{split}.json") for split in sorted(set(whole["split"]))}
    films = []
    for row in whole.to_dict("records"):
        if row["film"] not in documents[row["split"]]:
            raise BadInputError(data / "annotations" / f"{row['split']}.json", f"the film {row['film']}", "none")
        films.append(_outgoing(data, row, documents[row["split"]][row["film"]]))
    return films


def _outgoing(data: Path, row: dict[Any, Any], coco: str) -> OutgoingFilm:
    image = data / "images" / row["split"] / f"{row['film']}.png"
    tags = tuple(tag for tag in (row["source"], row["view"], "flawed" if row["flaw"] else "") if tag)
    metadata = {"image_sha256": row["sha256"], "labels_sha256": hashlib.sha256(coco.encode()).hexdigest()}
    return OutgoingFilm(image, SPLIT_NAMES[row["split"]], tags, coco, metadata)


def _documents(path: Path) -> dict[str, str]:
    """Return a COCO document for each film of one, by the film's name."""
    document = read_json(path)
    annotations = defaultdict(list)
    for annotation in document["annotations"]:
        annotations[annotation["image_id"]].append(annotation)
    shared = {"info": {}, "licenses": [], "categories": document["categories"]}
    return {
        Path(image["file_name"]).stem: json.dumps(
            {**shared, "images": [image], "annotations": annotations[image["id"]]}
        )
        for image in document["images"]
    }


def _listed(project: RoboflowProject) -> defaultdict[str, list[dict[str, Any]]]:
    """Return what the project holds, by film name; there may be several images of a name."""
    there: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    offset = 0
    while page := project.search(offset, _PAGE, _FIELDS):
        for image in page:
            there[Path(str(image["name"])).stem].append(image)
        offset += len(page)
    return there


def _send(
    project: RoboflowProject, film: OutgoingFilm, there: Sequence[dict[str, Any]], batch: str, report: PushReport
) -> str:
    """Send what is missing of one film and return what was done: sent, relabelled or there."""
    name = film.path.stem
    noted = [(image, image.get("user_metadata") or {}) for image in there]
    same = [(image, notes) for image, notes in noted if notes.get("image_sha256") == film.metadata["image_sha256"]]
    report.outdated += [f"{name} ({image['id']})" for image, notes in noted if (image, notes) not in same]
    if not same:
        image_id = project.send_image(film.path, film.split, batch, list(film.tags), film.metadata)
        project.send_annotation(image_id, film.coco, batch)
        return "sent"
    image, notes = same[0]
    if image.get("split", film.split) != film.split:
        report.other_split.append(name)
    if image.get("labels") and notes.get("labels_sha256") == film.metadata["labels_sha256"]:
        return "there"
    project.send_annotation(str(image["id"]), film.coco, batch)
    project.set_metadata(str(image["id"]), film.metadata)
    return "relabelled"
