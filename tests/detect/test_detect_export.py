from pathlib import Path

import cv2
import numpy as np
import pytest

from spineyolo.detect import export
from spineyolo.detect.exported import Export
from spineyolo.detect.load import load_export
from spineyolo.errors import BadInputError


def films(folder: Path, count: int) -> list[Path]:
    for index in range(count):
        grey = np.random.default_rng(index).integers(0, 255, (300, 120), np.uint8)
        cv2.imwrite(str(folder / f"{index:04}.png"), grey)
    return sorted(folder.glob("*.png"))


def test_calibration_films__evenly_over_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = films(tmp_path, 9)
    (tmp_path / "notes.txt").write_text("no film")
    assert export.calibration_films(tmp_path) == paths
    monkeypatch.setattr(export, "CALIBRATION_FILMS", 3)
    assert export.calibration_films(tmp_path) == [paths[0], paths[4], paths[8]]


def test_calibration_films__none_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="expected training films to calibrate int8 on, found none"):
        export.calibration_films(tmp_path)


def test_made__leaves_the_exports_alone(exported: Path) -> None:
    names = {"untrained.pt", "film.png", *(kind.beside(exported).name for kind in Export)}
    assert {path.name for path in exported.parent.iterdir()} == names


def test_made__int8_is_smaller_and_runs(exported: Path) -> None:
    kinds = (Export.OPENVINO, Export.OPENVINO_INT8)
    single, int8 = (sum(file.stat().st_size for file in kind.beside(exported).glob("*.bin")) for kind in kinds)
    assert int8 < 0.5 * single
    detector = load_export(Export.OPENVINO_INT8.beside(exported), Export.OPENVINO_INT8)
    assert str(detector).endswith("_int8_openvino_model (OpenVINO int8)")
    assert len(detector.detect(np.full((300, 120), 90, np.uint8))) > 0


def test_made__missing_weights_are_named(tmp_path: Path) -> None:
    with (
        pytest.raises(BadInputError, match=r"none\.pt: .* found no such file"),
        export.made(tmp_path / "none.pt", [Export.ONNX], []),
    ):
        pass
