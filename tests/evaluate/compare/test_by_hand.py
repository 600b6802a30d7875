from pathlib import Path

import numpy as np
import pytest
from evaluate.compare import made

from spineyolo.anatomy import LEVELS
from spineyolo.detect import Detections, Detector
from spineyolo.detect.maskrcnn import MaskRCNNDetector
from spineyolo.detect.yolo import YoloDetector
from spineyolo.errors import SpineYoloError
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.compare import by_hand
from spineyolo.evaluate.compare.accuracy import measure
from spineyolo.film import Vertebra
from spineyolo.numbering import Numbering
from spineyolo.prediction import Prediction

CASES = [made.case_of(f"film_{number}.png") for number in range(3)]
PREDICTIONS = [
    made.without(made.found_on(case, shift=number % 2, down_px=4 * number), 3) for number, case in enumerate(CASES)
]


def test_check__our_figures_are_pycocotools() -> None:
    ours = measure(CASES, PREDICTIONS).evaluator.summarize()
    assert 0 < ours["mask_numbered_mAP50-95"] < ours["mask_agnostic_mAP50-95"] < 1
    assert by_hand.check(CASES, PREDICTIONS, ours) <= by_hand.TOLERANCE


def test_check__a_figure_that_differs_is_named() -> None:
    ours = measure(CASES, PREDICTIONS).evaluator.summarize()
    with pytest.raises(SpineYoloError, match="box_agnostic_mAP75: expected pycocotools'"):
        by_hand.check(CASES, PREDICTIONS, {**ours, "box_agnostic_mAP75": ours["box_agnostic_mAP75"] + 1e-5})


def test_check__nothing_found() -> None:
    nothing = Detections(np.zeros((0, 4), np.float32), np.zeros((0, 24), np.float32), ())
    predictions = [Prediction(case.path, *case.size, nothing, Numbering((), 0.0)) for case in CASES]
    assert by_hand.check(CASES, predictions, measure(CASES, predictions).evaluator.summarize()) == 0


@pytest.mark.parametrize("kind", ["YOLO", "Mask R-CNN"])
def test_check__both_models_outputs(kind: str, tmp_path: Path) -> None:
    detector: Detector
    if kind == "YOLO":
        detector = YoloDetector(made.untrained_yolo(tmp_path / "yolo.pt"))
    else:
        detector = MaskRCNNDetector(made.untrained_maskrcnn(tmp_path / "maskrcnn.pt"))
    rng = np.random.default_rng(0)
    cases, predictions = [], []
    for number in range(2):
        found = detector.detect(rng.integers(0, 255, (700, 260), np.uint8))
        names = tuple(LEVELS[index] for index in rng.integers(0, 4, len(found)))
        predictions.append(Prediction(Path(f"{number}.png"), 700, 260, found, Numbering(names, 0.0)))
        # An untrained network finds no vertebra: the truth is every other outline, a little off, some renamed.
        off = [np.clip(polygon + rng.normal(0, 2, 2), 0, [260, 700]).astype(np.float32) for polygon in found.polygons]
        true = tuple(Vertebra(LEVELS[(i % 8 == 0) + LEVELS.index(names[i])], off[i]) for i in range(0, len(off), 2))
        cases.append(Case(Path(f"{number}.png"), "made", False, "", (0, 0, 260, 700), true))
    ours = measure(cases, predictions).evaluator.summarize()
    assert all(0 < ours[f"{name}_mAP50-95"] < 1 for name in ("mask_numbered", "box_numbered", "mask_agnostic"))
    assert by_hand.check(cases, predictions, ours) <= by_hand.TOLERANCE
