"""Why Ultralytics' own `val` gives other figures than this evaluator: one difference after the other taken away."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import yaml
from ultralytics import YOLO
from ultralytics.models.yolo.segment import SegmentationValidator
from ultralytics.utils import ops

from spineyolo.anatomy import LEVELS
from spineyolo.detect.candidates import MAX_CANDIDATES, MIN_SCORE
from spineyolo.evaluate.bootstrap import average_precision
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.compare.accuracy import measure
from spineyolo.evaluate.numbering_benchmark import PlainUltralytics
from spineyolo.numbering import Numbering
from spineyolo.prediction import Prediction

STEPS: Final = {
    "val": "`yolo segment val` with its defaults",
    "COCO's interpolation": "the same matches; precision read off in steps at 101 recalls, as pycocotools does, not "
    "along straight lines between them",
    "score and number": f"as before; only candidates scored {MIN_SCORE} or more, {MAX_CANDIDATES} a film, as here "
    "(Ultralytics: 0.001 and 300)",
    "fine masks": "as before; true and found masks compared at the canvas's size, each true one whole, not at a "
    "quarter of it with overlaps given to one",
    "one level": "as before; a candidate counts at its best level alone, not at every level that it scores at",
    "pycocotools": "Ultralytics' `predict` on our canvas, one level a candidate; its outlines in film px, compared by "
    "this evaluator",
}
_KINDS: Final = {"mask": "tp_m", "box": "tp"}
_FIGURES: Final = ("mAP50-95", "mAP50")


class _Keeping(SegmentationValidator):
    """Keeps, film by film, what it matched: Ultralytics throws it away when it has its figures."""

    kept: dict[str, list[Any]]

    def get_stats(self) -> Any:
        """Return Ultralytics' figures."""
        type(self).kept = copy.deepcopy(self.metrics.stats)
        return super().get_stats()


class _FineMasks(_Keeping):
    """Compares masks at the canvas's size."""

    def init_metrics(self, model: Any) -> None:
        """Choose the mask function that Ultralytics uses when it writes predictions to a file."""
        super().init_metrics(model)
        self.process = ops.process_mask_native


class _OneLevel(_FineMasks):
    """Counts a candidate at its best level alone, as `predict` does."""

    def postprocess(self, preds: Any) -> Any:
        """Take away all other scores `(1, 24, anchors)` before Ultralytics' NMS."""
        raw = preds[0][0] if isinstance(preds[0], tuple) else preds[0]
        scores = raw[:, 4 : 4 + len(LEVELS)]
        scores[scores < scores.amax(dim=1, keepdim=True)] = 0
        return super().postprocess(preds)


def ladder(weights: Path, imgsz: int, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Return mask and box mAP, with levels and without our numbering, after each of `STEPS`.

    Args:
        weights: a checkpoint that `YoloDetector` has loaded before.
        imgsz: canvas height in px.
        cases: whole films of one split of a converted data set, which has YOLO's labels too.
    """
    plain, fine, single = (_validated(weights, imgsz, cases, kind) for kind in (_Keeping, _FineMasks, _OneLevel))
    rows = [{"step": "val", **plain["figures"]}]
    for step, found, limited in (
        ("COCO's interpolation", plain, False),
        ("score and number", plain, True),
        ("fine masks", fine, True),
        ("one level", single, True),
    ):
        rows.append({"step": step, **_coco_figures(found["kept"], limited)})
    summary = measure(cases, _plain_predictions(weights, imgsz, cases)).evaluator.summarize()
    figures = {f"{kind}_{name}": summary[f"{kind}_numbered_{name}"] for kind in _KINDS for name in _FIGURES}
    return [*rows, {"step": "pycocotools", **figures}]


def _validated(weights: Path, imgsz: int, cases: Sequence[Case], validator: type[_Keeping]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        data = _linked(Path(folder), cases)
        settings: dict[str, Any] = {"data": str(data), "imgsz": imgsz, "plots": False, "verbose": False, "workers": 0}
        if issubclass(validator, _FineMasks):
            settings |= {"mask_ratio": 1, "overlap_mask": False}
        found = YOLO(str(weights), task="segment").val(
            validator=validator, project=folder, name="val", batch=1, **settings
        )
    metrics = {"mask": found.seg, "box": found.box}
    figures = {f"{kind}_mAP50-95": float(metric.map) for kind, metric in metrics.items()}
    figures |= {f"{kind}_mAP50": float(metric.map50) for kind, metric in metrics.items()}
    return {"figures": figures, "kept": validator.kept}


def _linked(folder: Path, cases: Sequence[Case]) -> Path:
    """Return a data set of these films alone, by links: Ultralytics writes a cache beside the labels it reads."""
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    for case in cases:
        labels = case.path.resolve().parents[2] / "labels" / case.path.parent.name / f"{case.path.stem}.txt"
        (folder / "images" / case.path.name).symlink_to(case.path.resolve())
        (folder / "labels" / labels.name).symlink_to(labels)
    content = {"path": str(folder), "train": "images", "val": "images", "names": dict(enumerate(LEVELS))}
    (folder / "data.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder / "data.yaml"


def _coco_figures(kept: dict[str, list[Any]], limited: bool) -> dict[str, float]:
    """Return COCO's figures of Ultralytics' matches, perhaps limited to our score and number of candidates."""
    films = [_chosen(scores, limited) for scores in kept["conf"]]
    scores, classes = (
        np.concatenate([kept[name][film][rows] for film, rows in enumerate(films)]) for name in ("conf", "pred_cls")
    )
    truths = np.concatenate(kept["target_cls"])
    figures = {}
    for kind, key in _KINDS.items():
        hits = np.concatenate([kept[key][film][rows] for film, rows in enumerate(films)])
        of_levels = [
            average_precision(scores[classes == level], hits[classes == level].T, int((truths == level).sum()))
            for level in np.unique(truths)
        ]
        precision = np.array(of_levels)
        figures[f"{kind}_mAP50-95"] = float(precision.mean())
        figures[f"{kind}_mAP50"] = float(precision[:, 0].mean())
    return figures


def _chosen(scores: npt.NDArray[np.float32], limited: bool) -> npt.NDArray[np.intp]:
    order = np.argsort(-scores, kind="mergesort")
    return order[scores[order] >= MIN_SCORE][:MAX_CANDIDATES] if limited else order


def _plain_predictions(weights: Path, imgsz: int, cases: Sequence[Case]) -> list[Prediction]:
    detector = PlainUltralytics(weights, imgsz)
    predictions = []
    for case in cases:
        found = detector.detect(case.grey())
        names = tuple(LEVELS[index] for index in found.level_scores.argmax(axis=1))
        predictions.append(Prediction(case.path, *case.size, found, Numbering(names, 0.0)))
    return predictions
