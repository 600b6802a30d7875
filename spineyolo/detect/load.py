"""A detector from its file: our checkpoint, one of its exports, or a Mask R-CNN checkpoint."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from spineyolo.detect import Detector
from spineyolo.detect.exported import Export, ExportedDetector
from spineyolo.errors import BadInputError
from spineyolo.files import sha256_of

RELEASED_WEIGHTS: Final = Path(__file__).parents[2] / "weights" / "spineyolo-n.pt"
"""The project's own weights; see `weights/README.md`."""


class Backend(StrEnum):
    """What runs the network."""

    AUTO = "auto"
    TORCH = "torch"
    ONNX = "onnx"
    OPENVINO = "openvino"


_PACKAGE: Final = {Backend.ONNX: "onnxruntime", Backend.OPENVINO: "openvino"}
_RUN_BY: Final = {
    Export.OPENVINO_INT8: Backend.OPENVINO,
    Export.OPENVINO: Backend.OPENVINO,
    Export.ONNX: Backend.ONNX,
}


def load_detector(
    weights: Path = RELEASED_WEIGHTS, backend: Backend = Backend.AUTO, imgsz: int | None = None
) -> Detector:
    """Return the detector in a file; its `str` says which file was taken, and what runs it.

    Args:
        weights: an Ultralytics `.pt` file, an `.onnx` file, an OpenVINO folder or a Mask R-CNN checkpoint.
        backend: what runs it. For a `.pt` file another than torch means its export beside it (`tools/export.py`);
            auto takes the fastest that was made from this very checkpoint and whose package is installed, and torch
            where there is none, or a GPU.
        imgsz: canvas height in px; what the checkpoint was trained with if None.

    Raises:
        BadInputError: if the file is missing, cannot be run by the backend, or its classes are not C1…L5.
    """
    if weights.is_dir() or weights.suffix == ".onnx":
        kind = Export.OPENVINO if weights.is_dir() else Export.ONNX
        if backend not in {Backend.AUTO, _RUN_BY[kind]}:
            raise BadInputError(weights, f"weights for --backend {backend}", f"an export for {_RUN_BY[kind]}")
        return load_export(weights, kind, imgsz)
    if backend is not Backend.TORCH and not (backend is Backend.AUTO and _has_gpu()):
        fitting = next(_exports_of(weights, backend, imgsz), None)
        if fitting is not None:
            return fitting
        if backend is not Backend.AUTO:
            command = f"python tools/export.py --weights {weights}"
            raise BadInputError(weights, f"an export of it for {backend} beside it (make one: {command})", "none")
    return _load_checkpoint(weights, imgsz)


def load_export(path: Path, kind: Export, imgsz: int | None = None) -> ExportedDetector:
    """Return the detector in an export.

    Raises:
        BadInputError: if it is missing or broken, its package is not installed, or its classes are not C1…L5.
    """
    package = _PACKAGE[_RUN_BY[kind]]
    if find_spec(package) is None:
        raise BadInputError(path, f"the package {package} to run it (pip install {package})", "none")
    if kind is Export.ONNX:
        from spineyolo.detect.onnx import load_onnx  # noqa: PLC0415 - needed for this backend alone

        return load_onnx(path, imgsz)
    from spineyolo.detect.openvino import load_openvino  # noqa: PLC0415 - needed for this backend alone

    return load_openvino(path, imgsz)


def _load_checkpoint(weights: Path, imgsz: int | None) -> Detector:
    from spineyolo.detect.maskrcnn import MaskRCNNDetector, is_maskrcnn  # noqa: PLC0415 - torch takes seconds to import
    from spineyolo.detect.yolo import YoloDetector  # noqa: PLC0415

    if not is_maskrcnn(weights):
        return YoloDetector(weights, imgsz)
    if imgsz is not None:
        raise BadInputError(weights, "the canvas that a Mask R-CNN was trained with", f"one of {imgsz} px asked for")
    return MaskRCNNDetector(weights)


def _exports_of(weights: Path, backend: Backend, imgsz: int | None) -> Iterator[ExportedDetector]:
    """Yield the exports beside a checkpoint that were made from it and can be run here, the fastest first."""
    for kind in Export:
        path = kind.beside(weights)
        wanted = backend in {Backend.AUTO, _RUN_BY[kind]}
        if wanted and weights.is_file() and path.exists() and find_spec(_PACKAGE[_RUN_BY[kind]]) is not None:
            found = load_export(path, kind, imgsz)
            if found.weights_sha256 == sha256_of(weights):
                yield found


def _has_gpu() -> bool:
    """Tell whether NVIDIA's driver is here, without torch, which takes seconds to import."""
    return shutil.which("nvidia-smi") is not None
