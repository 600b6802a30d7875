"""Which error was made where: each true vertebra, and each prediction beside them, is of exactly one kind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from spineyolo.anatomy import LEVEL_OF_CATEGORY, LEVELS
from spineyolo.evaluate.coco import encoded
from spineyolo.evaluate.levels import MATCH_IOU, SURE_SCORE, match
from spineyolo.evaluate.report import FilmPair

GOOD_IOU: Final = 0.75
"""A found vertebra's mask below is poor; COCO's stricter single threshold."""

HALF: Final = 0.5
"""Two masks belong together if one covers so much of the other: no third can then do so without overlapping."""

EDGE_PX: Final = 2.0
"""A box this near the film's edge is cut by it."""


class Kind(StrEnum):
    """What became of a true vertebra, or what a prediction is that is matched to none.

    Only *sure* predictions count: scored `SURE_SCORE` or more and not set aside by numbering. They are matched to true
    vertebrae one to one at mask IoU ≥ 0.5 (`levels.match`). The first kind that holds is a vertebra's:

    - SPLIT: two or more sure predictions each lie at least half within it and do not repeat each other (of no two of
      them does the overlap cover half of the smaller one); it is unmatched, or matched below IoU 0.75.
    - SWAPPED: matched under the level of another vertebra of the film, which is matched under this one's.
    - SHIFTED: matched, and named k levels too low (k > 0) or too high (k < 0) without such a partner.
    - POOR_MASK: matched at its level with an IoU below 0.75.
    - RIGHT: matched at its level with an IoU of 0.75 or more. No error.
    - MERGED: unmatched, and a sure prediction covers at least half of it and at least half of another true vertebra.
    - MISSED: none of these. `Finding.reason` tells how.

    A sure prediction that is matched to nothing, is no piece of a split vertebra, covers no merged one, and is not
    the bad outline of a missed one (all of which are counted there already) is

    - DUPLICATE: it lies at least half within, or covers at least half of, a true vertebra that another one found;
    - UNLABELLED: it lies beyond an end of the labelled column where the source was not asked to label, or where the
      film's edge cuts it: most likely a vertebra that is there. No error.
    - FALSE: none of these.
    """

    RIGHT = "right"
    MISSED = "missed"
    SHIFTED = "shifted"
    SWAPPED = "swapped"
    POOR_MASK = "poor mask"
    MERGED = "merged"
    SPLIT = "split"
    DUPLICATE = "duplicate"
    FALSE = "false"
    UNLABELLED = "unlabelled"


OF_VERTEBRAE: Final = (Kind.MISSED, Kind.SHIFTED, Kind.SWAPPED, Kind.POOR_MASK, Kind.MERGED, Kind.SPLIT)
OF_EXTRAS: Final = (Kind.DUPLICATE, Kind.FALSE)
ERRORS: Final = (*OF_VERTEBRAE, *OF_EXTRAS)


class Reason(StrEnum):
    """Why a vertebra is missed; the first that holds."""

    OUTLINE = "outlined badly"  # a sure prediction belongs to it by half, but IoU < 0.5
    SET_ASIDE = "set aside"  # a candidate of score ≥ 0.25 fits it at IoU ≥ 0.5
    WEAK = "too weak"  # a candidate of a lower score does
    UNSEEN = "not seen"
    NONE = ""  # not missed


@dataclass(frozen=True)
class Finding:
    """One true vertebra, or one sure prediction that belongs to none.

    Attributes:
        kind: what became of it.
        level: the true level; of an extra prediction the level it was named.
        named: the level it was named; None where nothing is matched to it.
        truth, prediction: places in the film's lists of annotations; None where there is none.
        iou: of the matched masks; 0 without a match.
        shift: named less true level; None without a match.
        reason: why it is missed.
        above: of an extra prediction beyond an end of the labelled column, whether that is the upper one.
    """

    kind: Kind
    level: str
    named: str | None = None
    truth: int | None = None
    prediction: int | None = None
    iou: float = 0.0
    shift: int | None = None
    reason: Reason = Reason.NONE
    above: bool | None = None

    @property
    def is_vertebra(self) -> bool:
        """Whether it is a true vertebra; an extra prediction else."""
        return self.truth is not None


Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Overlaps:
    """How one film's predictions `(p,)` and truths `(t,)` lie on each other.

    Attributes:
        inside: share of each prediction within each truth, `(p, t)`.
        covered: share of each truth that each prediction covers, `(p, t)`.
        iou: `(p, t)`.
        repeats: share of the smaller of two predictions that the other covers, `(p, p)`.
        sure: which predictions count, `(p,)`.
        scores: `(p,)`.
    """

    inside: Floats
    covered: Floats
    iou: Floats
    repeats: Floats
    sure: npt.NDArray[np.bool_]
    scores: Floats

    @classmethod
    def of(cls, film: FilmPair) -> _Overlaps:
        size = (film.image["height"], film.image["width"])
        true = [annotation["segmentation"] for annotation in encoded(film.truths, *size)]
        found = [annotation["segmentation"] for annotation in encoded(film.predictions, *size)]
        shares = _shares(found, found)
        return cls(
            inside=_shares(found, true),
            covered=_shares(true, found).T,
            iou=_ious(found, true),
            repeats=np.maximum(shares, shares.T),
            sure=np.array(
                [p["score"] >= SURE_SCORE and not p.get("dropped", False) for p in film.predictions], np.bool_
            ),
            scores=np.array([p["score"] for p in film.predictions], np.float64),
        )

    @property
    def belongs(self) -> npt.NDArray[np.bool_]:
        """Which sure predictions belong by half to which truths, `(p, t)`."""
        return np.asarray(((self.inside >= HALF) | (self.covered >= HALF)) & self.sure[:, None])

    def pieces(self, truth: int) -> list[int]:
        """Return the sure predictions that lie within a truth and do not repeat each other, best score first."""
        kept: list[int] = []
        for row in sorted(np.flatnonzero(self.sure & (self.inside[:, truth] >= HALF)), key=lambda p: -self.scores[p]):
            if not kept or self.repeats[row, kept].max() < HALF:
                kept.append(int(row))
        return kept

    def merges(self) -> npt.NDArray[np.bool_]:
        """Return which sure predictions cover which truths by half and another one as well, `(p, t)`."""
        covers = (self.covered >= HALF) & self.sure[:, None]
        return np.asarray(covers & (covers.sum(axis=1) >= 2)[:, None])


def _shares(parts: list[Any], wholes: list[Any]) -> Floats:
    """Return the share of each of `parts` that lies within each of `wholes`: IoU as COCO takes it for crowds."""
    if not parts or not wholes:
        return np.zeros((len(parts), len(wholes)))
    return np.asarray(coco_mask.iou(parts, wholes, [1] * len(wholes)))


def _ious(found: list[Any], true: list[Any]) -> Floats:
    if not found or not true:
        return np.zeros((len(found), len(true)))
    return np.asarray(coco_mask.iou(found, true, [0] * len(true)))


def find(film: FilmPair, labelled: Collection[str] = LEVELS) -> list[Finding]:
    """Return what became of each true vertebra of a film, then the sure predictions that belong to none (see `Kind`).

    Args:
        film: its true and predicted annotations; a prediction's `dropped` marks what numbering set aside.
        labelled: the levels that the film's source was asked to label.
    """
    overlaps = _Overlaps.of(film)
    found = {m.truth: m for m in match(film.image, film.truths, film.predictions)}
    levels = [annotation["category_id"] for annotation in film.truths]
    names = {levels[truth]: film.predictions[m.prediction]["category_id"] for truth, m in found.items()}
    splits = {}
    for truth in range(len(levels)):
        pieces = overlaps.pieces(truth)
        if len(pieces) >= 2 and (truth not in found or found[truth].iou < GOOD_IOU):
            splits[truth] = pieces
    merges = overlaps.merges()
    findings = []
    for truth, level in enumerate(levels):
        where: dict[str, Any] = {"level": LEVEL_OF_CATEGORY[level], "truth": truth}
        if truth in found:
            named = names[level]
            where.update(named=LEVEL_OF_CATEGORY[named], prediction=found[truth].prediction, iou=found[truth].iou)
            where.update(shift=named - level)
        if truth in splits:
            findings.append(Finding(Kind.SPLIT, **where))
        elif truth in found:
            swapped = names[level] != level and names.get(names[level]) == level
            findings.append(Finding(_kind_of_found(where["shift"], where["iou"], swapped), **where))
        elif merges[:, truth].any():
            findings.append(Finding(Kind.MERGED, **where))
        else:
            findings.append(Finding(Kind.MISSED, reason=_reason(overlaps, truth), **where))
    counted = {m.prediction for m in found.values()} | {piece for pieces in splits.values() for piece in pieces}
    return findings + _extras(film, overlaps, findings, counted, set(labelled) >= set(LEVELS))


def _kind_of_found(shift: int, iou: float, swapped: bool) -> Kind:
    if shift:
        return Kind.SWAPPED if swapped else Kind.SHIFTED
    return Kind.RIGHT if iou >= GOOD_IOU else Kind.POOR_MASK


def _reason(overlaps: _Overlaps, truth: int) -> Reason:
    fits = overlaps.iou[:, truth] >= MATCH_IOU
    if overlaps.belongs[:, truth].any():
        return Reason.OUTLINE
    if (fits & (overlaps.scores >= SURE_SCORE)).any():
        return Reason.SET_ASIDE
    return Reason.WEAK if fits.any() else Reason.UNSEEN


def _extras(
    film: FilmPair, overlaps: _Overlaps, vertebrae: list[Finding], counted: set[int], all_labelled: bool
) -> list[Finding]:
    """Return the sure predictions that are counted nowhere yet, best score first."""
    belongs, extras = overlaps.belongs, []
    merged = np.array([v.kind is Kind.MERGED for v in vertebrae], np.bool_)
    missed = {v.truth for v in vertebrae if v.kind is Kind.MISSED}
    merging = set(np.flatnonzero(overlaps.merges()[:, merged].any(axis=1)))
    for row in sorted(set(np.flatnonzero(overlaps.sure).tolist()) - counted, key=lambda p: -overlaps.scores[p]):
        if row in merging:
            continue
        above = None
        if belongs[row].any():
            truth = int(np.where(belongs[row], overlaps.iou[row], -1).argmax())
            if truth in missed:  # the first is its bad outline
                missed.remove(truth)
                continue
            kind = Kind.DUPLICATE
        else:
            above = _beyond(film, row)
            unknown = above is not None and (not all_labelled or _is_cut(film, row))
            kind = Kind.UNLABELLED if unknown else Kind.FALSE
        level = LEVEL_OF_CATEGORY[film.predictions[row]["category_id"]]
        extras.append(Finding(kind, level, named=level, prediction=row, above=above))
    return extras


def _beyond(film: FilmPair, row: int) -> bool | None:
    """Return whether a prediction lies beyond the upper (True) or lower (False) end of the labelled column, or neither.

    Beyond means that the end vertebra is the nearest, and that the way from it there departs by less than 45° from
    the column's course at that end, or sideways by less than the end vertebra's width.
    """
    order = sorted(film.truths, key=lambda truth: truth["category_id"])
    if len(order) < 2:
        return None
    centres = np.array([_centre(truth["bbox"]) for truth in order])
    centre = _centre(film.predictions[row]["bbox"])
    nearest = int(np.linalg.norm(centres - centre, axis=1).argmin())
    if nearest not in (0, len(order) - 1):
        return None
    inner = centres[1] if nearest == 0 else centres[-2]
    outward = (centres[nearest] - inner) / np.linalg.norm(centres[nearest] - inner)
    way = centre - centres[nearest]
    ahead, aside = float(way @ outward), abs(float(way[0] * outward[1] - way[1] * outward[0]))
    return nearest == 0 if ahead > 0 and aside < max(ahead, order[nearest]["bbox"][2]) else None


def _centre(bbox: list[float]) -> Floats:
    x, y, width, height = bbox
    return np.array([x + width / 2, y + height / 2])


def _is_cut(film: FilmPair, row: int) -> bool:
    x, y, width, height = film.predictions[row]["bbox"]
    right, bottom = film.image["width"] - EDGE_PX, film.image["height"] - EDGE_PX
    return bool(min(x, y) < EDGE_PX or x + width > right or y + height > bottom)
