"""Levels that a user gives: a point on a vertebra and its level, to which the whole chain is tied."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2

from spineyolo.anatomy import INDEX
from spineyolo.detect import Detections
from spineyolo.errors import BadInputError
from spineyolo.files import read_json

Anchors = Mapping[str, tuple[float, float]]
"""Level to a point x, y on that vertebra, film px."""

REACH: Final = 0.5
"""A point outside every outline means the nearest one no farther off than so many of its box heights."""

_FORM: Final = "LEVEL@x,y in px, such as L5@412,1830"
_PATTERN: Final = re.compile(r"([CTL]\d{1,2})@(-?[\d.]+),(-?[\d.]+)")


def gather(texts: Sequence[str], file: Path | None, films: Sequence[Path]) -> dict[str, Anchors]:
    """Return the anchors of each film by its file name: from texts `LEVEL@x,y` for a single film, or from a file.

    Raises:
        BadInputError: if a text or the file is not of its form, if there are texts and not just one film, or if the
            file names a film that is none of the given.
    """
    anchors: dict[str, Anchors] = {}
    if file is not None:
        anchors |= read(file)
        unknown = sorted(set(anchors) - {film.name for film in films})
        if unknown:
            raise BadInputError(file, "names of films that are given", f"{len(unknown)} others, first {unknown[0]}")
    if texts:
        if len(films) != 1:
            raise BadInputError("--anchor", "a single film", f"{len(films)}")
        given = [parse(text) for text in texts]
        if len(dict(given)) < len(given):
            raise BadInputError("--anchor", "each level once", " ".join(texts))
        anchors[films[0].name] = {**anchors.get(films[0].name, {}), **dict(given)}
    return anchors


def parse(text: str) -> tuple[str, tuple[float, float]]:
    """Return the level and the point that `L5@412,1830` means.

    Raises:
        BadInputError: if it is not of that form, or the level is none of the 24.
    """
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise BadInputError("--anchor", _FORM, repr(text))
    return match[1], _checked("--anchor", match[1], [match[2], match[3]])


def read(path: Path) -> dict[str, Anchors]:
    """Return the anchors in a JSON file: `{film's file name: {level: [x, y]}}`, px.

    Raises:
        BadInputError: if it is missing or not of that form.
    """
    document = read_json(path)
    if not isinstance(document, dict) or not all(isinstance(levels, dict) for levels in document.values()):
        raise BadInputError(path, "{film name: {level: [x, y]}}", "something else")
    return {
        film: {level: _checked(path, level, point) for level, point in levels.items()}
        for film, levels in document.items()
    }


def _checked(where: Path | str, level: str, point: Any) -> tuple[float, float]:
    if level not in INDEX:
        raise BadInputError(where, "a level C1…C7, T1…T12 or L1…L5", repr(level))
    bad = BadInputError(where, f"x, y in px for {level}", repr(point))
    if not isinstance(point, list) or len(point) != 2:
        raise bad
    try:
        x, y = float(point[0]), float(point[1])
    except (TypeError, ValueError) as error:
        raise bad from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise bad
    return x, y


def candidates_of(anchors: Anchors, detections: Detections, path: Path) -> dict[int, str]:
    """Return which candidate each anchor means: the best whose outline holds the point, else the nearest within reach.

    Raises:
        BadInputError: if there is none, or two anchors mean the same one.
    """
    found: dict[int, str] = {}
    for level, (x, y) in anchors.items():
        depths = [cv2.pointPolygonTest(polygon, (x, y), True) for polygon in detections.polygons]
        within = [index for index, depth in enumerate(depths) if depth >= 0]
        if within:
            candidate = max(within, key=lambda index: float(detections.scores[index]))
        else:
            reached = [i for i, (_, y0, _, y1) in enumerate(detections.boxes) if depths[i] >= -REACH * (y1 - y0)]
            if not reached:
                raise BadInputError(path, f"a vertebra at x {x:g}, y {y:g} px for {level}", "no candidate there")
            candidate = max(reached, key=lambda index: depths[index])
        if candidate in found:
            raise BadInputError(path, f"one vertebra for {found[candidate]} and another for {level}", "the same one")
        found[candidate] = level
    return found
