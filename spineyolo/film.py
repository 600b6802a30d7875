"""Film and Vertebra: the one form every labelled source is read into and written from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spineyolo.anatomy import LEVELS, View

Points = npt.NDArray[np.float32]
"""Points `(n, 2)`: x, y in film px, origin at the top left corner of the top left pixel."""


@dataclass(frozen=True, eq=False)
class Vertebra:
    """One vertebral body on a film.

    Attributes:
        level: one of C1…L5, or None where the source does not say.
        polygon: outline `(n, 2)`, one ring in film px; parts and holes are joined into it by bridges.
        corners: `(4, 2)` in anatomical order or None. AP: superior left, superior right, inferior right,
            inferior left (sides of the image). Lateral: superior posterior, superior anterior, inferior
            anterior, inferior posterior. The order runs round the body, so corners are a ring too.
        box_only: True if the source gave only a box, so that the polygon is its rectangle.
    """

    level: str | None
    polygon: Points
    corners: Points | None = None
    box_only: bool = False


@dataclass(frozen=True, eq=False)
class Film:
    """One radiograph with its labels.

    Attributes:
        path: the image file.
        width, height: px, after EXIF orientation.
        view: AP, lateral, or None where the source does not say.
        source: name of the data set, as in `datasets/sources/`.
        subject: whose film it is, within the source; films of one subject share a split.
        vertebrae: the labels.
        labelled: levels its source was asked to label. A level outside it may be in view, unlabelled.
        split: the source's own split (train, val or test), or None.
    """

    path: Path
    width: int
    height: int
    view: View | None
    source: str
    subject: str
    vertebrae: tuple[Vertebra, ...] = ()
    labelled: tuple[str, ...] = LEVELS
    split: str | None = None
