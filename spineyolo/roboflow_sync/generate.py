"""What Roboflow may do to films when it makes a version: nothing that bends an angle or turns a spine over."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from spineyolo.errors import BadInputError

RESIZES: Final = ("Fit within", "Fit (black edges) in", "Fit (white edges) in")
"""Roboflow's ways to another size that keep width to height. Not among them: "Stretch to" bends every angle, "Fill
(with center crop) in" cuts the ends of the column off, "Fit (reflect edges) in" draws vertebrae twice."""

REFUSED: Final = {
    "shear": "it bends angles",
    "ninety": "it lays the spine on its side or on its head",
    "mosaic": "it puts pieces of several columns on one film",
    "crop": "Roboflow gives a vertebra cut in two the label of a whole one",
}
"""Augmentations that are never right for a spine, by Roboflow's name; `bb…` is the same within each outline's box."""


def read_settings(path: Path) -> dict[str, Any]:
    """Return the settings of a version to be made, as Roboflow's `generate` endpoint takes them.

    Raises:
        BadInputError: if the file is missing or is no mapping of `preprocessing` and `augmentation`, or if it asks for
            a stretch, a vertical flip or another of the things in REFUSED.
    """
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInputError(path, "a YAML file", error.strerror or "an error") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise BadInputError(path, "YAML", str(error).replace("\n", " ")) from error
    keys = {"preprocessing", "augmentation"}
    if not isinstance(settings, dict) or settings.keys() != keys:
        raise BadInputError(path, "the keys preprocessing and augmentation", str(settings))
    if not all(isinstance(settings[key], dict) for key in keys):
        raise BadInputError(path, "a mapping for preprocessing and for augmentation", str(settings))
    _check_preprocessing(path, settings["preprocessing"])
    _check_augmentation(path, settings["augmentation"])
    return settings


def _check_preprocessing(path: Path, steps: dict[str, Any]) -> None:
    resize = steps.get("resize", {"format": RESIZES[0]})
    if not isinstance(resize, dict) or resize.get("format") not in RESIZES:
        raise BadInputError(path, f"a resize whose format is one of {', '.join(RESIZES)}", str(resize))


def _check_augmentation(path: Path, steps: dict[str, Any]) -> None:
    for name, step in steps.items():
        kind = str(name).removeprefix("bb")
        if kind in REFUSED:
            raise BadInputError(path, f"no {name}: {REFUSED[kind]}", str(step))
        if kind == "flip" and not (isinstance(step, dict) and not step.get("vertical")):
            raise BadInputError(path, f"no vertical {name}: no film stands on its head", str(step))
