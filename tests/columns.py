"""A film with a column of vertebrae, and its source, that tests share."""

from pathlib import Path

import numpy as np

from spineyolo.anatomy import LEVELS, View
from spineyolo.film import Film, Vertebra
from spineyolo.sources import Source

SOURCE = Source("made", "", "", "", "", View.LATERAL, "coco", LEVELS, "", r"^(\w+?)_", 0.2, 0.2)


def column(path: Path, first: int = 7) -> Film:
    """T1…L5 (or from level number `first` on), 30 px high every 40 px; T1…L5 make a film of 900 × 300 px."""
    vertebrae = []
    for row, level in enumerate(LEVELS[first:]):
        y0, y1 = 60 + 40 * row, 90 + 40 * row
        vertebrae.append(Vertebra(level, np.array([[120, y0], [180, y0], [180, y1], [120, y1]], np.float32)))
    return Film(path, 300, 220 + 40 * len(vertebrae), View.LATERAL, "made", path.stem.split("_")[0], tuple(vertebrae))
