"""Films whose published levels the vertebrae's own looks contradict: the whole row, named one or two off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import supervision as sv

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.detect import Detections
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.levels import MATCH_IOU
from spineyolo.numbering import number
from spineyolo.polygons import bounding_box

SHIFTS: Final = (-2, -1, 0, 1, 2)
"""Levels by which the published row may be off; +1: the looks are those of the next level down."""

_SHARE_FLOOR: Final = 1e-3
"""A share of a candidate's best score below this counts as this, so that no vertebra decides alone."""


@dataclass(frozen=True)
class Dispute:
    """What one film's looks, and its chain, say of its published levels.

    Attributes:
        film: its name.
        flawed: whether its labels are known to be.
        looks: the shift the vertebrae's own looks favour, each scored alone, without the column.
        lead: by how many nats they favour it over the published row; 0 where they agree with it.
        chain: the median shift of the numbering; None where it names no labelled vertebra.
    """

    film: str
    flawed: bool
    looks: int
    lead: float
    chain: int | None


def judge(case: Case, found: Detections) -> Dispute:
    """Return what the candidates found on a whole film say of its labels.

    A shift's worth is the sum, over the labelled vertebrae that a candidate covers, of the log of the share that the
    shifted level's score has in the candidate's best one.
    """
    scores, names = found.level_scores.astype(float), number(found.boxes, found.level_scores, case.size[0]).levels
    worth, moved = dict.fromkeys(SHIFTS, 0.0), []
    true = np.array([bounding_box(vertebra.polygon) for vertebra in case.vertebrae], np.float32).reshape(-1, 4)
    if not len(true) or not len(found):
        return Dispute(case.path.stem, case.flawed, 0, 0.0, None)
    overlaps = sv.box_iou_batch(true, found.boxes)
    for vertebra, row in zip(case.vertebrae, overlaps, strict=True):
        candidate = int(row.argmax())
        if row[candidate] < MATCH_IOU:
            continue
        level, own = INDEX[vertebra.level or ""], scores[candidate] / max(scores[candidate].max(), 1e-9)
        for shift in SHIFTS:
            inside = 0 <= level + shift < len(LEVELS)
            worth[shift] += float(np.log(max(own[level + shift] if inside else 0.0, _SHARE_FLOOR)))
        name = names[candidate]
        if name is not None:
            moved.append(INDEX[name] - level)
    looks = max(SHIFTS, key=lambda shift: (worth[shift], -abs(shift)))
    chain = int(np.median(moved)) if moved else None
    return Dispute(case.path.stem, case.flawed, looks, worth[looks] - worth[0], chain)


def summary(disputes: Sequence[Dispute]) -> pd.DataFrame:
    """Return, for all films and for those without known flaws, how many are disputed and what that explains."""
    groups = {"all": disputes, "without flawed": [dispute for dispute in disputes if not dispute.flawed]}
    rows = []
    for name, films in groups.items():
        shifted = [film for film in films if film.chain]
        explained = sum(film.looks == film.chain for film in shifted)
        rows.append(
            {
                "films": name,
                "number": str(len(films)),
                **{f"looks {shift:+d}": str(sum(film.looks == shift for film in films)) for shift in SHIFTS},
                "chain shifted": str(len(shifted)),
                "of these, by the looks' shift": str(explained),
            }
        )
    return pd.DataFrame(rows)
