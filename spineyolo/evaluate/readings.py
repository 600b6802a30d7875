"""Levels read anew: where readers who saw a film's outlines without names say that its row begins.

A row is how many levels further down the vertebrae are than they are called: 0 for a published T1…L5 that is one, -1
where it is C7…L4, 1 where it is T2…S1. Those in `datasets/sources` were made by a general vision-language model shown
both ends of each film, its outlines numbered from the top; no radiologist has read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from spineyolo.anatomy import LEVELS
from spineyolo.errors import BadInputError
from spineyolo.evaluate import bootstrap, report
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.levels import compare
from spineyolo.evaluate.report import FilmPair
from spineyolo.rows import renamed

READERS: Final = ("A", "B")
"""Who looked at the films; `network` among the readers of a file is a network that had not learnt from the film."""

PUBLISHED: Final = "published"

SOURCE: Final = "aasce2019"
READINGS: Final = Path(__file__).parents[2] / "datasets" / "sources" / f"{SOURCE}.readings.csv"
"""The readings that come with the project, and whose films they are of."""

AS_READ: Final = " as read"
"""Added to the source's name of cases whose levels are those read."""

_COLUMNS: Final = ("film", "split", "reader", "row")


def load(path: Path) -> pd.DataFrame:
    """Return readings, one a film and reader: film (file name in its source), split, reader, row (NaN: cannot say).

    Raises:
        BadInputError: if the file is none, lacks a column, or a row is no whole number.
    """
    try:
        table = pd.read_csv(path)[list(_COLUMNS)]
        table["row"] = pd.to_numeric(table["row"])
    except (OSError, ValueError, KeyError) as error:
        raise BadInputError(path, f"readings with columns {', '.join(_COLUMNS)}", str(error)) from error
    if (bad := table["row"].dropna().mod(1) != 0).any():
        raise BadInputError(path, "whole numbers of levels", str(table["row"].dropna()[bad].iloc[0]))
    return table


def agreed(readings: pd.DataFrame) -> dict[str, int]:
    """Return the row of each film that all of `READERS` read, and read alike."""
    rows = _by_reader(readings).reindex(columns=list(READERS)).dropna()
    alike = rows[rows.eq(rows.iloc[:, 0], axis=0).all(axis=1)]
    return {str(film): int(row) for film, row in alike.iloc[:, 0].items()}


def agreed_by_stem(readings: pd.DataFrame, manifest: Path) -> dict[str, int]:
    """Return `agreed` by the name that a whole film has in a converted data set; films that are not in it left out.

    Raises:
        BadInputError: if the manifest is none.
    """
    try:
        table = pd.read_csv(manifest, keep_default_na=False)
        names = table[table["window"] == ""].set_index("original")["film"]
    except (OSError, ValueError, KeyError) as error:
        raise BadInputError(manifest, "a manifest with columns film, original and window", str(error)) from error
    return {str(names[film]): row for film, row in agreed(readings).items() if film in names.index}


def as_read(cases: Iterable[Case], rows: Mapping[str, int]) -> list[Case]:
    """Return whole films again, with the levels that were read, as of a source of their own (`AS_READ`)."""
    return [
        replace(case, source=case.source + AS_READ, vertebrae=renamed(case.vertebrae, rows[case.path.stem]))
        for case in cases
        if not case.window and case.path.stem in rows
    ]


def agreement(readings: pd.DataFrame) -> pd.DataFrame:
    """Return, as text, how often each two readers give a film of a split the same row; the labels are one of them."""
    lines = []
    for split, part in readings.groupby("split", sort=False):
        rows = _by_reader(part).assign(**{PUBLISHED: 0})
        for one, other in combinations(rows.columns, 2):
            both = rows[[one, other]].dropna()
            if both.empty:
                continue
            same = np.asarray(both[one] == both[other], np.int64)
            counts = bootstrap.film_counts(np.ones(len(both), bool))
            low, high = bootstrap.interval(bootstrap.share(same, np.ones(len(both)), counts)[1:])
            apart = both[one] - both[other]
            tally = ", ".join(
                f"{by:+d}: {number}" for by, number in apart[apart != 0].astype(int).value_counts().items()
            )
            share = f"{same.mean():.3f} [{low:.3f}, {high:.3f}]"
            lines.append([str(split), str(one), str(other), str(len(both)), share, tally])
    return pd.DataFrame(lines, columns=["split", "one", "other", "films", "same row", "else, one less other"])


def same_patient(readings: pd.DataFrame, subject_of: Callable[[str], str]) -> pd.DataFrame:
    """Return, as text, how often the labels start elsewhere on two films of one patient, by each reader.

    The ceiling is the most films whose published row a numbering can give that names a patient's films alike.
    """
    lines = []
    for (split, reader), part in readings.dropna(subset="row").groupby(["split", "reader"], sort=False):
        patients = [rows for _, rows in part.groupby(part["film"].map(subject_of))["row"] if len(rows) > 1]
        pairs = [one != other for rows in patients for one, other in combinations(rows, 2)]
        films, kept = sum(map(len, patients)), sum(int(rows.value_counts().iloc[0]) for rows in patients)
        if films:
            counts = [len(patients), films, len(pairs), sum(pairs)]
            lines.append([str(split), str(reader), *map(str, counts), f"{np.mean(pairs):.3f}", f"{kept / films:.3f}"])
    columns = ["split", "reader", "patients", "films", "pairs", "rows differ", "share", "ceiling"]
    return pd.DataFrame(lines, columns=columns)


def _by_reader(readings: pd.DataFrame) -> pd.DataFrame:
    return readings.pivot_table(index="film", columns="reader", values="row", sort=False, dropna=False)


def moved_truths(truths: Iterable[Mapping[str, Any]], by: int) -> list[dict[str, Any]]:
    """Return COCO annotations of vertebrae that are `by` levels further down than called; beyond L5 is none."""
    moved = [{**truth, "category_id": truth["category_id"] + by} for truth in truths]
    return [truth for truth in moved if 1 <= truth["category_id"] <= len(LEVELS)]


def figures(films: Sequence[FilmPair], rows: Mapping[str, int]) -> pd.DataFrame:
    """Return, as text, identification against the published and the read levels.

    Args:
        films: all films of a split, their predictions in them.
        rows: the row of each film that was read alike, by its stem.
    """
    read = [film for film in films if film.stem in rows]
    right = [film for film in read if rows[film.stem] == 0]
    groups = {
        "all films, as published": films,
        "read alike, as published": read,
        "read alike, as read": [
            FilmPair(film.image, moved_truths(film.truths, rows[film.stem]), film.predictions) for film in read
        ],
        "read alike, and as published": right,
    }
    columns = ["films", "vertebrae", "identification", "all right", "right, of those found", "numbered mask AP50"]
    return pd.DataFrame(
        [[name, *_line(pairs)] for name, pairs in groups.items()], columns=["films and levels", *columns]
    )


def _line(films: Sequence[FilmPair]) -> list[str]:
    if not films:
        return ["0", "0", "-", "-", "-", "-"]
    counts = bootstrap.film_counts(np.ones(len(films), bool))
    levels = [compare(film.image, film.truths, film.predictions) for film in films]
    right, truths, found = np.array([[film.right, film.truths, len(film.shifts)] for film in levels]).T
    shares = [(right, truths), ((right == truths).astype(int), np.ones(len(films))), (right, found)]
    text = []
    for part, whole in shares:
        samples = bootstrap.share(part, whole, counts)
        low, high = bootstrap.interval(samples[1:])
        text.append(f"{samples[0]:.3f} [{low:.3f}, {high:.3f}]")
    numbered = report.figures(list(films))["mask_numbered_mAP50"]
    return [str(len(films)), str(int(truths.sum())), *text, f"{numbered:.3f}"]
