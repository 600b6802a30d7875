"""The training loop: warm-up, cosine, mixed precision on a GPU, clipping, validation, checkpoints, resume."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from torch.utils.data import DataLoader

from spineyolo.errors import BadInputError
from spineyolo.files import write_atomic, writing_alone
from spineyolo.maskrcnn import checkpoint
from spineyolo.maskrcnn.films import EpochBatches, Target, TrainingFilms, collate, read_split
from spineyolo.maskrcnn.network import SpineMaskRCNN
from spineyolo.maskrcnn.processes import Processes, joined
from spineyolo.maskrcnn.recipe import Recipe, plain
from spineyolo.maskrcnn.start import load_start
from spineyolo.maskrcnn.validation import read_truth, validate

BEST_BY: Final = "mask_agnostic_mAP50-95"
"""The best weights are those with the highest of this: the detector's own work, which numbering builds on."""

_WEIGHT_DECAY_EXEMPT_DIMS: Final = 1  # biases and the scales of batch norm are not decayed


@dataclass
class State:
    """How far a training has come; all of it is in the checkpoint.

    Attributes:
        epoch, steps: done.
        seconds: spent, validation included, over all resumed runs.
        cpu_seconds: of learning alone, all processes added up.
        best: highest figure `BEST_BY` so far.
        history: figures and losses, a row an epoch.
        start: in words, what the network started from.
    """

    epoch: int = 0
    steps: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    best: float = -1.0
    history: list[dict[str, float]] = field(default_factory=list)
    start: str = ""


class Trainer:
    """One training by a recipe, in this process; under torchrun each process has its own."""

    def __init__(self, recipe: Recipe, folder: Path, hours: float | None, who: Processes, console: Console) -> None:
        """Build network, optimiser and data.

        Args:
            recipe: what to do.
            folder: where `last.pt`, `best.pt` and `results.csv` go.
            hours: if given, the rate falls so that it ends after this time, and training ends with it.
            who: this process and its fellows.
            console: where progress is shown.

        Raises:
            BadInputError: if data or batch do not fit.
        """
        if recipe.batch % who.count:
            raise BadInputError(recipe.name, f"a batch that {who.count} processes can share", str(recipe.batch))
        torch.manual_seed(recipe.seed)
        self.recipe, self.folder, self.who, self.console = recipe, folder, who, console
        self.budget_s = hours * 3600 if hours else math.inf
        self.state = State()
        self.network = SpineMaskRCNN(recipe.architecture)
        self.network.to(who.device)
        self.optimizer = torch.optim.AdamW(_parameter_groups(self.network, recipe))
        self.mixed = who.device.type == "cuda"
        self.scaler = torch.amp.GradScaler(who.device.type, enabled=self.mixed)
        self.truth = read_truth(recipe.data)  # before an epoch is spent, not after
        films = read_split(recipe.data, "train")
        self.batches = EpochBatches(len(films), recipe.films_per_epoch, recipe.batch, recipe.seed, who.rank, who.count)
        self.loader = DataLoader(
            TrainingFilms(films, recipe.architecture.imgsz, recipe.augmentation, recipe.seed),
            batch_sampler=self.batches,
            collate_fn=collate,
            num_workers=recipe.workers,
            persistent_workers=recipe.workers > 0,
        )

    def begin(self) -> None:
        """Start from what the recipe says.

        Raises:
            BadInputError: if those weights cannot be had, or do not fit.
        """
        self.state.start = load_start(self.network, self.recipe.architecture.backbone, self.recipe.start)

    def resume(self) -> None:
        """Go on from `last.pt`.

        Raises:
            BadInputError: if there is none, or it belongs to another architecture.
        """
        path = self.folder / "last.pt"
        content = checkpoint.read(path)
        if content["architecture"] != plain(self.recipe.architecture):
            raise BadInputError(path, "the architecture of the recipe", "another")
        self.network.load_state_dict(content["network"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.scaler.load_state_dict(content["scaler"])
        self.state = State(**content["state"])

    def run(self) -> State:
        """Train to the recipe's last epoch, or as long as the budget lasts."""
        learner = self.who.wrap(self.network)
        began = time.monotonic() - self.state.seconds
        while self.state.epoch < self.recipe.epochs and self.who.agreed(self.state.seconds) < self.budget_s:
            losses = self._epoch(learner, began)
            self.state.epoch += 1
            if self.who.rank == 0:
                figures = validate(self.network, self.recipe.data, self.truth)
                self.state.seconds = time.monotonic() - began
                self._keep({"epoch": self.state.epoch, "seconds": round(self.state.seconds), **losses, **figures})
        return self.state

    def _epoch(self, learner: torch.nn.Module, began: float) -> dict[str, float]:
        """Learn from one epoch's films, or as many as the budget allows; return the mean losses."""
        self.network.train()
        self.batches.epoch = self.state.epoch
        seeds = np.random.SeedSequence([self.recipe.seed, self.state.epoch, self.who.rank])
        torch.manual_seed(int(seeds.generate_state(1)[0]))  # so that a resumed run draws the same samples
        sums: dict[str, float] = defaultdict(float)
        steps, cpu_began = 0, time.process_time()
        with self._progress() as progress:
            task = progress.add_task(f"epoch {self.state.epoch + 1}/{self.recipe.epochs}", total=len(self.batches))
            for canvases, targets in self.loader:
                share = self.who.agreed(self._share_done(time.monotonic() - began))
                if share >= 1:
                    break
                for name, loss in self._step(learner, canvases, targets, share).items():
                    sums[name] += loss
                steps += 1
                progress.update(task, advance=1, description=f"loss {sum(sums.values()) / steps:.3f}")
        self.state.seconds = time.monotonic() - began
        self.state.cpu_seconds += self.who.total(time.process_time() - cpu_began)
        return {name: total / max(steps, 1) for name, total in sums.items()}

    def _step(
        self, learner: torch.nn.Module, canvases: torch.Tensor, targets: list[Target], share: float
    ) -> dict[str, float]:
        device = self.who.device
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest"] * rate_at(self.state.steps, share, self.recipe)
        with torch.autocast(device.type, torch.float16) if self.mixed else nullcontext():
            losses = learner(
                canvases.to(device), [{name: value.to(device) for name, value in one.items()} for one in targets]
            )
        self.optimizer.zero_grad()
        torch.autograd.backward(self.scaler.scale(torch.stack(list(losses.values())).sum()))
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.max_gradient_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.state.steps += 1
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _share_done(self, seconds: float) -> float:
        """Return how much of the training is done, by steps or by time, whichever is further, 0…1."""
        by_steps = self.state.steps / (self.recipe.epochs * len(self.batches))
        return min(1.0, max(by_steps, seconds / self.budget_s))

    def _keep(self, row: dict[str, float]) -> None:
        """Write the best weights first, then what a resumed run needs: killed between, it repeats the epoch."""
        self.state.history.append(row)
        if row[BEST_BY] > self.state.best:
            self.state.best = row[BEST_BY]
            training = {"start": self.state.start, "steps": self.state.steps, "cpu_seconds": self.state.cpu_seconds}
            checkpoint.save(self.folder / "best.pt", self.network, half=True, training={**training, **row})
        write_atomic(self.folder / "results.csv", pd.DataFrame(self.state.history).to_csv(index=False).encode())
        checkpoint.save(
            self.folder / "last.pt",
            self.network,
            optimizer=self.optimizer.state_dict(),
            scaler=self.scaler.state_dict(),
            state=vars(self.state),
            recipe=plain(self.recipe),
        )
        self.console.print("  ".join(f"{name} {value:.4g}" for name, value in row.items()), soft_wrap=True)

    def _progress(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        return Progress(*columns, console=self.console, disable=self.who.rank > 0, transient=True)


def train(recipe: Recipe, folder: Path, console: Console, hours: float | None = None, resume: bool = False) -> State:
    """Train by a recipe into a folder; under torchrun, on all its processes together.

    A run that was killed goes on with `resume` from the end of its last whole epoch, and comes to the same weights on
    a CPU as one that was not, unless `hours` makes the rate depend on the clock.

    Raises:
        BadInputError: if data, starting weights or batch do not fit, there is nothing to resume, or an earlier run
            is in the folder and is not to be resumed.
        NotWrittenError: if the folder cannot be written to.
    """
    with joined() as who, writing_alone(folder) if who.rank == 0 else nullcontext():
        last = folder / "last.pt"
        if last.exists() and not resume:
            raise BadInputError(last, "no earlier run; go on with --resume, or give the recipe another name", "one")
        trainer = Trainer(recipe, folder, hours, who, console)
        if resume:
            trainer.resume()
        else:
            trainer.begin()
        if who.rank == 0:
            state = trainer.state
            console.print(f"From {state.start}, {state.steps} steps, on {who.count} x {who.device.type}", markup=False)
        return trainer.run()


def rate_at(steps: int, share: float, recipe: Recipe) -> float:
    """Return the share of the highest rate: rising from 0 over the warm-up, then a cosine down to `final_rate`.

    Args:
        steps: done so far.
        share: of the training that is done, 0…1.
        recipe: with `warmup_steps` and `final_rate`.
    """
    warm = min(1.0, (steps + 1) / (recipe.warmup_steps + 1))
    return warm * (recipe.final_rate + (1 - recipe.final_rate) * (1 + math.cos(math.pi * share)) / 2)


def _parameter_groups(network: SpineMaskRCNN, recipe: Recipe) -> list[dict[str, Any]]:
    """Return parameters by rate (the backbone learns slower) and by decay (biases and norms are not decayed)."""
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = defaultdict(list)
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            in_backbone = name.startswith("backbone.body.")
            groups[in_backbone, parameter.ndim > _WEIGHT_DECAY_EXEMPT_DIMS].append(parameter)
    return [
        {
            "params": parameters,
            "lr": 0.0,
            "highest": recipe.learning_rate * (recipe.backbone_rate if in_backbone else 1),
            "weight_decay": recipe.weight_decay if decayed else 0.0,
        }
        for (in_backbone, decayed), parameters in groups.items()
    ]
