"""What a model costs: parameters, operations, memory, and how its time grows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.flop_counter import FlopCounterMode

from spineyolo.detect import Detector
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.compare.stages import StageClock, network_module
from spineyolo.evaluate.folder_run import host_peak_mb
from spineyolo.files import write_atomic
from spineyolo.polygons import bounding_box

HEIGHTS_PX: Final = (600, 1200, 2400, 4800)
"""The longest case's film is scaled to these heights."""

SHARES: Final = (0.25, 0.5, 0.75, 1.0)
"""Of the vertebrae of that film, counted from the top, that are left on it."""

REPEATS: Final = 3


@dataclass(frozen=True)
class Cost:
    """Millions of parameters, GFLOPs of one film (a multiplication and an addition are two), peak memory in MB.

    None where the network runs outside PyTorch, which counts its own alone.
    """

    parameters_m: float | None
    gflops: float | None
    peak_mb: float


def measure_cost(detector: Detector, grey: npt.NDArray[np.uint8]) -> Cost:
    """Return what a detector costs on a film `(height, width)`.

    The peak is that of this process so far, Python and libraries within; with a GPU, what PyTorch took on it.
    """
    peak = peak_mb()
    module = network_module(detector)
    if module is None:
        return Cost(None, None, peak)
    with FlopCounterMode(display=False) as counter:
        detector.detect(grey)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    return Cost(parameters / 1e6, counter.get_total_flops() / 1e9, peak)


def peak_mb() -> float:
    """Return the most memory this process has held, MB; that of the GPU if there is one."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e6
    return host_peak_mb()


def measure_growth(clock: StageClock, case: Case) -> list[dict[str, Any]]:
    """Return how time grows on one film: scaled to `HEIGHTS_PX`, and with only the upper part of its vertebrae.

    Rows: `varied` (size or vertebrae), `megapixels`, `vertebrae` (true ones in view), `found` (numbered), and the ms
    of each stage, medians of `REPEATS`.

    Raises:
        BadInputError: if the film cannot be read.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for varied, grey, vertebrae in _varied(case):
            path = Path(folder) / "film.png"
            write_atomic(path, cv2.imencode(".png", grey)[1].tobytes())
            timed = [clock.predict(path) for _ in range(REPEATS)]
            found = sum(name is not None for name in timed[0][0].numbering.names)
            stages = {stage: float(np.median([spent[stage] for _, spent in timed])) for stage in timed[0][1]}
            seen = {"varied": varied, "megapixels": grey.size / 1e6, "vertebrae": vertebrae, "found": found}
            rows.append({**seen, **stages})
    return rows


def _varied(case: Case) -> Iterator[tuple[str, npt.NDArray[np.uint8], int]]:
    grey, count = case.grey(), len(case.vertebrae)
    for height in HEIGHTS_PX:
        scale = height / len(grey)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        scaled = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=interpolation)
        yield "size", np.asarray(scaled, np.uint8), count
    boxes = sorted((bounding_box(vertebra.polygon) for vertebra in case.vertebrae), key=lambda box: box[1] + box[3])
    for left in sorted({max(1, round(share * count)) for share in SHARES}):
        painted = grey.copy()
        if left < count:  # between the last that stays and the first that goes
            painted[round((boxes[left - 1][3] + boxes[left][1]) / 2) :] = round(float(grey.mean()))
        yield "vertebrae", painted, left


def longest(cases: Sequence[Case]) -> Case:
    """Return the case with the most vertebrae, the first of several."""
    return max(cases, key=lambda case: len(case.vertebrae))
