"""Masks: one PNG of level ids a film, with a label map; or one binary PNG a level."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spineyolo.anatomy import parse_level
from spineyolo.errors import BadInputError, Skipped, UnknownLevelError
from spineyolo.film import Film, Vertebra
from spineyolo.formats import _common
from spineyolo.imaging import DECODE_ERRORS, IMAGE_SUFFIXES, open_picture
from spineyolo.sources import Source


def read(root: Path, source: Source, skipped: Skipped) -> Iterator[Film]:
    """Yield the films of option `images` (images) with the masks of option `masks` (masks) of the same name.

    Option `kind`: `levels` (`masks/FILM.png`, option `labels` maps its ids to levels, 0 is background) or
    `binary` (`masks/FILM/LEVEL.png`). Ids and names without a level, and masks without a film, are noted.
    """
    images, masks = (root / source.options.get(key, key) for key in ("images", "masks"))
    try:
        kind, by_id = _kind(source), _names_by_id(source)
    except BadInputError as error:
        skipped.add(error)
        return
    films = sorted(path for path in images.glob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    if not films:
        skipped.add(BadInputError(images, "films", "none"))
    for path in films:
        try:
            film = _common.film(path, source, ())
            if kind == "binary":
                named = _binary_masks(masks / path.stem)
            else:
                named = _level_masks(masks / f"{path.stem}.png", by_id, skipped)
            yield _common.with_vertebrae(film, _vertebrae(named, film, skipped))
        except BadInputError as error:
            skipped.add(error)
    found = (path for path in masks.glob("*") if path.is_dir()) if kind == "binary" else masks.glob("*.png")
    stems = {path.stem for path in films}
    for path in sorted(found):
        if (path.name if kind == "binary" else path.stem) not in stems:
            skipped.add(BadInputError(path, f"a film of the same name in {images.name}", "none"))


def _kind(source: Source) -> str:
    kind = str(source.options.get("kind", "levels"))
    if kind not in {"levels", "binary"}:
        raise BadInputError(source.name, "option kind: levels or binary", kind)
    return kind


def _names_by_id(source: Source) -> dict[int, str]:
    labels = source.options.get("labels", {})
    try:
        return {int(number): str(name) for number, name in labels.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise BadInputError(source.name, "option labels: ids, whole numbers, to levels", str(labels)) from error


def _vertebrae(named: Iterator[tuple[str, npt.NDArray[np.bool_]]], film: Film, skipped: Skipped) -> Iterator[Vertebra]:
    for name, mask in named:
        if mask.shape != (film.height, film.width):
            found = f"{mask.shape[1]} × {mask.shape[0]} px"
            raise BadInputError(film.path, f"a mask of {film.width} × {film.height} px for {name}", found)
        try:
            level = parse_level(name)
        except UnknownLevelError:
            skipped.add(BadInputError(film.path, "masks named by level", repr(name)))
            continue
        yield Vertebra(level, _common.traced(mask, film.path, level))


def _level_masks(path: Path, by_id: dict[int, str], skipped: Skipped) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    ids = _open(path)
    for number in np.unique(ids[ids > 0]).tolist():
        if number in by_id:
            yield by_id[number], ids == number
        else:
            skipped.add(BadInputError(path, "ids of the source's label map", str(number)))


def _binary_masks(folder: Path) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    files = sorted(folder.glob("*.png"))
    if not files:
        raise BadInputError(folder, "one PNG a level", "none")
    for path in files:
        mask = _open(path) > 0
        if mask.any():
            yield path.stem, mask


def _open(path: Path) -> npt.NDArray[Any]:
    try:
        with open_picture(path) as picture:
            values: npt.NDArray[Any] = np.asarray(picture)
    except DECODE_ERRORS as error:
        raise BadInputError(path, "a PNG mask", f"{type(error).__name__}: {error}") from error
    if values.ndim == 2:
        return values
    colours = values.shape[2] - (values.shape[2] in {2, 4})  # alpha is no part of the mask
    return np.asarray(values[..., :colours].max(axis=2))
