"""How long each stage takes from a film's file to its numbered outlines."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import torch

from spineyolo import imaging
from spineyolo.detect import Detector
from spineyolo.detect.exported import ExportedDetector
from spineyolo.detect.maskrcnn import NetworkDetector
from spineyolo.detect.yolo import YoloDetector
from spineyolo.numbering import number
from spineyolo.prediction import Prediction

STAGES: Final = {
    "read": "file to 8 bit grey",
    "prepare": "film to canvas; network's output to candidates (of Mask R-CNN with their outlines)",
    "network": "the network alone",
    "number": "levels for the column",
    "outline": "numbered masks to outlines in film px, where that is left for last",
}
"""One after the other, but that `prepare` is what detection does before and after the network."""


@dataclass
class StageClock:
    """Runs a detector stage by stage; what its network takes within `detect` is added up in `network_s`."""

    detector: Detector
    network_s: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        """Put the stopwatch on the network."""
        match self.detector:
            case YoloDetector(model=module):
                module.forward = self._timed(module.forward)
            case NetworkDetector(network=module):
                vars(module)["find"] = self._timed(module.find)
            case ExportedDetector() as exported:
                exported.network = self._timed(exported.network)

    def _timed(self, run: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **settings: Any) -> Any:
            start = time.perf_counter()
            result = run(*args, **settings)
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.network_s += time.perf_counter() - start
            return result

        return timed

    def predict(self, path: Path) -> tuple[Prediction, dict[str, float]]:
        """Return one film's prediction, every outline traced, and the ms each of `STAGES` took.

        Outlines of candidates that numbering set aside are traced when the clock has stopped: nobody draws them.

        Raises:
            BadInputError: if the film cannot be read.
        """
        self.network_s = 0.0
        times = [time.perf_counter()]
        grey = imaging.load(path).grey
        times.append(time.perf_counter())
        detections = self.detector.detect(grey)
        times.append(time.perf_counter())
        numbering = number(detections.boxes, detections.level_scores, len(grey))
        times.append(time.perf_counter())
        for index, name in enumerate(numbering.names):
            if name is not None:
                detections.polygons[index]
        times.append(time.perf_counter())
        read, detect, numbered, outline = (1000 * (b - a) for a, b in itertools.pairwise(times))
        network = 1000 * self.network_s
        spent = (read, detect - network, network, numbered, outline)
        traced = replace(detections, polygons=tuple(detections.polygons))
        height, width = grey.shape
        return Prediction(path, height, width, traced, numbering), dict(zip(STAGES, spent, strict=True))


def network_module(detector: Detector) -> torch.nn.Module | None:
    """Return a detector's network if PyTorch runs it."""
    module = getattr(detector, "model", None) or getattr(detector, "network", None)
    return module if isinstance(module, torch.nn.Module) else None
