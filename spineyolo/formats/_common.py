"""What every reader needs: a Film from a file, outlines that are numbers, JSON that says what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spineyolo import imaging
from spineyolo.errors import BadInputError
from spineyolo.film import Film, Points, Vertebra
from spineyolo.sources import Source


def film(path: Path, source: Source, vertebrae: Iterable[Vertebra], split: str | None = None) -> Film:
    """Return a Film for an image and its vertebrae.

    Raises:
        BadInputError: if the image cannot be read.
    """
    width, height = imaging.film_size(path)
    return Film(
        path=path,
        width=width,
        height=height,
        view=source.view,
        source=source.name,
        subject=source.subject_of(path.name),
        vertebrae=tuple(vertebrae),
        labelled=source.labelled,
        split=split,
    )


def outline(values: Any, path: Path, what: str) -> Points:
    """Return coordinates as one ring `(n, 2)` px.

    Raises:
        BadInputError: if they are no numbers, not finite, odd in count or fewer than three points.
    """
    try:
        points = np.asarray(values, np.float32).reshape(-1, 2)
    except (TypeError, ValueError) as error:
        raise BadInputError(path, f"pairs of numbers for {what}", str(error)) from error
    if len(points) < 3 or not np.isfinite(points).all():
        found = f"{len(points)} points" if len(points) < 3 else "a coordinate that is not finite"
        raise BadInputError(path, f"an outline of at least 3 finite points for {what}", found)
    return points


def rectangle(box: Sequence[float], path: Path, what: str) -> Points:
    """Return a box x0, y0, x1, y1 px as a ring `(4, 2)`.

    Raises:
        BadInputError: if a side is not finite or has no length.
    """
    x0, y0, x1, y1 = box
    ring = outline([x0, y0, x1, y0, x1, y1, x0, y1], path, what)
    if x1 <= x0 or y1 <= y0:
        raise BadInputError(path, f"a box with sides of more than 0 px for {what}", f"{x0}, {y0}, {x1}, {y1}")
    return ring


def read_json(path: Path) -> Any:
    """Return a JSON file's content.

    Raises:
        BadInputError: if it is missing or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInputError(path, "a JSON file", error.strerror or "an error") from error
    except (ValueError, RecursionError) as error:
        raise BadInputError(path, "JSON", f"{type(error).__name__}: {error}") from error
