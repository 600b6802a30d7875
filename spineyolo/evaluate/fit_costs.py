"""Fit the prices of numbering, and the margin from which it is called sure, on films held back for that."""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask
from rich.table import Table

from spineyolo.anatomy import INDEX
from spineyolo.detect import Detections
from spineyolo.errors import BadInputError
from spineyolo.evaluate.cases import Case, Group
from spineyolo.evaluate.levels import MATCH_IOU, SURE_SCORE
from spineyolo.files import write_atomic
from spineyolo.numbering import COSTS, Costs, Numbering, number
from spineyolo.numbering.variants import EXTRA_NAMES
from spineyolo.windows import PROTOCOLS

GROUPS: Final = {
    "AASCE": Group("aasce2019"),
    "laterals": Group("lateral"),
    "lateral windows": Group("lateral", (*PROTOCOLS, "random")),
    "AASCE windows": Group("aasce2019", (*PROTOCOLS, "random")),
}
"""Each counts alike, however many films it has."""

WINDOW_SEEDS: Final = {"lateral": (0,), "aasce2019": (0, 1)}
"""Half of the AP films give one window a seed, each lateral twelve."""

SPREAD: Final = 0.5
"""Standard deviation of the log of what a price is multiplied by: two thirds lie within a factor of 1.65."""

MARGINS: Final = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0)
WANTED_ACCURACY: Final = 0.97
"""Of the vertebrae on films called sure, so many carry the right level."""

_OF_SURENESS: Final = {"variant_doubt", "sure_margin"}  # they change no name
_SEARCHED: Final = tuple(field.name for field in fields(Costs) if field.name not in _OF_SURENESS)
_ALL: Final = "all"


@dataclass(frozen=True, eq=False)
class Sample:
    """What numbering sees of one case, and what is right.

    Attributes:
        group: one of `GROUPS`.
        height: px.
        vertebrae: how many there truly are.
        boxes, level_scores: as in `Detections`.
        truth: `(n,)` the true level 0…23 of the vertebra each candidate is; -1 where it is none.
    """

    group: str
    height: int
    vertebrae: int
    boxes: npt.NDArray[np.float32]
    level_scores: npt.NDArray[np.float32]
    truth: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Score:
    """What one film's numbering is worth: its vertebrae, how many are found and how many right, and the numbering."""

    vertebrae: int
    found: int
    right: int
    numbering: Numbering


@dataclass(frozen=True)
class Trial:
    """Prices, and the identification they give in each group."""

    costs: Costs
    identification: dict[str, float]

    @property
    def mean(self) -> float:
        """Over groups."""
        return sum(self.identification.values()) / len(self.identification)


def sample_of(case: Case, found: Detections) -> Sample:
    """Return a case with its candidates matched to the truth: to the vertebra whose mask IoU is at least `MATCH_IOU`.

    Two masks of true vertebrae hardly overlap, so there is one such vertebra at most.
    """
    height, width = case.size
    truth = np.full(len(found), -1)
    if case.vertebrae and len(found):
        true_polygons = [vertebra.polygon for vertebra in case.vertebrae]
        true_masks, masks = (_masks(polygons, height, width) for polygons in (true_polygons, found.polygons))
        ious: npt.NDArray[np.float64] = coco_mask.iou(masks, true_masks, [0] * len(true_masks))
        levels = np.array([INDEX[vertebra.level or ""] for vertebra in case.vertebrae])
        truth = np.where(ious.max(axis=1) >= MATCH_IOU, levels[ious.argmax(axis=1)], -1)
    group = next(name for name, group in GROUPS.items() if group.holds(case))
    return Sample(group, height, len(case.vertebrae), found.boxes, found.level_scores, truth)


def groups_of(samples: Sequence[Sample]) -> tuple[str, ...]:
    """Return `all` and the groups that there are."""
    return (_ALL, *dict.fromkeys(sample.group for sample in samples))


def _masks(polygons: Sequence[npt.NDArray[np.float32]], height: int, width: int) -> Any:
    return coco_mask.frPyObjects([polygon.astype(float).ravel().tolist() for polygon in polygons], height, width)


def score(sample: Sample, costs: Costs) -> Score:
    """Number one sample and count as `levels.compare` does, except that two candidates may be the same vertebra."""
    numbering = number(sample.boxes, sample.level_scores, sample.height, costs)
    sure = sample.level_scores.sum(axis=1) >= SURE_SCORE
    sure[list(numbering.recovered)] = True
    shown = {
        (int(truth), INDEX[EXTRA_NAMES.get(name, name)])
        for truth, name, counts in zip(sample.truth, numbering.names, sure, strict=True)
        if name is not None and counts and truth >= 0
    }
    found, right = len({truth for truth, _ in shown}), sum(truth == level for truth, level in shown)
    return Score(sample.vertebrae, found, right, numbering)


def trial(samples: Sequence[Sample], costs: Costs) -> Trial:
    """Return the identification that some prices give, by group."""
    scores = [(sample.group, score(sample, costs)) for sample in samples]
    identification = {}
    for group in groups_of(samples)[1:]:
        part = [found for name, found in scores if name == group]
        vertebrae = sum(found.vertebrae for found in part)
        identification[group] = sum(found.right for found in part) / vertebrae if vertebrae else math.nan
    return Trial(costs, identification)


def random_costs(count: int, seed: int, around: Costs = COSTS) -> Iterator[Costs]:
    """Yield `count` random choices of prices around given ones, to three figures; the sure margin stays."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        factors = np.exp(rng.normal(0, SPREAD, len(_SEARCHED)))
        prices = zip(_SEARCHED, factors, strict=True)
        yield replace(around, **{name: float(f"{getattr(around, name) * factor:.3g}") for name, factor in prices})


def best(trials: Sequence[Trial], count: int = 10) -> list[Trial]:
    """Return the best trials, by identification averaged over groups; of equals the earlier."""
    return sorted(trials, key=lambda found: -found.mean)[:count]


def trial_table(trials: Mapping[str, Trial]) -> Table:
    """Return named trials as a table: identification, then prices."""
    groups = list(next(iter(trials.values())).identification)
    table = Table("", "mean", *groups, *_SEARCHED)
    for name, found in trials.items():
        figures = [found.mean, *found.identification.values()]
        prices = [f"{getattr(found.costs, price):g}" for price in _SEARCHED]
        table.add_row(name, *(f"{figure:.3f}" for figure in figures), *prices)
    return table


@dataclass(frozen=True)
class Calibration:
    """For each margin and group (`all`: their films together): the share of films called sure, and the share of the
    vertebrae found on those that carry the right level; NaN without such a film."""

    shares: dict[float, dict[str, float]]
    accuracies: dict[float, dict[str, float]]

    def smallest_margin(self, group: str = _ALL) -> float | None:
        """Return the smallest margin from which on films called sure are accurate enough, at every larger one too."""
        reached = None
        for margin in sorted(self.accuracies, reverse=True):
            accuracy = self.accuracies[margin][group]
            if accuracy < WANTED_ACCURACY:
                break
            if not math.isnan(accuracy):
                reached = margin
        return reached

    def table(self) -> Table:
        """Return it as a table: share of films called sure, and accuracy on them."""
        groups = list(next(iter(self.shares.values())))
        table = Table("sure margin", *(f"{group}: sure, right" for group in groups))
        for margin, shares in self.shares.items():
            accuracies = self.accuracies[margin]
            table.add_row(f"{margin:g}", *(f"{shares[group]:.2f}, {_text(accuracies[group])}" for group in groups))
        return table


def calibrate(samples: Sequence[Sample], costs: Costs) -> Calibration:
    """Return how often films are called sure, and how rightly, for each of `MARGINS`."""
    scores = [(sample.group, score(sample, costs)) for sample in samples]
    shares: dict[float, dict[str, float]] = {}
    accuracies: dict[float, dict[str, float]] = {}
    for margin in MARGINS:
        shares[margin], accuracies[margin] = {}, {}
        for group in groups_of(samples):
            part = [found for name, found in scores if group in (_ALL, name)]
            sure = [found for found in part if found.numbering.is_sure(replace(costs, sure_margin=margin))]
            found_on_sure = sum(found.found for found in sure)
            shares[margin][group] = len(sure) / len(part)
            right = sum(found.right for found in sure)
            accuracies[margin][group] = right / found_on_sure if found_on_sure else math.nan
    return Calibration(shares, accuracies)


def digest(weights: Path, cases: Sequence[Case]) -> str:
    """Return 16 hexadecimal digits that change with the weights, the films, their windows and their truth."""
    changing = hashlib.sha256(weights.read_bytes())
    for case in cases:
        changing.update(f"{case.path.name} {case.box}".encode())
        for vertebra in case.vertebrae:
            changing.update((vertebra.level or "").encode() + vertebra.polygon.tobytes())
    return changing.hexdigest()[:16]


def save(samples: Sequence[Sample], path: Path) -> None:
    """Write samples, whole or not at all, so that the next fit need not detect again."""
    arrays: dict[str, Any] = {}
    for index, sample in enumerate(samples):
        arrays |= {f"{index}/{field.name}": getattr(sample, field.name) for field in fields(Sample)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, buffer.getvalue())


def load(path: Path, count: int) -> list[Sample]:
    """Return `count` samples as `save` wrote them.

    Raises:
        BadInputError: if the file holds something else.
    """
    try:
        with np.load(path) as arrays:
            return [
                Sample(
                    str(arrays[f"{index}/group"]),
                    int(arrays[f"{index}/height"]),
                    int(arrays[f"{index}/vertebrae"]),
                    *(arrays[f"{index}/{name}"] for name in ("boxes", "level_scores", "truth")),
                )
                for index in range(count)
            ]
    except (OSError, ValueError, KeyError) as error:
        raise BadInputError(path, f"{count} films' detections (delete it to detect again)", str(error)) from error


def _text(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
