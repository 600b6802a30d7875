"""An OpenVINO export, run by OpenVINO on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import openvino
import yaml
from openvino.preprocess import PrePostProcessor

from spineyolo.detect.candidates import Floats
from spineyolo.detect.exported import ExportedDetector, Precision
from spineyolo.errors import BadInputError


def load_openvino(folder: Path, imgsz: int | None = None) -> ExportedDetector:
    """Return the detector in an OpenVINO folder (`.xml`, `.bin`, `metadata.yaml`).

    `imgsz` is the canvas height in px, as exported if None. Scaling pixels to 0…1 becomes a part of the network. Where
    the CPU computes bfloat16, OpenVINO takes it of itself for what is not int8.

    Raises:
        BadInputError: if the folder is missing, broken, or no export of a spine model.
    """
    graphs = list(folder.glob("*.xml"))
    if len(graphs) != 1:
        raise BadInputError(folder, "an OpenVINO folder with one .xml file", f"{len(graphs)}")
    try:
        metadata = yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8"))
        core = openvino.Core()
        graph = core.read_model(graphs[0])
        steps = PrePostProcessor(graph)
        steps.input().tensor().set_element_type(openvino.Type.u8)
        steps.input().preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
        network = core.compile_model(steps.build(), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    except (OSError, yaml.YAMLError, RuntimeError) as error:
        raise BadInputError(folder, "an OpenVINO export", f"{type(error).__name__}: {error}") from error

    def run(image: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
        found = network(image, share_outputs=True)  # candidates copies what it keeps
        return found[0][0], found[1][0]

    return ExportedDetector(folder, "OpenVINO", _precision(graph, network), run, metadata or {}, imgsz)


def _precision(graph: openvino.Model, network: openvino.CompiledModel) -> Precision:
    if any(operation.get_type_name() == "FakeQuantize" for operation in graph.get_ops()):
        return Precision.INT8
    bf16 = network.get_property("INFERENCE_PRECISION_HINT") == openvino.Type.bf16
    return Precision.BF16 if bf16 else Precision.FP32
