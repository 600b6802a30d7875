"""An exported YOLOv8-seg network as a Detector, whatever runs it, and where exports of a checkpoint lie."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spineyolo.anatomy import LEVELS
from spineyolo.detect import Detections
from spineyolo.detect.candidates import Floats, candidates
from spineyolo.detect.canvas import place
from spineyolo.errors import BadInputError
from spineyolo.files import shown

WEIGHTS_KEY: Final = "weights_sha256"
"""Where an export's metadata say which checkpoint it was made from; the other keys are Ultralytics' own."""

Network = Callable[[npt.NDArray[np.uint8]], tuple[Floats, Floats]]
"""Pixels `(1, 3, height, width)`, 8 bit, to predictions `(60, anchors)`, prototypes `(32, height / 4, width / 4)`."""


class Export(StrEnum):
    """The kinds of export, the fastest on a CPU first."""

    OPENVINO_INT8 = "openvino-int8"
    OPENVINO = "openvino"
    ONNX = "onnx"

    def beside(self, weights: Path) -> Path:
        """Return where this export of a checkpoint lies: beside it, named as Ultralytics names its own."""
        if self is Export.ONNX:
            return weights.with_suffix(".onnx")
        return weights.with_name(weights.stem + "_int8" * (self is Export.OPENVINO_INT8) + "_openvino_model")


class Precision(StrEnum):
    """In which numbers a network is run."""

    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"


class ExportedDetector:
    """A network in a file of its own, with the 24 levels as its classes."""

    def __init__(
        self,
        path: Path,
        runtime: str,
        precision: Precision,
        network: Network,
        metadata: Mapping[str, Any],
        imgsz: int | None = None,
    ) -> None:
        """Take a network that has been read.

        Args:
            path: its file or folder, to name.
            runtime: what runs it, to name.
            precision: of most of its sums, on this machine.
            network: the network, read and ready.
            metadata: what its file says of it: `names`, `imgsz`, `weights_sha256`.
            imgsz: canvas height in px; what it was exported with if None.

        Raises:
            BadInputError: if its classes are not C1…L5, or it does not say which checkpoint it was made from.
        """
        expected = "an export of tools/export.py, whose classes are C1…L5"
        try:
            names = tuple(_value(metadata["names"]).values())
            usual, self.weights_sha256 = int(max(_value(metadata["imgsz"]))), str(metadata[WEIGHTS_KEY])
        except (KeyError, AttributeError, TypeError, ValueError, SyntaxError) as error:
            raise BadInputError(path, expected, f"metadata without it ({type(error).__name__}: {error})") from error
        if names != LEVELS:
            raise BadInputError(path, expected, f"{len(names)} classes {names[:3]}…")
        self.path, self.runtime, self.precision, self.imgsz = path, runtime, precision, imgsz or usual
        self.network = network

    def __str__(self) -> str:
        return f"{shown(self.path)} ({self.runtime} {self.precision})"

    def detect(self, grey: npt.NDArray[np.uint8]) -> Detections:
        """Return the candidates on a film `(height, width)`, 8 bit grey, best first."""
        placed = place(grey, self.imgsz)
        image = np.repeat(placed.image[None, None], 3, axis=1)
        predictions, prototypes = self.network(image)
        height, width = grey.shape
        return candidates(predictions, prototypes, placed, (height, width))


def _value(value: Any) -> Any:
    """Return what metadata text means; ONNX keeps text only."""
    return ast.literal_eval(value) if isinstance(value, str) else value
