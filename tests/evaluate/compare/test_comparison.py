"""One comparison of untrained networks of both kinds, from the command to its files."""

import json
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import typer
from evaluate.compare import made

from spineyolo.evaluate.bootstrap import film_counts
from spineyolo.evaluate.cases import Split
from spineyolo.evaluate.compare import accuracy, comparison, cost, run
from spineyolo.evaluate.compare.by_hand import TOLERANCE
from spineyolo.evaluate.compare.stages import STAGES
from tools import compare

PLAN = """models:
  - {{name: YOLO, weights: {root}/yolo.pt, make: tools/train.py, started_from: nothing, steps: 0 of 4, cpu_hours: 0}}
  - {{name: Mask R-CNN, weights: {root}/maskrcnn.pt, make: python tools/train_maskrcnn.py, started_from: nothing}}
  - {{name: Absent, weights: {root}/absent.onnx, make: python tools/export.py, started_from: YOLO}}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set, both networks and a plan, compared; models run in this process and on films of one size."""
    folder = made.data_set(tmp_path_factory.mktemp("comparison"))
    made.untrained_yolo(folder / "yolo.pt")
    made.untrained_maskrcnn(folder / "maskrcnn.pt")
    (folder / "plan.yaml").write_text(PLAN.format(root=folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison, "run_apart", run.run)
        patch.setattr(accuracy, "film_counts", partial(film_counts, resamples=20))
        patch.setattr(cost, "HEIGHTS_PX", (400, 800))
        patch.setattr(cost, "REPEATS", 1)
        compare.main(folder / "plan.yaml", folder, Split.VAL, None, None, folder / "out", "trial")
    return folder


@pytest.fixture(scope="module")
def document(root: Path) -> dict:
    return json.loads((root / "out" / "trial.json").read_text())


def test_tool__both_models_are_checked_by_hand(document: dict) -> None:
    assert document["disagreement"].keys() == {"YOLO", "Mask R-CNN"}
    assert max(document["disagreement"].values()) <= TOLERANCE
    figures = pd.DataFrame(document["figures"])
    recalls = figures[(figures["figure"] == "box_agnostic_mAR") & (figures["group"] == "ap")]
    assert len(recalls) == 4 and recalls["value"].notna().all()  # two models, with and without numbering


def test_tool__every_figure_has_its_interval_and_differences_are_of_pairs(document: dict) -> None:
    figures = pd.DataFrame(document["figures"])
    assert set(figures["group"]) == {"ap", "ap without flawed", "side"}
    known = figures.dropna(subset=["value"])
    one_film = known[known["films"] == 1]
    assert (one_film["low"] == one_film["value"]).all() and (one_film["high"] == one_film["value"]).all()
    differences = pd.DataFrame(document["differences"]).set_index(["group", "first", "second", "figure"])
    of_all = figures[figures["scope"] == "all"].set_index(["group", "model", "numbering", "figure"])["value"]
    for figure in ("detection", "box_agnostic_mAP50-95"):
        lead = differences.loc[("ap", "YOLO", "Mask R-CNN", figure), "difference"]
        assert lead == pytest.approx(of_all["ap", "YOLO", "with", figure] - of_all["ap", "Mask R-CNN", "with", figure])
    assert ("side", "Mask R-CNN", "Mask R-CNN without numbering", "identification") in differences.index


def test_tool__stages_add_up_and_costs_are_counted(document: dict) -> None:
    latency = pd.DataFrame(document["latency"]).set_index(["model", "stage"])
    for model in ("YOLO", "Mask R-CNN"):
        parts = latency.loc[[(model, stage) for stage in STAGES], "p50_ms"]
        assert (parts >= 0).all()
        assert latency.loc[(model, "network"), "p50_ms"] > latency.loc[(model, "number"), "p50_ms"] / 100
        assert latency.loc[(model, "end to end"), "p95_ms"] >= latency.loc[(model, "end to end"), "p50_ms"] > 0
        assert document["models"][model]["gflops"] > 0.01 and document["models"][model]["peak_mb"] > 50
    assert document["models"]["YOLO"]["parameters_m"] == pytest.approx(3.26, abs=0.2)  # YOLOv8n-seg
    growth = pd.DataFrame(document["growth"])
    sizes = growth[(growth["model"] == "YOLO") & (growth["varied"] == "size")]
    assert sizes["megapixels"].iloc[1] == pytest.approx(4 * sizes["megapixels"].iloc[0], rel=0.01)
    assert growth[growth["varied"] == "vertebrae"]["vertebrae"].max() == 10


def test_tool__absent_models_are_told_how_to_make(document: dict, root: Path) -> None:
    assert document["models"]["Absent"]["absent"] is True
    text = (root / "out" / "trial.md").read_text()
    assert "| Absent | **absent**; made by: `python tools/export.py` |" in text
    assert "not counted" in text and "pycocotools called by hand" in text and "- processor: `" in text


def test_tool__ultralytics_val_step_by_step(document: dict, root: Path) -> None:
    steps = pd.DataFrame(document["val"])
    assert set(steps["model"]) == {"YOLO"}
    assert steps["step"].tolist() == [
        "val",
        "COCO's interpolation",
        "score and number",
        "fine masks",
        "one level",
        "pycocotools",
    ]
    assert steps[["mask_mAP50", "box_mAP50"]].notna().all(axis=None)
    assert "## Ultralytics' own `val`" in (root / "out" / "trial.md").read_text()


def test_tool__the_picture_is_one(root: Path) -> None:
    picture = cv2.imread(str(root / "out" / "trial.png"))
    assert picture.shape[1] > 1000 and len(np.unique(picture)) > 50


def test_tool__unknown_source_is_one_sentence(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as stop:
        compare.main(root / "plan.yaml", root, Split.VAL, "chest", None, root / "none", "trial")
    assert stop.value.exit_code == 1
    assert "val films of chest, found those of ap, side" in " ".join(capsys.readouterr().out.split())
    assert not (root / "none").exists()
