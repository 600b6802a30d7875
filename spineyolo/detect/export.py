"""A checkpoint as ONNX and OpenVINO: Ultralytics' own export, OpenVINO's reader, int8 by NNCF.

The canvas stays free in both directions: `canvas.place` pads a film to the next stride only, so that no two films
need have one size, and a camera's frame is wide.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import nncf
import numpy as np
import numpy.typing as npt
import onnx
import openvino
import yaml
from ultralytics import YOLO
from ultralytics.utils import LOGGER

from spineyolo import imaging
from spineyolo.detect.canvas import canvas_size, place
from spineyolo.detect.exported import WEIGHTS_KEY, Export
from spineyolo.errors import BadInputError
from spineyolo.files import sha256_of

CALIBRATION_FILMS: Final = 200
"""Training films on which int8's ranges are measured, evenly over the sorted folder; NNCF's own default is 300."""

_KEPT_FINE: Final = [
    r".*model\.[0-4]/.*",  # down to an eighth of the canvas, where fine grey steps matter
    r".*model\.22/cv[234]\.\d/cv[234]\.\d\.2/.*",  # the last convolutions: side distances, scores, mask coefficients
    r".*model\.22/dfl.*",
    *(rf".*model\.22/{kind}.*" for kind in ("Add", "Sub", "Mul", "Div", "Concat", "Reshape", "Split", "Slice")),
    *(rf".*model\.22/.*/{kind}.*" for kind in ("Add", "Sub", "Mul", "Div")),
]
"""What int8 leaves in single precision: YOLOv8's first five layers, and the end of its head, where boxes and scores
become px and shares. With all but sigmoids and the head's arithmetic in int8, as in Ultralytics' own export, the boxes'
mean IoU with PyTorch's was 0.85 (nine films); with the head's end kept 0.95, the first layers as well 0.98."""


@contextmanager
def made(weights: Path, kinds: Sequence[Export], calibration: Sequence[Path]) -> Iterator[dict[Export, Path]]:
    """Make exports in a temporary folder beside the checkpoint, which is gone at the end with what is still in it.

    Args:
        weights: an Ultralytics `.pt` file.
        kinds: which exports.
        calibration: training films for int8.

    Raises:
        BadInputError: if the checkpoint is missing, or a film cannot be read.
    """
    if not weights.is_file():
        raise BadInputError(weights, "YOLOv8-seg weights", "no such file")
    LOGGER.setLevel(logging.WARNING)  # Ultralytics' advice is on the temporary file
    nncf.set_log_level(logging.WARNING)  # a line for each layer that is kept
    with TemporaryDirectory(dir=weights.parent, prefix=f".{weights.stem}.") as folder:
        copy = Path(shutil.copy(weights, folder))
        graph_file = _to_onnx(copy)
        metadata = {entry.key: entry.value for entry in onnx.load(graph_file).metadata_props}
        paths = {kind: kind.beside(copy) for kind in kinds}
        graph = openvino.Core().read_model(graph_file)
        if Export.OPENVINO in paths:
            _write_openvino(graph, metadata, paths[Export.OPENVINO])
        if Export.OPENVINO_INT8 in paths:
            imgsz = int(YOLO(str(copy)).overrides["imgsz"])
            _write_openvino(_to_int8(graph, calibration, imgsz), metadata, paths[Export.OPENVINO_INT8])
        yield paths


def calibration_films(folder: Path) -> list[Path]:
    """Return `CALIBRATION_FILMS` films of a folder, evenly over their sorted names, so that each source has its share.

    Raises:
        BadInputError: if there is none.
    """
    films = sorted(path for path in folder.glob("*") if path.suffix.lower() in imaging.IMAGE_SUFFIXES)
    if not films:
        raise BadInputError(folder, "training films to calibrate int8 on", "none")
    chosen = np.linspace(0, len(films) - 1, min(CALIBRATION_FILMS, len(films))).round().astype(int)
    return [films[index] for index in chosen]


def _to_onnx(weights: Path) -> Path:
    yolo = YOLO(str(weights), task="segment")
    canvas = canvas_size(int(yolo.overrides["imgsz"]))
    path = Path(yolo.export(format="onnx", imgsz=canvas, dynamic=True, simplify=False, device="cpu", verbose=False))
    graph = onnx.load(path)
    onnx.helper.set_model_props(
        graph, {entry.key: entry.value for entry in graph.metadata_props} | {WEIGHTS_KEY: sha256_of(weights)}
    )
    onnx.save(graph, path)
    return path


def _write_openvino(graph: openvino.Model, metadata: dict[str, str], folder: Path) -> None:
    """Write a network as Ultralytics lays its OpenVINO folders out, so that `YOLO(folder)` reads it too."""
    folder.mkdir()
    stem = folder.name.removesuffix("_openvino_model")
    openvino.save_model(graph, folder / f"{stem}.xml", compress_to_fp16=False)
    (folder / "metadata.yaml").write_text(yaml.safe_dump(metadata, sort_keys=False), encoding="utf-8")


def _to_int8(graph: openvino.Model, films: Sequence[Path], imgsz: int) -> openvino.Model:
    """Quantise weights and activations after training, by NNCF, with its `MIXED` preset, made for SiLU."""
    kept = nncf.IgnoredScope(patterns=_KEPT_FINE, types=["Sigmoid"], validate=False)
    dataset = nncf.Dataset(films, lambda film: _as_seen(film, imgsz))
    return nncf.quantize(
        graph, dataset, preset=nncf.QuantizationPreset.MIXED, subset_size=len(films), ignored_scope=kept
    )


def _as_seen(film: Path, imgsz: int) -> npt.NDArray[np.float32]:
    """Return a film as the network sees it: `(1, 3, height, width)`, 0…1."""
    image = place(imaging.load(film).grey, imgsz).image
    return np.repeat(image[None, None], 3, axis=1).astype(np.float32) / np.float32(255)
