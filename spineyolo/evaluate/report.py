"""Figures of one prediction file, as a table on screen, JSON and Markdown."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
from rich.table import Table

from spineyolo.errors import BadInputError
from spineyolo.evaluate import levels
from spineyolo.evaluate.coco import SpineEvaluator, encoded
from spineyolo.evaluate.tables import json_value
from spineyolo.files import read_json, shown, write_atomic

MAIN_FIGURES: Final = (
    "films",
    "vertebrae",
    "identification",
    "detection",
    "films_all_right",
    "dice",
    "dice_all",
    "iou",
    "iou_all",
    *(
        f"{kind}_{naming}_{figure}"
        for kind in ("mask", "box")
        for naming in ("numbered", "agnostic")
        for figure in ("mAP50-95", "mAP50", "mAP75", "mAR")
    ),
)

_PREDICTION_KEYS: Final = {"image_id", "category_id", "segmentation", "bbox", "score"}


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


def read_manifest(path: Path) -> pd.DataFrame:
    """Return the data set's manifest, a row a film, by the film's stem.

    Raises:
        BadInputError: if it is missing, or has no column film, source or flaw.
    """
    try:
        return pd.read_csv(path, keep_default_na=False).set_index("film")[["source", "flaw"]]
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError, KeyError) as error:
        raise BadInputError(path, "a manifest with columns film, source and flaw", str(error)) from error


def stems_of(source: str, manifest: Path) -> set[str]:
    """Return the stems of one source's films.

    Raises:
        BadInputError: if the manifest is none, or has no film of that source.
    """
    sources = read_manifest(manifest)["source"]
    if source not in set(sources):
        raise BadInputError(manifest, f"films of {source}", f"those of {', '.join(sorted(set(sources)))}")
    return set(sources.index[sources == source])


def pair_films(truth_path: Path, predictions_path: Path, stems: Collection[str] | None = None) -> list[FilmPair]:
    """Pair the films of two COCO documents by file name; only those of the given stems, if any are given.

    Raises:
        BadInputError: if a document is none, or a true film has no entry of its size among the predicted images.
    """
    true_images, truths = _read_document(truth_path, {"image_id", "category_id", "segmentation", "bbox"})
    found_images, predictions = _read_document(predictions_path, _PREDICTION_KEYS)
    images = [image for name, image in true_images.items() if stems is None or Path(name).stem in stems]
    if not images:
        raise BadInputError(truth_path, "films to evaluate", "none")
    missing = [image["file_name"] for image in images if image["file_name"] not in found_images]
    if missing:
        found_text = f"{len(missing)} missing, first {missing[0]}"
        raise BadInputError(predictions_path, f"an entry for each of {len(images)} films", found_text)
    films = []
    for image in images:
        found = found_images[image["file_name"]]
        if (found["width"], found["height"]) != (image["width"], image["height"]):
            expected = f"{image['file_name']} of {image['width']} × {image['height']} px"
            raise BadInputError(predictions_path, expected, f"{found['width']} × {found['height']} px")
        films.append(FilmPair(image, truths[image["id"]], predictions[found["id"]]))
    return films


def _read_document(path: Path, keys: set[str]) -> tuple[dict[str, dict[str, Any]], dict[Any, list[dict[str, Any]]]]:
    """Return a COCO document's images by file name and its annotations, which must have `keys`, by image id."""
    document = read_json(path)
    annotations: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    try:
        images = {image["file_name"]: image for image in document["images"]}
        for image in document["images"]:
            if lacking := {"id", "width", "height"} - image.keys():
                raise BadInputError(path, f"{', '.join(sorted(lacking))} for each image", "one without")
        for annotation in document["annotations"]:
            if lacking := keys - annotation.keys():
                raise BadInputError(path, f"{', '.join(sorted(lacking))} for each annotation", "one without")
            annotations[annotation["image_id"]].append(annotation)
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInputError(path, "a COCO document", f"{type(error).__name__}: {error}") from error
    if len(images) < len(document["images"]):
        raise BadInputError(path, "each file name once", f"{len(document['images']) - len(images)} again")
    return images, annotations


def figures(films: list[FilmPair]) -> dict[str, Any]:
    """Return every figure of a set of films."""
    evaluator = SpineEvaluator()
    compared = []
    for film in films:
        size = (film.image["height"], film.image["width"])
        truths, predictions = encoded(film.truths, *size), encoded(film.predictions, *size)
        evaluator.update(film.image, truths, predictions)
        compared.append(levels.compare(film.image, truths, predictions))
    evaluator.accumulate()
    found = levels.summarize(compared)
    counts = {"films": len(films), "vertebrae": sum(len(film.truths) for film in films)}
    return {**counts, **found, **evaluator.summarize()}


def groups(films: list[FilmPair], manifest: Path) -> dict[str, list[FilmPair]]:
    """Return all films, each source's if there are several, and each group without the films of flawed labels.

    Without a manifest all films are one group: a COCO document need not belong to a converted data set.

    Raises:
        BadInputError: if the manifest is none, or lacks a film.
    """
    if not manifest.exists():
        return {"all": films}
    table = read_manifest(manifest)
    unknown = [film.stem for film in films if film.stem not in table.index]
    if unknown:
        raise BadInputError(manifest, "a row for each film", f"{len(unknown)} missing, first {unknown[0]}")
    by_source: dict[str, list[FilmPair]] = defaultdict(list)
    for film in films:
        by_source[str(table.loc[film.stem, "source"])].append(film)
    grouped: dict[str, list[FilmPair]] = {}
    for name, part in ({"all": films, **by_source} if len(by_source) > 1 else by_source).items():
        grouped[name] = part
        clean = [film for film in part if not table.loc[film.stem, "flaw"]]
        if 0 < len(clean) < len(part):
            grouped[f"{name} without flawed"] = clean
    return grouped


def screen_table(results: dict[str, dict[str, Any]]) -> Table:
    """Return the main figures as a table, one column a group of films."""
    table = Table("figure", *results)
    for name in MAIN_FIGURES:
        table.add_row(name, *(_text(result[name]) for result in results.values()))
    table.add_row("level shifts", *(_text(result["shifts"]) for result in results.values()))
    return table


def write(results: dict[str, dict[str, Any]], folder: Path, name: str, about: dict[str, str]) -> None:
    """Write `NAME.json` (every figure; null without truth) and `NAME.md` (all but the single levels)."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"about": about, "results": json_value(results)}, indent=1, allow_nan=False)
    write_atomic(folder / f"{name}.json", content.encode())
    lines = [f"# {name}", "", *(f"- {key}: `{value}`" for key, value in about.items()), ""]
    lines += ["| figure | " + " | ".join(results) + " |", "|---|" + "---|" * len(results)]
    rows = [*MAIN_FIGURES, "shifts", *(f"mask_AP50_{region}" for region in ("cervical", "thoracic", "lumbar"))]
    lines += [f"| {row} | " + " | ".join(_text(result[row]) for result in results.values()) + " |" for row in rows]
    write_atomic(folder / f"{name}.md", ("\n".join(lines) + "\n").encode())


def commit() -> str:
    """Return the commit that is checked out, marked + if the work tree differs; empty without git or repository."""
    git = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        run = subprocess.run(git, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    except FileNotFoundError:
        return ""
    return run.stdout.strip()


def fingerprint(path: Path) -> str:
    """Return a file's or folder's path, from this folder on if it is in it, and the beginning of its SHA-256."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files))
    return f"{shown(path)}, sha256 {digest.hexdigest()[:12]}"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {count}" for key, count in value.items())
    return str(value) if isinstance(value, int) else f"{value:.3f}"
