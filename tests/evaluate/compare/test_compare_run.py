from pathlib import Path

import numpy as np
import pytest
from evaluate.compare import made

from spineyolo.errors import BadInputError
from spineyolo.evaluate.cases import whole_films
from spineyolo.evaluate.compare import cost, run
from spineyolo.evaluate.compare.plan import Model


def model_of(weights: Path) -> Model:
    return Model("YOLO", weights, "python tools/train.py", "nothing")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    made.untrained_yolo(tmp_path / "yolo.pt")
    return made.data_set(tmp_path)


def test_run__a_second_one_finds_the_same(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "HEIGHTS_PX", (400,))
    monkeypatch.setattr(cost, "REPEATS", 1)
    cases = whole_films(data, "val", "side")
    first, second = (run.run(model_of(data / "yolo.pt"), cases).predictions[0] for _ in range(2))
    assert first.numbering == second.numbering and len(first.detections) > 0
    assert (first.detections.level_scores == second.detections.level_scores).all()
    for one, other in zip(first.detections.polygons, second.detections.polygons, strict=True):
        assert (one == other).all()


def test_run_apart__what_is_wrong_comes_back_as_a_sentence(data: Path) -> None:
    with pytest.raises(BadInputError, match=r"none\.pt"):
        run.run_apart(model_of(data / "none.pt"), whole_films(data, "val"))


def test_varied__lower_vertebrae_are_painted_over(data: Path) -> None:
    (case,) = whole_films(data, "val", "side")
    painted = {left: grey for varied, grey, left in cost._varied(case) if varied == "vertebrae"}
    assert list(painted) == [2, 5, 8, 10]
    for left, grey in painted.items():
        assert grey.shape == case.size
        bright = [int(grey[int(v.polygon[:, 1].mean()), int(v.polygon[:, 0].mean())]) == 200 for v in case.vertebrae]
        assert bright == [True] * left + [False] * (10 - left)
    assert np.unique(painted[2][-100:]).size == 1
