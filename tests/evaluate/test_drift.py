import re
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from films import prediction_of

from spineyolo.detect import Detections
from spineyolo.detect.exported import Export, Precision
from spineyolo.evaluate import drift
from spineyolo.evaluate.cases import Case
from spineyolo.film import Vertebra

LEVELS = ["T11", "T12", "L1", "L2", "L3"]
SIZE = (900, 300)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    path = tmp_path / "film.png"
    cv2.imwrite(str(path), np.zeros(SIZE, np.uint8))
    polygons = prediction_of(LEVELS, *SIZE).detections.polygons
    vertebrae = tuple(Vertebra(level, polygon) for level, polygon in zip(LEVELS, polygons, strict=True))
    return Case(path, "made", False, "", (0, 0, SIZE[1], SIZE[0]), vertebrae)


def seen(levels: Sequence[str] = LEVELS) -> Detections:
    return prediction_of(levels, *SIZE).detections


def moved(found: Detections, x: float) -> Detections:
    boxes = found.boxes + np.array([x, 0, x, 0], np.float32)
    return Detections(boxes, found.level_scores, tuple(polygon + np.float32([x, 0]) for polygon in found.polygons))


def test_drift__none_between_the_same(case: Case) -> None:
    found = drift.drift([case], [seen()], [seen()])
    assert found == drift.Drift(1.0, pytest.approx(1.0), 0.0, 0.0, 0.0, 0.0)
    assert not found.beyond(drift.BOUNDS[Precision.FP32])


def test_drift__a_shift_of_the_boxes_is_their_iou(case: Case) -> None:
    """By a tenth of their width: 0.9 / 1.1."""
    width = float(seen().boxes[0, 2] - seen().boxes[0, 0])
    found = drift.drift([case], [seen()], [moved(seen(), width / 10)])
    assert found.box_iou == pytest.approx(0.9 / 1.1, abs=0.01)
    assert found.mask_iou < 0.95 and found.score == 0


def test_drift__scores_are_compared_vertebra_by_vertebra(case: Case) -> None:
    """In whatever order they come."""
    weaker = Detections(seen().boxes[::-1], seen().level_scores[::-1] * 0.5, seen().polygons[::-1])
    found = drift.drift([case], [seen()], [weaker])
    assert found.box_iou == 1.0
    assert found.score == pytest.approx(float((seen().scores - weaker.scores[::-1]).mean()), abs=1e-6)
    assert found.score > 0.3


def test_drift__a_missed_vertebra_counts_whole(case: Case) -> None:
    less = Detections(seen().boxes[1:], seen().level_scores[1:], seen().polygons[1:])
    found = drift.drift([case], [seen()], [less])
    assert found.box_iou == pytest.approx(4 / 5) and found.score == pytest.approx(1 / 5)
    assert found.identification == pytest.approx(1 / 5)
    assert any(text.startswith("identification") for text in found.beyond(drift.BOUNDS[Precision.INT8]))


def test_drift__other_levels_cost_average_precision(case: Case) -> None:
    found = drift.drift([case], [seen()], [seen(["T10", "T11", "T12", "L1", "L2"])])
    assert found.box_iou == 1.0 and found.score == 0
    assert found.level_score > 0.1 and found.numbered_ap > 0.5 and found.identification == 1.0


class Drawn:
    """Stands in for a detector."""

    precision = Precision.BF16

    def __init__(self, found: Detections) -> None:
        self.found = found

    def detect(self, grey: npt.NDArray[np.uint8]) -> Detections:
        return self.found


def test_keep_faithful__one_that_drifts_is_refused_and_not_left(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is an older one of its kind; the faithful one after it is kept."""
    weights, made = tmp_path / "w.pt", {}
    for kind in (Export.OPENVINO, Export.ONNX):
        made[kind] = tmp_path / "made" / kind
        (made[kind] if kind is Export.OPENVINO else made[kind].parent).mkdir(parents=True, exist_ok=True)
    made[Export.ONNX].write_text("new")
    Export.OPENVINO.beside(weights).mkdir()
    Export.ONNX.beside(weights).write_text("old")
    found = {Export.ONNX: seen(), Export.OPENVINO: moved(seen(), 20)}
    monkeypatch.setattr(drift, "load_detector", lambda *_: Drawn(seen()))
    monkeypatch.setattr(drift, "load_export", lambda _, kind: Drawn(found[kind]))
    verdicts = {verdict.kind: verdict for verdict in drift.keep_faithful(weights, made, [case])}
    assert not verdicts[Export.ONNX].beyond
    assert any(re.fullmatch(r"box_iou 0\.\d+ \(bound .*\)", said) for said in verdicts[Export.OPENVINO].beyond)
    assert Export.ONNX.beside(weights).read_text() == "new"
    assert not Export.OPENVINO.beside(weights).exists()
