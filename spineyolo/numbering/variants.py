"""Columns with a vertebra more or less than usual: 11 or 13 thoracic, 4 or 6 lumbar ones."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from spineyolo.anatomy import INDEX, LEVELS

TOP_LEVELS: Final = frozenset({"C1", "C2", "C3", "T1"})
"""Levels at which a labelled column starts below the film's edge: the skull, or the first rib on AP films."""


class Variant(StrEnum):
    """A column that differs from 7 cervical, 12 thoracic and 5 lumbar vertebrae by one."""

    THORACIC_11 = "11 thoracic"
    THORACIC_13 = "13 thoracic"
    LUMBAR_4 = "4 lumbar"
    LUMBAR_6 = "6 lumbar"


@dataclass(frozen=True, eq=False)
class Names:
    """The names one kind of column has, from the top.

    Attributes:
        names: `(k,)` such as C1…C7, T1…T13, L1…L5.
        looks: `(k, 2)` the two levels (0…23) a vertebra of that name may look like: in a region with one vertebra
            more or less, the looks of the usual ones are stretched over those that are there.
        ends: names that must both be in the chain for a variant to be believed.
    """

    names: tuple[str, ...]
    looks: npt.NDArray[np.intp]
    ends: tuple[str, ...] = ()

    @cached_property
    def shared(self) -> int:
        """How many names, from the top, are those of the usual column, and look like them."""
        usual = zip(self.names, self.looks, LEVELS, range(len(LEVELS)), strict=False)
        return next(
            (row for row, (name, alike, level, index) in enumerate(usual) if name != level or (alike != index).any()),
            len(LEVELS),
        )

    @cached_property
    def mid_top(self) -> npt.NDArray[np.bool_]:
        """`(k,)` names at which no labelled column starts, short of the film's edge."""
        return np.array([name not in TOP_LEVELS for name in self.names])

    @cached_property
    def mid_bottom(self) -> npt.NDArray[np.bool_]:
        """`(k,)` names at which no column ends, short of the film's edge: all but the last, above the sacrum."""
        return np.arange(len(self.names)) < len(self.names) - 1


EXTRA_NAMES: Final = {"T13": "T12", "L6": "L5"}
"""Names beyond the 24 levels, and the level whose category they share in COCO files."""


def _names(letter: str, count: int) -> Names:
    names, looks = [], []
    for level in LEVELS:
        if level[0] != letter:
            names.append(level)
            looks.append([INDEX[level]] * 2)
        elif level[1:] == "1":
            first, usual = INDEX[level], sum(other[0] == letter for other in LEVELS)
            for number in range(count):
                alike = number * (usual - 1) / (count - 1)
                names.append(f"{letter}{number + 1}")
                looks.append([first + int(np.floor(alike + 1e-9)), first + int(np.ceil(alike - 1e-9))])
    ends = ("T1", "L1") if letter == "T" else ("T12", f"L{count}")
    return Names(tuple(names), np.array(looks, np.intp), ends)


USUAL: Final = Names(LEVELS, np.repeat(np.arange(len(LEVELS))[:, None], 2, axis=1))

VARIANTS: Final[dict[Variant, Names]] = {
    Variant.THORACIC_11: _names("T", 11),
    Variant.THORACIC_13: _names("T", 13),
    Variant.LUMBAR_4: _names("L", 4),
    Variant.LUMBAR_6: _names("L", 6),
}
