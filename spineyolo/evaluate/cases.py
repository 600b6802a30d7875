"""What numbering is measured on: whole films of a converted data set, and windows cut out of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spineyolo import imaging, windows
from spineyolo.anatomy import CATEGORY_ID, LEVELS, View
from spineyolo.errors import BadInputError, Skipped
from spineyolo.evaluate.coco import encoded
from spineyolo.film import Vertebra
from spineyolo.formats import coco
from spineyolo.polygons import bounding_box, signed_area
from spineyolo.sources import Source


class Split(StrEnum):
    """Splits of a converted data set."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class LearningSplit(StrEnum):
    """Splits that prices may be fitted on and labels judged in: never the test films."""

    TRAIN = "train"
    VAL = "val"


@dataclass(frozen=True, eq=False)
class Case:
    """A whole film, or a window cut out of one, and its truth.

    Attributes:
        path: the film's file.
        source: of the film.
        flawed: whether its labels are.
        window: the kind of window; empty for a whole film.
        box: x0, y0, x1, y1 px of the film.
        vertebrae: the true ones, in px of the case.
    """

    path: Path
    source: str
    flawed: bool
    window: str
    box: tuple[int, int, int, int]
    vertebrae: tuple[Vertebra, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, px."""
        x0, y0, x1, y1 = self.box
        return y1 - y0, x1 - x0

    def grey(self) -> npt.NDArray[np.uint8]:
        """Return its pixels `(height, width)`.

        Raises:
            BadInputError: if the film cannot be read.
        """
        x0, y0, x1, y1 = self.box
        return np.ascontiguousarray(imaging.load(self.path).grey[y0:y1, x0:x1])

    def truths(self) -> list[dict[str, Any]]:
        """Return the true vertebrae as COCO annotations, their masks as run lengths."""
        annotations = []
        for vertebra in self.vertebrae:
            x0, y0, x1, y1 = bounding_box(vertebra.polygon)
            category = CATEGORY_ID[vertebra.level or ""]
            ring = [vertebra.polygon.astype(float).ravel().tolist()]
            area = abs(signed_area(vertebra.polygon))
            bbox = [x0, y0, x1 - x0, y1 - y0]
            annotations.append({"category_id": category, "segmentation": ring, "bbox": bbox, "area": area})
        return encoded(annotations, *self.size)


@dataclass(frozen=True)
class Group:
    """Cases of one source: its whole films, or its windows of some kinds; perhaps without flawed labels."""

    source: str
    kinds: tuple[str, ...] = ("",)
    flawed: bool = True

    def holds(self, case: Case) -> bool:
        """Return whether a case belongs to it."""
        return case.source == self.source and case.window in self.kinds and (self.flawed or not case.flawed)


def read_cases(data: Path, split: str, window_seeds: Mapping[str, Sequence[int]]) -> list[Case]:
    """Return the whole films of one split of a converted data set, and the windows cut out of those of some sources.

    Raises:
        BadInputError: if the manifest or the split's COCO document is none, lacks a film or has a bad one.
    """
    manifest = data / "manifest.csv"
    try:
        table = pd.read_csv(manifest, keep_default_na=False).set_index("film")[["source", "flaw", "view", "window"]]
    except (OSError, ValueError, KeyError) as error:
        raise BadInputError(
            manifest, "a manifest with columns film, source, flaw, view and window", str(error)
        ) from error
    layout = {"annotations": f"annotations/{split}.json", "images": f"images/{split}"}
    skipped = Skipped()
    films = list(coco.read(data, Source("", "", "", "", "", None, "coco", LEVELS, "", options=layout), skipped))
    if skipped.errors:
        raise skipped.errors[0]
    cases = []
    for film in films:
        if film.path.stem not in table.index:
            raise BadInputError(manifest, f"a row for {film.path.stem}", "none")
        row = table.loc[film.path.stem]
        if row["window"]:  # a training window is no whole film
            continue
        whole = replace(film, source=str(row["source"]), view=View(row["view"]) if row["view"] else None)
        flawed, box = bool(row["flaw"]), (0, 0, film.width, film.height)
        cases.append(Case(film.path, whole.source, flawed, "", box, film.vertebrae))
        for seed in window_seeds.get(whole.source, ()):
            for cut in windows.cut(whole, seed):
                box, kind = (cut.x0, cut.y0, cut.x1, cut.y1), cut.name.lstrip("0123456789")
                cases.append(Case(film.path, whole.source, flawed, kind, box, cut.vertebrae))
    return cases


def in_groups(cases: Iterable[Case], groups: Mapping[str, Group]) -> list[Case]:
    """Return the cases that belong to at least one group.

    Raises:
        BadInputError: if none does.
    """
    chosen = [case for case in cases if any(group.holds(case) for group in groups.values())]
    if not chosen:
        sources = sorted({group.source for group in groups.values()})
        raise BadInputError("--split", f"films of {', '.join(sources)}", "none")
    return chosen


def whole_films(data: Path, split: str, source: str | None = None) -> list[Case]:
    """Return the whole films of one split of a converted data set, perhaps of one source alone.

    Raises:
        BadInputError: as `read_cases` does, or if there are none.
    """
    films = read_cases(data, split, {})
    chosen = [film for film in films if source in {None, film.source}]
    if not chosen:
        there = ", ".join(sorted({film.source for film in films})) or "none"
        raise BadInputError(data, f"{split} films of {source or 'any source'}", f"those of {there}")
    return chosen
