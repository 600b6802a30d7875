"""Measures from predicted outlines of lateral films against those from their true corners."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from spineyolo.anatomy import LEVEL_OF_CATEGORY, View
from spineyolo.errors import BadInputError
from spineyolo.files import read_json
from spineyolo.measure import agreement, cobb, disc, listhesis
from spineyolo.measure.aasce_truth import predicted_columns
from spineyolo.measure.column import EXACT, Column, column_of
from spineyolo.measure.geometry import cross
from spineyolo.measure.measurement import Array, Measurement

MEASURES: Final = {
    "cervical_lordosis": "deg",
    "thoracic_kyphosis": "deg",
    "lumbar_lordosis_l1_l5": "deg",
    "disc_height_middle": "px",
    "disc_farfan_index": "%",
    "slip": "%",
}


def true_columns(truth: Path) -> dict[str, Column]:
    """Return converted film name to the column of its true corners, of bodies labelled with four.

    Raises:
        BadInputError: if the file is no COCO document.
    """
    document = read_json(truth)
    rings: dict[Any, dict[str, Array]] = defaultdict(dict)
    try:
        for annotation in document["annotations"]:
            ring = np.reshape(np.asarray(annotation["segmentation"][0], np.float64), (-1, 2))
            if len(ring) == 4:  # superior posterior, superior anterior, inferior anterior, inferior posterior
                rings[annotation["image_id"]][LEVEL_OF_CATEGORY[annotation["category_id"]]] = ring
        sizes = {image["id"]: (int(image["width"]), int(image["height"])) for image in document["images"]}
        names = {image["id"]: Path(image["file_name"]).stem for image in document["images"]}
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(truth, "a COCO document", f"{error!r}") from error
    return {
        names[key]: column_of(rings[key], sizes[key], EXACT, View.LATERAL, _anterior_right(rings[key]))
        for key in sizes
        if rings[key]
    }


def _anterior_right(rings: dict[str, Array]) -> bool:
    return sum(float(cross(ring[1] - ring[0], ring[3] - ring[0])) for ring in rings.values()) > 0


def compare(predictions: Path, truth: Path, prefix: str) -> tuple[pd.DataFrame, Array]:
    """Return a row for each measure of each film, and the corner errors `(n, 4)` as % of body height.

    Rows have `measure`, `measured` and `true`; bodies are paired by their level's name.

    Args:
        predictions, truth: COCO documents.
        prefix: of the names of the films that are compared.

    Raises:
        BadInputError: if there is no such film in both.
    """
    found, known = predicted_columns(predictions, View.LATERAL), true_columns(truth)
    names = [name for name in known if name.startswith(prefix) and name in found]
    if not names:
        raise BadInputError(predictions, f"films of {truth} whose names start with {prefix}", "none")
    rows, errors = [], []
    for name in names:
        column, true = found[name][0], known[name]
        for body in true.bodies:
            other = column.get(body.level)
            if other is not None:
                errors.append(100 * np.linalg.norm(other.corners - body.corners, axis=1) / body.height_px)
        measured, wanted = _by_place(column), _by_place(true)
        for key, value in wanted.items():
            if key in measured:
                rows.append((key[0], measured[key], value))
    return pd.DataFrame(rows, columns=["measure", "measured", "true"]), np.array(errors).reshape(-1, 4)


def _by_place(column: Column) -> dict[tuple[str, str], float]:
    all_of_them: list[Measurement] = [*cobb.sagittal(column), *disc.measure(column), *listhesis.measure(column)]
    return {(m.name, m.where): m.value for m in all_of_them if m.value is not None and m.name in MEASURES}


def section(predictions: Path, truth: Path, prefix: str) -> str:
    """Return the section of `benchmarks/measure.md` on laterals."""
    table, errors = compare(predictions, truth, prefix)
    lines = [f"## Laterals: from predicted outlines, {prefix}, {truth.stem}", ""]
    if len(errors):
        lines += [
            f"Corners of {len(errors)} bodies paired by level: mean error {errors.mean():.1f} % of body height, "
            f"median {np.median(errors):.1f} % (published: 1.7 to 2.0 % of vertebra size).",
            "",
        ]
    lines += ["| measure | n | bias | limits of agreement |", "|---|---|---|---|"]
    for name, unit in MEASURES.items():
        rows = table[table.measure == name]
        if len(rows) > 1:
            a = agreement.agreement(rows.measured.to_numpy(np.float64), rows.true.to_numpy(np.float64))
            lines.append(f"| {name} | {a.count} | {a.bias:+.1f} {unit} | {a.low:+.1f} to {a.high:+.1f} |")
    return "\n".join(lines) + "\n"
