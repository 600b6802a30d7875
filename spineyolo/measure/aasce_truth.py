"""Cobb angles against AASCE's published ones: from its true corners, and from predicted outlines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spineyolo.anatomy import INDEX, LEVEL_OF_CATEGORY, View
from spineyolo.errors import BadInputError, Skipped
from spineyolo.evaluate.report import read_manifest
from spineyolo.files import read_json
from spineyolo.film import Film
from spineyolo.formats import aasce
from spineyolo.measure import agreement, cobb
from spineyolo.measure.chain import smoothed_corners
from spineyolo.measure.column import PREDICTED, Column, column_of
from spineyolo.measure.measurement import Array
from spineyolo.sources import Source

_ANGLES = ["angle_1", "angle_2", "angle_3"]
_MATCH = 0.35  # a predicted body is a true one's if their centres are nearer than so many body heights


def published_angles(root: Path) -> dict[str, Array]:
    """Return film file name to its three published angles, deg, of training and test films."""
    tables = pd.concat([aasce.read_angles(root, folder) for folder in ("training", "test")])
    return {str(row.film): row[_ANGLES].to_numpy(np.float64) for _, row in tables.iterrows()}


def corner_errors(root: Path, source: Source) -> Array:
    """Return the absolute errors `(films, 3)` deg of the angles from AASCE's own corners against the published ones.

    Raises:
        BadInputError: if a film or a table cannot be read.
    """
    skipped = Skipped()
    films = list(aasce.read(root, source, skipped))
    if skipped.errors or not films:
        raise skipped.errors[0] if skipped.errors else BadInputError(root, "AASCE's films", "none")
    published = published_angles(root)
    return np.abs([cobb.aasce_angles(_true_corners(film), film.height) - published[film.path.name] for film in films])


def _true_corners(film: Film) -> Array:
    return np.array([vertebra.corners for vertebra in film.vertebrae], np.float64)


def predicted_columns(predictions: Path, view: View = View.AP) -> dict[str, tuple[Column, int]]:
    """Return converted film name to the column of its numbered outlines, and the film's height.

    Only those from T1 down on AP films, as AASCE labels them.

    Raises:
        BadInputError: if the file is no COCO document of `tools/predict.py`.
    """
    first = INDEX["T1"] if view is View.AP else 0
    document = read_json(predictions)
    try:
        images: dict[Any, dict[str, Any]] = {image["id"]: image for image in document["images"]}
        outlines: dict[Any, dict[str, Array]] = defaultdict(dict)
        for annotation in document["annotations"]:
            level = annotation.get("level") or LEVEL_OF_CATEGORY[annotation["category_id"]]
            if not annotation["dropped"] and INDEX.get(level, -1) >= first:
                outlines[annotation["image_id"]][level] = np.reshape(annotation["segmentation"][0], (-1, 2))
        sizes = {key: (int(image["width"]), int(image["height"])) for key, image in images.items()}
        names = {key: Path(image["file_name"]).stem for key, image in images.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(predictions, "predictions.json of tools/predict.py", f"{error!r}") from error
    return {names[key]: (column_of(outlines[key], size, PREDICTED, view), size[1]) for key, size in sizes.items()}


def predicted_angles(column: Column, film_height: int) -> Array:
    """Return the three angles, deg, of a predicted column, smoothed; zeros where it has fewer than two bodies."""
    if len(column.bodies) < 2:
        return np.zeros(3)
    corners, noise = column.corners([body.level for body in column.bodies])
    return cobb.aasce_angles(smoothed_corners(corners, noise), film_height)


def compare(root: Path, predictions: Path, manifest: Path) -> pd.DataFrame:
    """Return a row a film: `film`, `flaw`, measured `m1`…`m3` and published `t1`…`t3`, deg.

    Raises:
        BadInputError: if a predicted film is none of AASCE's in the manifest, or there is none.
    """
    table = read_manifest(manifest).join(pd.read_csv(manifest, keep_default_na=False).set_index("film")["original"])
    published = published_angles(root)
    rows = []
    for name, (column, height) in predicted_columns(predictions).items():
        if name not in table.index:
            raise BadInputError(manifest, f"a row for {name}", "none")
        original = str(table.loc[name, "original"])
        if original in published:
            values = [*predicted_angles(column, height), *published[original]]
            rows.append((name, str(table.loc[name, "flaw"]), *values))
    if not rows:
        raise BadInputError(predictions, "films of AASCE", "none")
    return pd.DataFrame(rows, columns=["film", "flaw", "m1", "m2", "m3", "t1", "t2", "t3"])


def figures(table: pd.DataFrame) -> dict[str, str]:
    """Return the figures of a table of `compare` as text, each with its 95 % interval."""
    measured, true = table[["m1", "m2", "m3"]].to_numpy(np.float64), table[["t1", "t2", "t3"]].to_numpy(np.float64)
    found = {"films": str(len(table))}
    for name, unit, figure in (
        ("SMAPE of the three angles", "%", agreement.smape),
        ("mean error of the largest angle", "deg", agreement.largest_error),
        ("right severity class (10, 25, 40°)", "%", agreement.share_right),
    ):
        low, high = agreement.interval(figure, measured, true)
        found[name] = f"{figure(measured, true):.2f} {unit} ({low:.2f} to {high:.2f})"
    largest = agreement.agreement(measured[:, 0], true[:, 0])
    found["largest angle, bias and limits of agreement"] = (
        f"{largest.bias:+.2f} deg ({largest.low:+.2f} to {largest.high:+.2f})"
    )
    return found


def true_corners(truth: Path, films: Collection[str]) -> dict[str, Array]:
    """Return film name to the corners `(n, 4, 2)` px of its bodies from the top down, of those labelled with four.

    Args:
        truth: a COCO document whose outlines are the four corners in `film.Vertebra`'s order.
        films: converted names, without the extension, of the films that are wanted.

    Raises:
        BadInputError: if the file is no COCO document.
    """
    document = read_json(truth)
    rings: dict[str, dict[int, Array]] = {name: {} for name in films}
    try:
        names = {image["id"]: Path(image["file_name"]).stem for image in document["images"]}
        for annotation in document["annotations"]:
            ring = np.reshape(np.asarray(annotation["segmentation"][0], np.float64), (-1, 2))
            if len(ring) == 4 and names[annotation["image_id"]] in rings:
                rings[names[annotation["image_id"]]][annotation["category_id"]] = ring
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(truth, "a COCO document", f"{error!r}") from error
    return {name: np.array([ring for _, ring in sorted(of.items())]).reshape(-1, 4, 2) for name, of in rings.items()}


def corner_noise(columns: dict[str, tuple[Column, int]], true: dict[str, Array]) -> dict[str, float]:
    """Return how far predicted corners lie from true ones, of bodies whose centres match.

    Args:
        columns: those of `predicted_columns`.
        true: film name to true corners `(n, 4, 2)` px; other films are left out.

    Returns:
        Matched bodies, mean distance and robust standard deviation of a coordinate, both as shares of body height.

    Raises:
        BadInputError: if no body matches.
    """
    shares = []
    for name, corners in true.items():
        for body in columns[name][0].bodies if name in columns else ():
            apart = np.linalg.norm(corners.mean(axis=1) - body.centre, axis=1)
            if len(apart) and apart.min() < _MATCH * body.height_px:
                shares.append((body.corners - corners[apart.argmin()]) / body.height_px)
    offsets = np.array(shares).reshape(-1, 4, 2)
    if not len(offsets):
        raise BadInputError("predictions", f"bodies that match true ones on {len(true)} films", "none")
    return {
        "bodies": len(offsets),
        "mean distance": float(np.linalg.norm(offsets, axis=2).mean()),
        "coordinate sd": float(1.4826 * np.median(np.abs(offsets))),
    }
