import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from columns import column

from spineyolo.anatomy import INDEX
from spineyolo.detect import Detections
from spineyolo.errors import BadInputError
from spineyolo.evaluate import fit_costs as fit
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.levels import compare
from spineyolo.export import coco_document
from spineyolo.numbering import COSTS, number
from spineyolo.polygons import bounding_box
from spineyolo.prediction import Prediction
from tools import fit_numbering


def case_of(window: str = "", source: str = "aasce2019", name: str = "film.png") -> Case:
    film = column(Path(name))
    return Case(film.path, source, False, window, (0, 0, film.width, film.height), film.vertebrae)


def found_on(case: Case, shift: int = 0, noise: float = 0.0, seed: int = 0) -> Detections:
    """Candidates on the true vertebrae, moved by `noise` px, whose best level is `shift` too low."""
    rng = np.random.default_rng(seed)
    polygons = tuple((vertebra.polygon + rng.normal(0, noise, 2)).astype(np.float32) for vertebra in case.vertebrae)
    scores = rng.uniform(0, 0.05, (len(polygons), 24)).astype(np.float32)
    for row, vertebra in enumerate(case.vertebrae):
        scores[row, min(INDEX[vertebra.level or ""] + shift, 23)] = rng.uniform(0.1, 0.9)
    return Detections(np.array([bounding_box(polygon) for polygon in polygons], np.float32), scores, polygons)


@pytest.mark.parametrize("seed", range(6))
def test_score__counts_as_levels_compare_does(seed: int) -> None:
    case = case_of()
    found = found_on(case, shift=seed % 2, noise=7.0, seed=seed)
    height, width = case.size
    prediction = Prediction(case.path, height, width, found, number(found.boxes, found.level_scores, height))
    truth = compare({"height": height, "width": width}, case.truths(), coco_document([prediction])["annotations"])
    score = fit.score(fit.sample_of(case, found), COSTS)
    assert len(truth.shifts) > 0
    assert (score.vertebrae, score.found, score.right) == (truth.truths, len(truth.shifts), truth.right)


def test_sample_of__candidate_beside_every_vertebra_is_none() -> None:
    case = case_of(window="lumbar", source="lateral")
    found = found_on(case)
    far = Detections(found.boxes + 100, found.level_scores, tuple(polygon + 100 for polygon in found.polygons))
    assert fit.sample_of(case, found).truth.tolist() == [INDEX[v.level or ""] for v in case.vertebrae]
    assert (fit.sample_of(case, far).truth == -1).all()
    assert fit.sample_of(case, found).group == "lateral windows"


def test_trial__groups_count_alike() -> None:
    cases = [case_of(), case_of(name="b.png"), case_of(window="lumbar")]
    shifted = replace(COSTS, open_end=0.0)  # as the looks say
    samples = [fit.sample_of(case, found_on(case, shift=shift)) for case, shift in zip(cases, (0, 0, -1), strict=True)]
    found = fit.trial(samples, shifted)
    assert found.identification == {"AASCE": 1.0, "AASCE windows": 0.0}
    assert found.mean == 0.5


def test_random_costs__seeded_around_the_present_ones_and_what_changes_no_name_stays() -> None:
    first, again, other = (list(fit.random_costs(40, seed)) for seed in (0, 0, 1))
    assert first == again != other
    of_sureness = ("variant_doubt", "sure_margin")
    for name in of_sureness:
        assert {getattr(costs, name) for costs in first} == {getattr(COSTS, name)}
    for field in fields(COSTS):
        if field.name not in of_sureness:
            ratios = [getattr(costs, field.name) / getattr(COSTS, field.name) for costs in first]
            assert min(ratios) < 0.8 and max(ratios) > 1.25
            assert 0.8 < np.median(ratios) < 1.25


def test_best__by_mean_over_groups() -> None:
    trials = [fit.Trial(COSTS, {"a": a, "b": b}) for a, b in ((0.9, 0.1), (0.6, 0.6), (0.5, 0.55))]
    assert fit.best(trials, 2) == [trials[1], trials[2]]


def test_calibrate__a_margin_that_parts_right_from_wrong_is_found() -> None:
    samples = []
    for number_, (shift, score) in enumerate([(0, 0.9), (0, 0.9), (-1, 0.06)]):  # two clear films, a doubtful wrong one
        case = case_of(name=f"{number_}.png")
        found = found_on(case, shift=shift)
        scores = np.full_like(found.level_scores, 0.02)
        for row, vertebra in enumerate(case.vertebrae):
            scores[row, INDEX[vertebra.level or ""] + shift] = score
        samples.append(fit.sample_of(case, Detections(found.boxes, scores, found.polygons)))
    calibration = fit.calibrate(samples, replace(COSTS, open_end=0.0))
    assert calibration.shares[0.0]["all"] == 1
    assert calibration.accuracies[0.0]["all"] == pytest.approx(2 / 3)
    margin = calibration.smallest_margin()
    assert margin is not None and margin > 0
    assert calibration.accuracies[margin]["all"] == 1
    below = max(other for other in fit.MARGINS if other < margin)
    assert calibration.accuracies[below]["all"] < fit.WANTED_ACCURACY
    assert calibration.smallest_margin("AASCE") == margin


@pytest.mark.parametrize(
    ("accuracies", "margin"),
    [((0.9, 0.98, 0.99), 1.0), ((0.98, 0.9, 0.99), 2.0), ((0.9, 0.9, 0.9), None), ((0.9, 0.98, math.nan), 1.0)],
)
def test_smallest_margin__holds_at_every_larger_one_too(accuracies: tuple[float, ...], margin: float | None) -> None:
    by_margin = {float(place): {"all": accuracy} for place, accuracy in enumerate(accuracies)}
    assert fit.Calibration({}, by_margin).smallest_margin() == margin


def test_load__what_was_saved(tmp_path: Path) -> None:
    case = case_of()
    nothing = Detections(np.zeros((0, 4), np.float32), np.zeros((0, 24), np.float32), ())
    samples = [fit.sample_of(case, found_on(case)), fit.sample_of(case, nothing)]
    fit.save(samples, tmp_path / "new" / "cache.npz")
    again = fit.load(tmp_path / "new" / "cache.npz", 2)
    assert [fit.score(sample, COSTS) for sample in again] == [fit.score(sample, COSTS) for sample in samples]
    assert [sample.group for sample in again] == ["AASCE", "AASCE"]
    with pytest.raises(BadInputError, match="delete it"):
        fit.load(tmp_path / "new" / "cache.npz", 3)
    (tmp_path / "garbled.npz").write_bytes(b"PK garbled")
    with pytest.raises(BadInputError, match="delete it"):
        fit.load(tmp_path / "garbled.npz", 2)


def test_digest__changes_with_weights_and_truth(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
    case = case_of()
    digests = [
        fit.digest(tmp_path / "a", [case]),
        fit.digest(tmp_path / "b", [case]),
        fit.digest(tmp_path / "a", [replace(case, vertebrae=case.vertebrae[:-1])]),
        fit.digest(tmp_path / "a", [replace(case, box=(0, 0, 300, 800))]),
    ]
    assert len(set(digests)) == 4
    assert digests[0] == fit.digest(tmp_path / "a", [case_of()])


class Seeing:
    """A detector that sees what `column` draws, and counts how often it is asked."""

    asked = 0

    def __init__(self, weights: Path) -> None:
        self.weights = weights

    def detect(self, grey: np.ndarray) -> Detections:
        Seeing.asked += 1
        return found_on(case_of())


def test_tool__detects_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = [case_of(name="a.png"), case_of(name="b.png")]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fit_numbering, "YoloDetector", Seeing)
    monkeypatch.setattr(fit_numbering, "read_cases", lambda *_: cases)
    monkeypatch.setattr(Case, "grey", lambda case: np.zeros(case.size, np.uint8))
    (tmp_path / "weights.pt").write_bytes(b"weights")
    for _ in range(2):
        fit_numbering.main(tmp_path, fit_numbering.LearningSplit.VAL, tmp_path / "weights.pt", trials=3, seed=0)
    assert Seeing.asked == 2
    said = capsys.readouterr().out
    assert "present" in said and "Smallest margin for 97% right on films called sure, AASCE: " in said


def test_tool__never_on_test_films() -> None:
    assert {split.value for split in fit_numbering.LearningSplit} == {"train", "val"}
