"""Recipe: what a YAML file of `yolo_configs/maskrcnn-*.yaml` says of one training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import yaml

from spineyolo.errors import BadInputError
from spineyolo.maskrcnn.network import Architecture, Backbone, HeadNorm

_MAY_BE_ZERO: Final = {
    *("seed", "films_per_epoch", "workers", "warmup_steps", "frozen_stages"),
    *("rpn_convolutions", "box_convolutions", "mask_convolutions"),
}


@dataclass(frozen=True)
class Augmentation:
    """How far training films are varied at random, besides their tone (`spineyolo.augment`).

    Attributes:
        flip: share of films that are mirrored left to right.
        rotation_deg: turned by up to this, either way.
        zoom: range of the factor on the canvas's scale, drawn on a logarithmic scale.
        shift: moved by up to this share of the canvas, either way.
    """

    flip: float
    rotation_deg: float
    zoom: tuple[float, float]
    shift: float


@dataclass(frozen=True)
class Recipe:
    """One training.

    Attributes:
        name: of the run's folder, runs/maskrcnn/NAME.
        data: the converted data set, a folder with `annotations/` and `train.txt`.
        start: what the network starts from (`spineyolo.maskrcnn.start`).
        seed: of every random choice.
        epochs: how often validation is run and a checkpoint is written.
        films_per_epoch: films drawn for each; 0 for all that train.txt lists.
        batch: films a step, on all processes together.
        workers: processes that load films, for each training process; 0 loads in the training process itself.
        learning_rate: at its highest, of AdamW.
        backbone_rate: the backbone's share of it.
        final_rate: the share of it that is left at the end of the cosine.
        warmup_steps: steps in which it rises from 0.
        weight_decay: of AdamW.
        max_gradient_norm: gradients are clipped to it.
        architecture, augmentation: see there.
    """

    name: str
    data: Path
    start: str
    seed: int
    epochs: int
    films_per_epoch: int
    batch: int
    workers: int
    learning_rate: float
    backbone_rate: float
    final_rate: float
    warmup_steps: int
    weight_decay: float
    max_gradient_norm: float
    architecture: Architecture
    augmentation: Augmentation


def load_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        BadInputError: if the file is missing, no YAML mapping, lacks a key or has one too many, or a value is wrong.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInputError(path, "a recipe in YAML", str(error).replace("\n", " ")) from error
    try:
        recipe = recipe_of(content)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(path, "the keys and values of spineyolo.maskrcnn.recipe.Recipe", str(error)) from error
    return recipe


def recipe_of(content: Mapping[str, Any]) -> Recipe:
    """Return the recipe that plain values mean; what `plain` returns gives the same recipe.

    Raises:
        KeyError, TypeError, ValueError: if a key is missing or unknown, or a value is of the wrong kind or negative.
    """
    values = dict(content)
    architecture = architecture_of(values.pop("architecture"))
    augmentation = dict(values.pop("augmentation"))
    low, high = augmentation.pop("zoom")
    recipe = Recipe(
        data=Path(values.pop("data")),
        architecture=architecture,
        augmentation=Augmentation(zoom=(low, high), **augmentation),
        **values,
    )
    for part in (recipe, recipe.augmentation):
        _check_numbers(part)
    return recipe


def architecture_of(content: Mapping[str, Any]) -> Architecture:
    """Return the architecture that plain values mean.

    Raises:
        KeyError, TypeError, ValueError: as `recipe_of` does.
    """
    values = dict(content)
    architecture = Architecture(
        backbone=Backbone(values.pop("backbone")),
        head_norm=HeadNorm(values.pop("head_norm")),
        anchor_sizes=tuple(tuple(sizes) for sizes in values.pop("anchor_sizes")),
        anchor_aspects=tuple(values.pop("anchor_aspects")),
        **values,
    )
    _check_numbers(architecture)
    return architecture


def plain(part: Recipe | Architecture) -> dict[str, Any]:
    """Return a recipe or an architecture as plain values, as YAML and a checkpoint keep them."""
    content = asdict(part)
    for values in (content, content.get("architecture", {})):
        values.update({key: str(value) for key, value in values.items() if isinstance(value, (Path, StrEnum))})
    return content


def _check_numbers(part: Recipe | Architecture | Augmentation) -> None:
    for field in fields(part):
        value = getattr(part, field.name)
        kinds = {"int": (int,), "float": (int, float), "str": (str,)}.get(str(field.type))
        if kinds and (not isinstance(value, kinds) or isinstance(value, bool)):
            raise TypeError(f"{field.name}: expected {field.type}, found {value!r}")
        least = 1 if field.type == "int" and field.name not in _MAY_BE_ZERO else 0
        if isinstance(value, (int, float)) and value < least:
            raise ValueError(f"{field.name}: expected {least} or more, found {value!r}")
