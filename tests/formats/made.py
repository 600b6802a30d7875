"""Small films and sources that the tests of the formats share."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from spineyolo.anatomy import View
from spineyolo.errors import Skipped
from spineyolo.film import Film, Points
from spineyolo.formats import READERS
from spineyolo.polygons import mask_from_polygon
from spineyolo.sources import Source

HEIGHT, WIDTH = 400, 300


def make_image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((HEIGHT, WIDTH), np.uint8))


def read(name: str, root: Path, **options: Any) -> tuple[list[Film], list[str]]:
    """Return the films and what was skipped, as text."""
    source = Source("made", "", "", "", "", View.AP, None, ("L1", "L2"), "", options=options)
    skipped = Skipped()
    films = list(READERS[name](root, source, skipped))
    return films, [str(error) for error in skipped.errors]


def levels(film: Film) -> list[str | None]:
    return [vertebra.level for vertebra in film.vertebrae]


def iou(first: Points, second: Points) -> float:
    """Return the overlap of two outlines on the film made here."""
    one, other = (mask_from_polygon(ring, HEIGHT, WIDTH) for ring in (first, second))
    return float((one & other).sum() / (one | other).sum())
