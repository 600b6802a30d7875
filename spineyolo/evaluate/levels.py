"""Is the level right? Matching by mask, shifts, Dice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask
from scipy.optimize import linear_sum_assignment

from spineyolo.evaluate.coco import encoded

MATCH_IOU: Final = 0.5
SURE_SCORE: Final = 0.25
"""Predictions below are not said to be found; the threshold of one operating point, the same for every model."""


@dataclass(frozen=True)
class FilmLevels:
    """One film: how many vertebrae it has, and each found one's level shift, IoU and Dice."""

    truths: int
    shifts: tuple[int, ...]
    ious: tuple[float, ...]
    dices: tuple[float, ...]

    @property
    def right(self) -> int:
        """Vertebrae found at the right level."""
        return sum(shift == 0 for shift in self.shifts)


@dataclass(frozen=True)
class Match:
    """A prediction and the truth it is matched to, by their places in the film's lists, and their mask IoU."""

    prediction: int
    truth: int
    iou: float

    @property
    def dice(self) -> float:
        """2|A∩B| / (|A| + |B|), in terms of IoU."""
        return 2 * self.iou / (1 + self.iou)


def match(image: dict[str, Any], truths: list[dict[str, Any]], predictions: list[dict[str, Any]]) -> list[Match]:
    """Match the sure predictions of one film to its truths, one to one, so that their mask IoUs add up to most.

    Pairs below an IoU of `MATCH_IOU` do not count, nor do they weigh in the choice.
    """
    sure = [i for i, p in enumerate(predictions) if p["score"] >= SURE_SCORE and not p.get("dropped", False)]
    if not sure or not truths:
        return []
    size = (image["height"], image["width"])
    true_masks = [truth["segmentation"] for truth in encoded(truths, *size)]
    masks = [found["segmentation"] for found in encoded([predictions[i] for i in sure], *size)]
    ious: npt.NDArray[np.float64] = coco_mask.iou(masks, true_masks, [0] * len(true_masks))
    matching = np.where(ious >= MATCH_IOU, ious, 0)
    pairs = zip(*linear_sum_assignment(-matching), strict=True)
    return [Match(sure[i], int(j), float(ious[i, j])) for i, j in pairs if matching[i, j]]


def compare(image: dict[str, Any], truths: list[dict[str, Any]], predictions: list[dict[str, Any]]) -> FilmLevels:
    """Return what `match` makes of one film; a shift is predicted less true category id: +1 is one level too low."""
    matches = match(image, truths, predictions)
    return FilmLevels(
        truths=len(truths),
        shifts=tuple(predictions[m.prediction]["category_id"] - truths[m.truth]["category_id"] for m in matches),
        ious=tuple(m.iou for m in matches),
        dices=tuple(m.dice for m in matches),
    )


def summarize(films: Iterable[FilmLevels]) -> dict[str, Any]:
    """Return identification, detection, all-right films, Dice, IoU and the histogram of level shifts.

    `dice` and `iou` are means over found vertebrae; `dice_all` and `iou_all` count a missed one as 0.
    """
    films = list(films)
    truths = sum(film.truths for film in films)
    shifts = Counter(shift for film in films for shift in film.shifts)
    dices = [dice for film in films for dice in film.dices]
    ious = [iou for film in films for iou in film.ious]
    return {
        "identification": _share(sum(film.right for film in films), truths),
        "detection": _share(sum(len(film.shifts) for film in films), truths),
        "films_all_right": _share(sum(film.right == film.truths for film in films), len(films)),
        "dice": _share(sum(dices), len(dices)),
        "dice_all": _share(sum(dices), truths),
        "iou": _share(sum(ious), len(ious)),
        "iou_all": _share(sum(ious), truths),
        "shifts": {f"{shift:+d}" if shift else "0": shifts[shift] for shift in sorted(shifts)},
    }


def _share(part: float, whole: int) -> float:
    return part / whole if whole else float("nan")
