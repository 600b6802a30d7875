"""What every reader needs: a Film from a file, outlines that are numbers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spineyolo import imaging
from spineyolo.errors import BadInputError, Skipped
from spineyolo.film import Film, Points, Vertebra
from spineyolo.polygons import bridge, clip_polygon, crosses_itself, rings_of_mask
from spineyolo.sources import Source

MAX_POINTS: Final = 8_000
"""Points of one vertebra's outline at most: traced pixel by pixel, one of 6 × 3 cm at 0.1 mm has some 3600."""

MAX_PARTS: Final = 100
"""Parts and holes of one vertebra at most: beyond that a mask is noise, and joining them would take for ever."""

MAX_CROSSINGS: Final = 200
"""Times an outline may cross or retrace itself: a labeller's slips are few, and to repair a scribble takes for ever."""

MAX_COORDINATE_PX: Final = 10 * imaging.MAX_SIDE_PX
"""How far a label may lie from the film's corner."""


def film(path: Path, source: Source, vertebrae: Iterable[Vertebra], split: str | None = None) -> Film:
    """Return a Film for an image and its vertebrae.

    Raises:
        BadInputError: if the image cannot be read, or as `with_vertebrae` does.
    """
    width, height = imaging.film_size(path)
    bare = Film(
        path=path,
        width=width,
        height=height,
        view=source.view,
        source=source.name,
        subject=source.subject_of(path.name),
        labelled=source.labelled,
        split=split,
    )
    return with_vertebrae(bare, vertebrae)


def with_vertebrae(film: Film, vertebrae: Iterable[Vertebra]) -> Film:
    """Return a film with these vertebrae.

    Raises:
        BadInputError: if one of them lies wholly outside the film: the labels were made for another image.
    """
    labels = tuple(vertebrae)
    for vertebra in labels:
        if not len(cut_to_film(vertebra.polygon, film)):
            expected = f"labels within {film.width} × {film.height} px"
            raise BadInputError(film.path, expected, f"{vertebra.level} outside the film")
    return replace(film, vertebrae=labels)


def film_path(root: Path, path: Path) -> Path:
    """Return a film's path as a label file names it, without `..` in it.

    Raises:
        BadInputError: if it leads out of the source's folder.
    """
    plain = Path(os.path.normpath(path))
    if not plain.is_relative_to(os.path.normpath(root)):
        raise BadInputError(path, f"a film below {root}", "a path that leads out of it")
    return plain


def cut_to_film(polygon: Points, film: Film) -> Points:
    """Return the part of a ring `(n, 2)` px that lies on the film; empty `(0, 2)` if none does."""
    size = np.array([film.width, film.height], np.float32)
    if (polygon >= 0).all() and (polygon <= size).all():
        return polygon
    return np.clip(clip_polygon(polygon, 0, 0, film.width, film.height), 0, size)


def check_size(film: Film, width: Any, height: Any) -> None:
    """Compare the size in px that a label file states with the film's; None or 0 means that it states none.

    Raises:
        BadInputError: if they differ.
    """
    for stated, side in ((width, film.width), (height, film.height)):
        if stated and stated != side:
            raise BadInputError(film.path, f"an image of {width} × {height} px", f"{film.width} × {film.height} px")


def note_unlabelled(folder: Path, labelled: set[str], skipped: Skipped) -> None:
    """Note each film under `folder` that has no label: `labelled` holds the stems of label files and of their films."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in imaging.IMAGE_SUFFIXES and path.stem not in labelled:
            skipped.add(BadInputError(path, "a label file that names this film", "none"))


def outline(values: Any, path: Path, what: str) -> Points:
    """Return coordinates as one ring `(n, 2)` px.

    Raises:
        BadInputError: if they are no numbers, not finite, odd in count, fewer than three points, or beyond
            `MAX_POINTS`, `MAX_COORDINATE_PX` or `MAX_CROSSINGS`.
    """
    try:
        points = np.asarray(values, np.float32).reshape(-1, 2)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInputError(path, f"pairs of numbers for {what}", str(error)) from error
    if len(points) < 3 or not np.isfinite(points).all():
        found = f"{len(points)} points" if len(points) < 3 else "a coordinate that is not finite"
        raise BadInputError(path, f"an outline of at least 3 finite points for {what}", found)
    if len(points) > MAX_POINTS:
        raise BadInputError(path, f"an outline of up to {MAX_POINTS} points for {what}", f"{len(points)} points")
    if np.abs(points).max() > MAX_COORDINATE_PX:
        found = f"{np.abs(points).max():g} px"
        raise BadInputError(path, f"coordinates of up to {MAX_COORDINATE_PX} px for {what}", found)
    if crosses_itself(points, MAX_CROSSINGS):
        raise BadInputError(
            path, f"an outline that goes round {what} once", f"one that meets itself over {MAX_CROSSINGS} times"
        )
    return points


def joined(rings: Sequence[Points], path: Path, what: str) -> Points:
    """Return a vertebra's parts and holes as one ring `(n, 2)` px.

    Raises:
        BadInputError: if they are more than `MAX_PARTS`, or their points more than `MAX_POINTS`.
    """
    points = sum(len(ring) for ring in rings)
    if len(rings) > MAX_PARTS or points > MAX_POINTS:
        expected = f"up to {MAX_PARTS} parts of up to {MAX_POINTS} points in all for {what}"
        raise BadInputError(path, expected, f"{len(rings)} parts of {points} points")
    return bridge(rings)


def traced(mask: npt.NDArray[np.generic], path: Path, what: str) -> Points:
    """Return a mask's outline, parts and holes joined, as one ring `(n, 2)` px.

    Raises:
        BadInputError: as `outline` and `joined` do.
    """
    return outline(joined(rings_of_mask(mask), path, what), path, what)


def four_numbers(values: Any, path: Path, what: str) -> list[float]:
    """Return a box's four numbers, however they are nested.

    Raises:
        BadInputError: if they are not four, no numbers or not finite.
    """
    try:
        numbers = np.asarray(values, np.float64).ravel()
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInputError(path, f"four numbers for the box of {what}", str(error)) from error
    if len(numbers) != 4 or not np.isfinite(numbers).all():
        raise BadInputError(path, f"four finite numbers for the box of {what}", str(values))
    return [float(number) for number in numbers]


def rectangle(box: Any, path: Path, what: str) -> Points:
    """Return a box x0, y0, x1, y1 px as a ring `(4, 2)`.

    Raises:
        BadInputError: if it is not four finite numbers or a side has no length.
    """
    x0, y0, x1, y1 = four_numbers(box, path, what)
    ring = outline([x0, y0, x1, y0, x1, y1, x0, y1], path, what)
    if x1 <= x0 or y1 <= y0:
        raise BadInputError(path, f"a box with sides of more than 0 px for {what}", f"{x0}, {y0}, {x1}, {y1}")
    return ring
