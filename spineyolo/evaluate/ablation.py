"""What one change in training gives: arms that differ in it alone, trained and measured on validation films."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import yaml
from ultralytics import YOLO

from spineyolo.anatomy import LEVELS
from spineyolo.detect.yolo import YoloDetector
from spineyolo.errors import BadInputError
from spineyolo.evaluate import report
from spineyolo.evaluate.cases import Case, Group, read_cases
from spineyolo.export import coco_document
from spineyolo.files import write_atomic
from spineyolo.numbering import number
from spineyolo.prediction import Prediction
from spineyolo.training import SpineTrainer

GROUPS: Final = {
    "AASCE": Group("aasce2019"),
    "laterals": Group("lateral"),
    "cervical windows": Group("lateral", ("cervical",)),
    "thoracic windows": Group("lateral", ("thoracic",)),
    "lumbar windows": Group("lateral", ("lumbar",)),
}
WINDOW_SEEDS: Final = {"lateral": (0, 1, 2)}
"""Cuts of each validation lateral into part views (`windows.cut`); there are few such films."""

FIGURES: Final = {
    "mask_numbered_mAP50": "mask AP50, with levels",
    "mask_agnostic_mAP50": "mask AP50, class-agnostic",
    "mask_agnostic_mAP50-95": "mask AP50-95, class-agnostic",
    "identification": "identification",
    "dice": "Dice of found vertebrae",
}


@dataclass(frozen=True)
class Ablation:
    """Arms that start from the same weights and take the same steps.

    Attributes:
        question: what is to be found out.
        start: weights all arms start from.
        pictures: an epoch's, in each arm.
        arms: for each, the share of its pictures that some sources have; the other sources share the rest out among
            them as train.txt lists them. Sources that any arm names are left out of the arms that do not.
        settings: of Ultralytics, the same in all arms.
    """

    question: str
    start: Path
    pictures: int
    arms: Mapping[str, Mapping[str, float]]
    settings: Mapping[str, Any]


def load_ablation(path: Path) -> Ablation:
    """Read an ablation's YAML.

    Raises:
        BadInputError: if it is no mapping of an ablation's keys, or its start is missing.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        ablation = Ablation(start=Path(content.pop("start")), **content)
    except (OSError, yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise BadInputError(path, "the keys of spineyolo.evaluate.ablation.Ablation", str(error)) from error
    if not ablation.start.is_file():
        raise BadInputError(ablation.start, f"weights to start from, as {path} tells", "no such file")
    return ablation


def pictures_of(
    listed: Sequence[tuple[str, str]], shares: Mapping[str, float], apart: set[str], count: int, seed: int
) -> list[str]:
    """Return `count` pictures, drawn in rounds so that none comes twice before all have come once.

    Args:
        listed: (picture, source) of each line of train.txt.
        shares: of some sources.
        apart: sources that only come in by `shares`.
        count: how many.
        seed: of the draw.

    Raises:
        BadInputError: if a source has no pictures.
    """
    rng = random.Random(seed)
    wanted = {source: round(share * count) for source, share in shares.items()}
    pools = {source: [name for name, of in listed if of == source] for source in shares}
    pools[""] = [name for name, of in listed if of not in apart]
    wanted[""] = count - sum(wanted.values())
    drawn: list[str] = []
    for source, pool in pools.items():
        if not pool:
            raise BadInputError("train.txt", f"pictures of {source or 'real films'}", "none")
        rounds: list[str] = []
        while len(rounds) < wanted[source]:
            rounds += rng.sample(pool, len(pool))
        drawn += rounds[: wanted[source]]
    return sorted(drawn)


def train_arm(ablation: Ablation, arm: str, data: Path, out: Path) -> Path:
    """Train one arm into `out` and return its weights; an arm trained before is left as it is.

    Raises:
        BadInputError: if the data set lacks a source's pictures.
    """
    weights = out / "run" / "weights" / "last.pt"
    done = out / "done"
    if not done.exists():
        seed = int(ablation.settings.get("seed", 0))
        apart = {source for shares in ablation.arms.values() for source in shares}
        chosen = pictures_of(_listed(data), ablation.arms[arm], apart, ablation.pictures, seed)
        out.mkdir(parents=True, exist_ok=True)
        images = data.resolve() / "images"
        write_atomic(out / "train.txt", "".join(f"{images / 'train' / name}.png\n" for name in chosen).encode())
        content = {
            "path": str(data.resolve()),
            "train": str((out / "train.txt").resolve()),
            "val": "val.txt",
            "names": dict(enumerate(LEVELS)),
        }
        write_atomic(out / "data.yaml", yaml.safe_dump(content).encode())
        settings = {**ablation.settings, "data": str(out / "data.yaml"), "project": str(out.resolve()), "name": "run"}
        YOLO(str(ablation.start)).train(trainer=SpineTrainer, exist_ok=True, **settings)
        write_atomic(done, b"")
    return weights


def _listed(data: Path) -> list[tuple[str, str]]:
    sources = report.read_manifest(data / "manifest.csv")["source"]
    lines = (data / "train.txt").read_text(encoding="utf-8").split()
    return [(Path(line).stem, str(sources[Path(line).stem])) for line in lines]


def measure_arm(weights: Path, imgsz: int, cases: Sequence[Case]) -> dict[str, dict[str, Any]]:
    """Return the figures of one arm's weights by group of cases."""
    detector = YoloDetector(weights, imgsz)
    pairs = []
    for case in cases:
        height, width = case.size
        found = detector.detect(case.grey())
        prediction = Prediction(case.path, height, width, found, number(found.boxes, found.level_scores, height))
        image = {"height": height, "width": width, "file_name": case.path.name}
        pairs.append((case, report.FilmPair(image, case.truths(), coco_document([prediction])["annotations"])))
    chosen = {name: [pair for case, pair in pairs if group.holds(case)] for name, group in GROUPS.items()}
    return {name: report.figures(films) for name, films in chosen.items() if films}


def validation_cases(data: Path) -> list[Case]:
    """Return the validation films and windows that arms are measured on.

    Raises:
        BadInputError: if the data set is none.
    """
    cases = read_cases(data, "val", WINDOW_SEEDS)
    return [case for case in cases if any(group.holds(case) for group in GROUPS.values())]


def table(results: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> pd.DataFrame:
    """Return the figures as text, a row a group and figure, a column an arm."""
    first = next(iter(results.values()))
    rows = []
    for group, found in first.items():
        for key, name in FIGURES.items():
            row = {"films": f"{group} ({found['films']})", "figure": name}
            rows.append({**row, **{arm: f"{measured[group][key]:.3f}" for arm, measured in results.items()}})
    return pd.DataFrame(rows)
