"""AASCE 2019 (SpineWeb 16): four corners for each of T1…L5, as CSV tables or one `.mat` a film."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineyolo import imaging
from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.errors import BadInputError, Skipped
from spineyolo.files import read_bytes, read_text
from spineyolo.film import Film, Points, Vertebra
from spineyolo.formats import _common, mat5
from spineyolo.sources import Source

AASCE_LEVELS: Final = LEVELS[INDEX["T1"] :]
_POINTS: Final = 4 * len(AASCE_LEVELS)
_MAX_MAT_BYTES: Final = 1_000_000  # one holds 136 numbers
_ANGLES: Final = ["angle_1", "angle_2", "angle_3"]
_RING: Final = [0, 1, 3, 2]  # top left, top right, bottom left, bottom right → a ring
_SPLITS: Final = {"training": None, "test": "test"}  # folder → Film.split; validation is carved out of training


def read(root: Path, source: Source, skipped: Skipped) -> Iterator[Film]:
    """Yield the films of `root` (or `root/boostnet_labeldata`), training and test, rows as published."""
    base = _base(root)
    for folder, split in _SPLITS.items():
        labels = base / "labels" / folder
        try:
            names = _film_names(labels)
            table = labels / "landmarks.csv"
            rows = _table(table, len(names), 2 * _POINTS) if table.exists() else None
        except BadInputError as error:
            skipped.add(error)
            continue
        for index, name in enumerate(names):
            try:
                path = _common.film_path(root, base / "data" / folder / name)
                points = _scaled(rows[index], path) if rows is not None else _mat_points(labels / f"{name}.mat")
                yield _common.film(path, source, _vertebrae(points, path), split)
            except BadInputError as error:
                skipped.add(error)


def read_angles(root: Path, folder: str) -> pd.DataFrame:
    """Return the published Cobb angles of `training` or `test`: columns film, angle_1…angle_3 (deg).

    Raises:
        BadInputError: if a table is missing or is not one row of three numbers a film.
    """
    labels = _base(root) / "labels" / folder
    names = _film_names(labels)
    angles = _table(labels / "angles.csv", len(names), len(_ANGLES))
    return pd.DataFrame(angles, columns=_ANGLES).assign(film=names)[["film", *_ANGLES]]


def _base(root: Path) -> Path:
    return root / "boostnet_labeldata" if (root / "boostnet_labeldata").is_dir() else root


def _film_names(labels: Path) -> list[str]:
    lines = read_text(labels / "filenames.csv", "the list of films").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _table(path: Path, films: int, columns: int) -> npt.NDArray[np.float64]:
    """Return a CSV table `(films, columns)` without a head.

    Raises:
        BadInputError: if it is missing, holds other things than numbers, or is of another size.
    """
    try:
        rows = pd.read_csv(StringIO(read_text(path, "a CSV table")), header=None).to_numpy(np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInputError(path, f"rows of {columns} numbers", str(error)) from error
    if rows.shape != (films, columns):
        raise BadInputError(path, f"{films} rows of {columns} numbers", f"{rows.shape[0]} rows of {rows.shape[1]}")
    return rows


def _scaled(row: npt.NDArray[np.float64], film: Path) -> Points:
    """Return a row (68 x, then 68 y, as shares of width and height) as `(68, 2)` px."""
    width, height = imaging.film_size(film)
    return np.stack([row[:_POINTS] * width, row[_POINTS:] * height], axis=1).astype(np.float32)


def _mat_points(path: Path) -> Points:
    try:
        points = mat5.read_matrix(read_bytes(path, "the film's corners", _MAX_MAT_BYTES), "p2").astype(np.float32)
    except (ValueError, KeyError) as error:
        raise BadInputError(path, "a MATLAB 5 file with p2", f"{type(error).__name__}: {error}") from error
    if points.shape != (_POINTS, 2):
        raise BadInputError(path, f"p2 of {_POINTS} × 2", f"{points.shape}")
    return points


def _vertebrae(points: Points, path: Path) -> Iterator[Vertebra]:
    for level, corners in zip(AASCE_LEVELS, points.reshape(-1, 4, 2), strict=True):
        ring = _common.outline(corners[_RING], path, level)
        yield Vertebra(level, ring, corners=ring)
