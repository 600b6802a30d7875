from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import yaml

from spineyolo.detect import load
from spineyolo.detect.canvas import place
from spineyolo.detect.exported import WEIGHTS_KEY, Export, ExportedDetector
from spineyolo.detect.load import Backend, load_detector, load_export
from spineyolo.detect.yolo import YoloDetector
from spineyolo.errors import BadInputError

SHAPES = {"tall": (700, 260), "wide": (300, 500), "small": (64, 64)}


@pytest.mark.parametrize("kind", [Export.ONNX, Export.OPENVINO])
def test_load_export__sees_what_pytorch_sees(exported: Path, kind: Export) -> None:
    checkpoint = load_detector(exported, Backend.TORCH)
    assert isinstance(checkpoint, YoloDetector)
    detector = load_export(kind.beside(exported), kind)
    for name, shape in SHAPES.items():
        grey = np.random.default_rng(1).integers(0, 255, shape, np.uint8)
        image = np.repeat(place(grey, detector.imgsz).image[None, None], 3, axis=1)
        with torch.inference_mode():
            wanted = checkpoint.model(torch.from_numpy(image).float() / 255)[0]
        for one, other in zip(wanted, detector.network(image), strict=True):
            assert other == pytest.approx(one[0].numpy(), abs=0.01), name
        assert len(detector.detect(grey)) > 0


def test_load_detector__auto_takes_the_fastest_and_says_so(exported: Path) -> None:
    assert str(load_detector(exported)) == f"{Export.OPENVINO_INT8.beside(exported)} (OpenVINO int8)"
    assert str(load_detector(exported, Backend.ONNX)) == f"{Export.ONNX.beside(exported)} (ONNX Runtime fp32)"


def test_load_detector__auto_without_the_package_takes_what_runs(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "find_spec", lambda package: None if package == "openvino" else package)
    assert str(load_detector(exported)).endswith("untrained.onnx (ONNX Runtime fp32)")
    with pytest.raises(BadInputError, match=r"expected the package openvino to run it \(pip install openvino\)"):
        load_detector(Export.OPENVINO.beside(exported))


def test_load_detector__an_export_of_other_weights_is_not_taken(exported: Path, tmp_path: Path) -> None:
    weights = tmp_path / "other.pt"
    weights.write_bytes(exported.read_bytes() + b"\0")
    Export.ONNX.beside(weights).write_bytes(Export.ONNX.beside(exported).read_bytes())
    with pytest.raises(BadInputError, match=r"other\.pt: expected an export of it for onnx beside it .*, found none"):
        load_detector(weights, Backend.ONNX)
    assert isinstance(load_detector(weights), YoloDetector)


def test_load_detector__exports_by_their_own_path(exported: Path) -> None:
    for kind in (Export.ONNX, Export.OPENVINO):
        found = load_detector(kind.beside(exported), imgsz=160)
        assert isinstance(found, ExportedDetector) and found.imgsz == 160
    with pytest.raises(BadInputError, match=r"untrained\.onnx: expected weights for --backend openvino, found an exp"):
        load_detector(Export.ONNX.beside(exported), Backend.OPENVINO)


def test_load_detector__missing_files_are_named(tmp_path: Path) -> None:
    for name in ("none.pt", "none.onnx"):
        with pytest.raises(BadInputError, match=rf"{name}: expected .*, found no such file"):
            load_detector(tmp_path / name)
    with pytest.raises(BadInputError, match=r"expected an OpenVINO folder with one \.xml file, found 0"):
        load_detector(tmp_path)


def test_load_export__broken_files_are_one_sentence(exported: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.onnx"
    half.write_bytes(Export.ONNX.beside(exported).read_bytes()[:1000])
    with pytest.raises(BadInputError, match=r"half\.onnx: expected an ONNX export"):
        load_export(half, Export.ONNX)
    (tmp_path / "half.xml").write_text("<net")
    (tmp_path / "metadata.yaml").write_text("names: {}")
    with pytest.raises(BadInputError, match="expected an OpenVINO export"):
        load_export(tmp_path, Export.OPENVINO)


def test_load_export__other_classes_are_refused(exported: Path, tmp_path: Path) -> None:
    graph = onnx.load(Export.ONNX.beside(exported))
    metadata = {entry.key: entry.value for entry in graph.metadata_props}
    onnx.helper.set_model_props(graph, metadata | {"names": "{0: 'person'}"})
    onnx.save(graph, tmp_path / "other.onnx")
    with pytest.raises(BadInputError, match=r"whose classes are C1…L5, found 1 classes \('person',\)"):
        load_export(tmp_path / "other.onnx", Export.ONNX)


def test_load_export__one_not_made_here_is_refused(exported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other_openvino_model"
    folder.mkdir()
    for path in Export.OPENVINO.beside(exported).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    metadata = yaml.safe_load((folder / "metadata.yaml").read_text())
    del metadata[WEIGHTS_KEY]
    (folder / "metadata.yaml").write_text(yaml.safe_dump(metadata))
    with pytest.raises(BadInputError, match=rf"expected an export of tools/export\.py.*KeyError: '{WEIGHTS_KEY}'"):
        load_export(folder, Export.OPENVINO)
