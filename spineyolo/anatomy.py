"""The 24 levels C1…L5: their order, regions, category ids and colours, and the views of a film."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from spineyolo.errors import UnknownLevelError


class Region(StrEnum):
    """A region of the mobile spine."""

    CERVICAL = "cervical"
    THORACIC = "thoracic"
    LUMBAR = "lumbar"


class View(StrEnum):
    """How the beam passed: AP covers PA films too, whose outlines are the same."""

    AP = "AP"
    LATERAL = "lateral"


_COUNTS: Final = {Region.CERVICAL: 7, Region.THORACIC: 12, Region.LUMBAR: 5}
_LETTERS: Final = {"C": Region.CERVICAL, "T": Region.THORACIC, "L": Region.LUMBAR}

LEVELS: Final[tuple[str, ...]] = tuple(
    f"{letter}{number}" for letter, region in _LETTERS.items() for number in range(1, _COUNTS[region] + 1)
)
"""C1…C7, T1…T12, L1…L5 from the skull down."""

INDEX: Final[dict[str, int]] = {level: index for index, level in enumerate(LEVELS)}
"""Level to its place from the skull, 0…23; also its YOLO class."""

CATEGORY_ID: Final[dict[str, int]] = {level: index + 1 for level, index in INDEX.items()}
"""Level to its COCO category id, 1…24."""

LEVEL_OF_CATEGORY: Final[dict[int, str]] = {number: level for level, number in CATEGORY_ID.items()}

# Okabe and Ito's palette (2008) is told apart with any colour vision; two shades a region part neighbours.
_SHADES: Final[dict[Region, tuple[tuple[int, int, int], tuple[int, int, int]]]] = {
    Region.CERVICAL: ((86, 180, 233), (0, 114, 178)),
    Region.THORACIC: ((240, 228, 66), (230, 159, 0)),
    Region.LUMBAR: ((0, 158, 115), (204, 121, 167)),
}

_LEVEL_PATTERN: Final = re.compile(r"(?:^|[^A-Za-z0-9])([CTL])[\s_-]?0?(\d{1,2})$", re.IGNORECASE)


def region_of(level: str) -> Region:
    """Return the region a level belongs to."""
    return _LETTERS[level[0]]


def neighbours_of(level: str) -> tuple[str | None, str | None]:
    """Return the levels above and below; None beyond C1 and L5."""
    index = INDEX[level]
    return (LEVELS[index - 1] if index > 0 else None, LEVELS[index + 1] if index + 1 < len(LEVELS) else None)


def colour_of(level: str) -> tuple[int, int, int]:
    """Return the level's colour as RGB, 0…255: one hue pair a region, alternating down the column."""
    return _SHADES[region_of(level)][INDEX[level] % 2]


def parse_level(name: str) -> str:
    """Return the level that a label's name means: `L1`, `l1`, `vertebra_L1`, `T-01` and the like.

    Raises:
        UnknownLevelError: if the name ends in none of the 24 levels.
    """
    match = _LEVEL_PATTERN.search(name.strip())
    level = f"{match.group(1).upper()}{int(match.group(2))}" if match else ""
    if level not in INDEX:
        raise UnknownLevelError(name)
    return level
