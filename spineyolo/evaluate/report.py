"""Figures of one prediction file, as a table on screen, JSON and Markdown."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
from rich.table import Table

from spineyolo.errors import BadInputError
from spineyolo.evaluate import levels
from spineyolo.evaluate.coco import SpineEvaluator
from spineyolo.files import write_atomic
from spineyolo.formats._common import read_json

MAIN_FIGURES: Final = (
    "films",
    "vertebrae",
    "identification",
    "detection",
    "films_all_right",
    "dice",
    "dice_all",
    "iou",
    *(
        f"{kind}_{naming}_{figure}"
        for kind in ("mask", "box")
        for naming in ("numbered", "agnostic")
        for figure in ("mAP50-95", "mAP50", "mAP75", "mAR")
    ),
)


@dataclass(frozen=True)
class FilmPair:
    """One film's image entry with its true and predicted annotations."""

    image: dict[str, Any]
    truths: list[dict[str, Any]]
    predictions: list[dict[str, Any]]

    @property
    def stem(self) -> str:
        """The film's name without ending."""
        return Path(self.image["file_name"]).stem


def pair_films(truth_path: Path, predictions_path: Path) -> list[FilmPair]:
    """Pair the films of two COCO documents by file name.

    Raises:
        BadInputError: if a document is none, or a true film has no entry among the predicted images.
    """
    truth, found = read_json(truth_path), read_json(predictions_path)
    try:
        true_by_image, found_by_image = _by_image(truth), _by_image(found)
        found_ids = {image["file_name"]: image["id"] for image in found["images"]}
        images = list(truth["images"])
    except (KeyError, TypeError) as error:
        raise BadInputError(predictions_path, "a COCO document like the truth's", repr(error)) from error
    missing = [image["file_name"] for image in images if image["file_name"] not in found_ids]
    if missing:
        found_text = f"{len(missing)} missing, first {missing[0]}"
        raise BadInputError(predictions_path, f"an entry for each of {len(images)} films", found_text)
    if not images:
        raise BadInputError(truth_path, "films to evaluate", "none")
    return [
        FilmPair(image, true_by_image[image["id"]], found_by_image[found_ids[image["file_name"]]]) for image in images
    ]


def _by_image(document: dict[str, Any]) -> dict[Any, list[dict[str, Any]]]:
    grouped: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for annotation in document["annotations"]:
        grouped[annotation["image_id"]].append(annotation)
    return grouped


def figures(films: list[FilmPair]) -> dict[str, Any]:
    """Return every figure of a set of films."""
    evaluator = SpineEvaluator()
    for film in films:
        evaluator.update(film.image, film.truths, film.predictions)
    evaluator.accumulate()
    found = levels.summarize(levels.compare(film.image, film.truths, film.predictions) for film in films)
    counts = {"films": len(films), "vertebrae": sum(len(film.truths) for film in films)}
    return {**counts, **found, **evaluator.summarize()}


def groups(films: list[FilmPair], manifest: Path) -> dict[str, list[FilmPair]]:
    """Return films by source, and each source again without the films whose labels are known to be flawed."""
    table = pd.read_csv(manifest, keep_default_na=False).set_index("film")
    grouped: dict[str, list[FilmPair]] = defaultdict(list)
    for film in films:
        grouped[str(table.loc[film.stem, "source"])].append(film)
    for source in list(grouped):
        clean = [film for film in grouped[source] if not table.loc[film.stem, "flaw"]]
        if len(clean) < len(grouped[source]):
            grouped[f"{source} without flawed"] = clean
    return dict(grouped)


def screen_table(results: dict[str, dict[str, Any]]) -> Table:
    """Return the main figures as a table, one column a group of films."""
    table = Table("figure", *results)
    for name in MAIN_FIGURES:
        table.add_row(name, *(_text(result[name]) for result in results.values()))
    table.add_row("level shifts", *(_text(result["shifts"]) for result in results.values()))
    return table


def write(results: dict[str, dict[str, Any]], folder: Path, name: str, about: dict[str, str]) -> None:
    """Write `NAME.json` (every figure) and `NAME.md` (all but the single levels) with how they were made."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"about": about, "results": results}, indent=1)
    write_atomic(folder / f"{name}.json", content.encode())
    lines = [f"# {name}", "", *(f"- {key}: `{value}`" for key, value in about.items()), ""]
    lines += ["| figure | " + " | ".join(results) + " |", "|---|" + "---|" * len(results)]
    rows = [*MAIN_FIGURES, "shifts", *(f"mask_AP50_{region}" for region in ("cervical", "thoracic", "lumbar"))]
    lines += [f"| {row} | " + " | ".join(_text(result[row]) for result in results.values()) + " |" for row in rows]
    write_atomic(folder / f"{name}.md", ("\n".join(lines) + "\n").encode())


def commit() -> str:
    """Return the commit that is checked out, marked + if the work tree differs; empty outside a repository."""
    git = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    run = subprocess.run(git, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return run.stdout.strip()


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {count}" for key, count in value.items())
    return str(value) if isinstance(value, int) else f"{value:.3f}"
