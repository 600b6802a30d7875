"""Annotations of drawn columns, and their errors as tables, that the tests of the error analysis share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from spineyolo.anatomy import CATEGORY_ID
from spineyolo.evaluate import error_tables, errors
from spineyolo.evaluate.covariates import Covariates
from spineyolo.evaluate.report import FilmPair

WIDTH, HEIGHT = 200, 800
TOP_PX, PITCH_PX, BODY_PX = 100, 40, 30


def body(level: str, y0: float, y1: float, x0: float = 70, x1: float = 130, **more: Any) -> dict[str, Any]:
    """A vertebra with straight sides, as a COCO annotation."""
    ring = [x0, y0, x1, y0, x1, y1, x0, y1]
    box = {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0)}
    return {"category_id": CATEGORY_ID[level], "segmentation": [ring], **box, **more}


def at(place: int, level: str, score: float = 0.9, **more: Any) -> dict[str, Any]:
    """What is found exactly where the vertebra at this place of the drawn column is."""
    y0 = TOP_PX + PITCH_PX * place
    return body(level, y0, y0 + BODY_PX, score=score, **more)


def film(levels: tuple[str, ...], predictions: list[dict[str, Any]], name: str = "film.png") -> FilmPair:
    """A column of these levels from the top down, and what was found on it."""
    image = {"file_name": name, "width": WIDTH, "height": HEIGHT}
    return FilmPair(image, [at(place, level) for place, level in enumerate(levels)], predictions)


def tables(pairs: list[FilmPair], known: list[Covariates]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Findings and films of drawn columns, as the analysis makes them."""
    found = [errors.find(pair, about.origin.labelled) for pair, about in zip(pairs, known, strict=True)]
    table = error_tables.finding_table(pairs, found, known)
    return table, error_tables.film_table(table, pairs, known)


def grey_film(body_grey: float = 160, around_grey: float = 100, noise: float = 10.0, count: int = 3) -> np.ndarray:
    """Pixels of a drawn column with grey noise."""
    rng = np.random.default_rng(0)
    grey = np.full((HEIGHT, WIDTH), around_grey)
    for place in range(count):
        y0 = TOP_PX + PITCH_PX * place
        grey[y0 : y0 + BODY_PX, 70:130] = body_grey
    return np.clip(np.round(grey + rng.normal(0, noise, grey.shape)), 0, 255).astype(np.uint8)
