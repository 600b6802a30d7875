"""An ONNX export, run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph, InvalidProtobuf

from spineyolo.detect.candidates import Floats
from spineyolo.detect.exported import ExportedDetector, Precision
from spineyolo.errors import BadInputError

_BROKEN: Final = (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf)


def load_onnx(path: Path, imgsz: int | None = None) -> ExportedDetector:
    """Return the detector in an `.onnx` file; `imgsz` is the canvas height in px, as exported if None.

    Raises:
        BadInputError: if the file is missing, broken, or no export of a spine model.
    """
    if not path.is_file():
        raise BadInputError(path, "an ONNX export", "no such file")
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except _BROKEN as error:
        raise BadInputError(path, "an ONNX export", f"{type(error).__name__}: {error}") from error
    (name,) = (entry.name for entry in session.get_inputs())

    def run(image: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
        predictions, prototypes = session.run(None, {name: image.astype(np.float32) / 255})
        return predictions[0], prototypes[0]

    metadata = session.get_modelmeta().custom_metadata_map
    return ExportedDetector(path, "ONNX Runtime", Precision.FP32, run, metadata, imgsz)
