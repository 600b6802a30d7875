"""Which models are compared, as a YAML file says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from spineyolo.errors import BadInputError


@dataclass(frozen=True)
class Model:
    """One model of the comparison.

    Attributes:
        name: how tables call it.
        weights: whatever `spineyolo.detect.load.load_detector` takes.
        make: the command that makes the weights, for those who lack them.
        started_from: what its training began with.
        steps: optimiser steps from there to here, with the batch size; None if nobody counted.
        cpu_hours: hours of training times cores; None if nobody counted.
    """

    name: str
    weights: Path
    make: str
    started_from: str
    steps: str | None = None
    cpu_hours: float | None = None

    @property
    def is_there(self) -> bool:
        """Whether its weights exist on this machine."""
        return self.weights.exists()


def load_plan(path: Path) -> list[Model]:
    """Read the models of a comparison; paths in it are taken from the current folder, as on a command line.

    Raises:
        BadInputError: if it is no list `models` of such entries, a name comes twice, or no model's weights are there.
    """
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
        models = [_model(path, entry) for entry in entries]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError) as error:
        raise BadInputError(path, "a list `models`", f"{type(error).__name__}: {error}") from error
    names = [model.name for model in models]
    if twice := {name for name in names if names.count(name) > 1}:
        raise BadInputError(path, "each name once", f"{', '.join(sorted(twice))} again")
    if not any(model.is_there for model in models):
        missing = "; ".join(f"{model.name}: {model.make}" for model in models)
        raise BadInputError(path, "at least one model whose weights are there", f"none; they are made so: {missing}")
    return models


def _model(path: Path, entry: dict[str, Any]) -> Model:
    try:
        model = Model(**{**entry, "weights": Path(entry["weights"])})
    except (TypeError, KeyError) as error:
        raise BadInputError(path, "name, weights, make and started_from for each model", str(error)) from error
    if not isinstance(model.steps, str | None):
        raise BadInputError(path, f"steps of {model.name} as text, '908 of 4'", repr(model.steps))
    return model
