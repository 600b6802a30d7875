import hashlib
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import typer
from columns import column
from ultralytics import YOLO
from ultralytics.nn.tasks import SegmentationModel

from spineyolo.anatomy import INDEX, LEVELS
from spineyolo.detect import Detections
from spineyolo.errors import BadInputError
from spineyolo.evaluate import numbering_benchmark as benchmark
from spineyolo.evaluate.cases import Case, Group, in_groups, read_cases
from spineyolo.evaluate.numbering_benchmark import GROUPS
from spineyolo.film import Film, Vertebra
from spineyolo.formats import coco
from spineyolo.polygons import bounding_box
from tools import benchmark_numbering

FILMS = {
    "ap_1": ("aasce2019", "", "AP"),
    "ap_2": ("aasce2019", "order: L5 above L4", "AP"),
    "side_1": ("lateral", "", "lateral"),
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two AP films T1…L5, one of them flawed, and a lateral C1…L5; every row of pixels has its own grey."""
    images = tmp_path / "images" / "test"
    images.mkdir(parents=True)
    (tmp_path / "annotations").mkdir()
    rows, films = ["film,source,flaw,view,window,original"], []
    for stem, about in FILMS.items():
        film = column(images / f"{stem}.png", first=0 if about[0] == "lateral" else 7)
        grey = np.repeat(np.arange(film.height)[:, None] % 256, film.width, axis=1).astype(np.uint8)
        cv2.imwrite(str(film.path), grey)
        rows.append(f"{stem},{about[0]},{about[1]},{about[2]},,{stem}.png")
        films.append(film)
    coco.write(films, tmp_path / "annotations" / "test.json")
    (tmp_path / "manifest.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def case_of(film: Film, source: str = "aasce2019") -> Case:
    return Case(film.path, source, False, "", (0, 0, film.width, film.height), film.vertebrae)


def found_on(case: Case, shift: int = 0, sure: float = 0.9) -> Detections:
    """Candidates on the true vertebrae whose best level is `shift` too low, the others' scores very small."""
    boxes = np.array([bounding_box(vertebra.polygon) for vertebra in case.vertebrae], np.float32)
    scores = np.full((len(boxes), 24), 1e-3, np.float32)
    for row, vertebra in enumerate(case.vertebrae):
        scores[row, min(INDEX[vertebra.level or ""] + shift, 23)] = sure
    return Detections(boxes, scores, tuple(vertebra.polygon for vertebra in case.vertebrae))


def test_read_cases__windows_have_their_films_pixels_and_truth(data: Path) -> None:
    cases = read_cases(data, "test", {"lateral": (0,)})
    assert [case.path.stem for case in cases if not case.window] == list(FILMS)
    assert [case.flawed for case in cases if not case.window] == [False, True, False]
    windows = [case for case in cases if case.window]
    assert {case.source for case in windows} == {"lateral"}
    assert {"cervical", "thoracic", "lumbar"} <= {case.window for case in windows}
    for case in windows:
        assert case.grey().shape == case.size
        assert case.grey()[0, 0] == case.box[1] % 256
        first = case.vertebrae[0]
        whole = 60 + 40 * INDEX[first.level or ""]  # where `column` puts it
        assert first.polygon[:, 1].max() + case.box[1] == whole + 30


def test_read_cases__a_film_without_row_is_named(data: Path) -> None:
    manifest = data / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("ap_2,", "ap_3,"))
    with pytest.raises(BadInputError, match="a row for ap_2"):
        read_cases(data, "test", {})


def test_read_cases__a_missing_image_is_not_passed_over(data: Path) -> None:
    (data / "images" / "test" / "ap_1.png").unlink()
    with pytest.raises(BadInputError, match=r"ap_1\.png"):
        read_cases(data, "test", {})


def test_in_groups__only_what_a_group_holds() -> None:
    whole = case_of(column(Path("film.png")))
    window, flawed = replace(whole, window="lumbar"), replace(whole, flawed=True)
    assert in_groups([whole, window, flawed], {"whole": Group("aasce2019")}) == [whole, flawed]
    assert in_groups([whole, window, flawed], {"clean": Group("aasce2019", flawed=False)}) == [whole]
    with pytest.raises(BadInputError, match="films of cervical"):
        in_groups([whole], {"cervical films": Group("cervical")})


def test_outcomes__each_method_names_as_its_name_says() -> None:
    case = case_of(column(Path("film.png")))  # T1…L5
    found = found_on(case)
    found.level_scores[0] = 1e-3
    found.level_scores[0, INDEX["T3"]] = 0.9  # the uppermost looks like T3, and the lowest is not seen
    seen = Detections(found.boxes[:-1], found.level_scores[:-1], found.polygons[:-1])
    plain = found_on(case, shift=1)
    right = {method: outcome.levels.right for method, outcome in benchmark.outcomes(case, seen, plain).items()}
    assert right == {"a": 1, "b": 15, "c": 0, "d": 0, "e": 16, "f": 17}


def test_outcomes__weak_candidates_are_not_counted_but_those_that_share_their_score_are() -> None:
    case = case_of(column(Path("film.png")))
    found = found_on(case)
    found.level_scores[3] = 0.0
    found.level_scores[3, INDEX["T4"] : INDEX["T4"] + 3] = 0.2  # 0.6 in all
    extra = np.array([[120, 10, 180, 40]], np.float32)  # above T1, hardly seen
    seen = Detections(
        np.concatenate([found.boxes, extra]),
        np.concatenate([found.level_scores, np.full((1, 24), 0.005, np.float32)]),
        (*found.polygons, extra[0, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2)),
    )
    right = benchmark.outcomes(case, seen, found)
    assert (right["c"].levels.right, right["d"].levels.right) == (17, 17)


def test_with_true_boxes__looks_come_from_the_candidate_that_overlaps_most() -> None:
    case = case_of(column(Path("film.png")))
    found = found_on(case, sure=0.1)
    moved = Detections(found.boxes[:-1] + 8, found.level_scores[:-1], found.polygons[:-1])
    true = benchmark.with_true_boxes(moved, case.vertebrae)
    assert true.boxes.tolist() == found.boxes.tolist()
    assert [LEVELS[row.argmax()] for row in true.level_scores[:-1]] == [v.level for v in case.vertebrae[:-1]]
    assert true.level_scores.sum(axis=1) == pytest.approx(1)
    assert true.level_scores[-1] == pytest.approx(1 / 24)
    nothing = benchmark.with_true_boxes(Detections(found.boxes[:0], found.level_scores[:0], ()), case.vertebrae)
    assert nothing.level_scores == pytest.approx(1 / 24)


def test_group_figures__shares_leads_and_intervals() -> None:
    cases = [case_of(column(Path(f"film_{number}.png"))) for number in range(6)]
    measured = []
    for number, case in enumerate(cases):
        found = found_on(case)
        measured.append((case, benchmark.outcomes(case, found, found_on(case, shift=number % 2))))
    figures = benchmark.group_figures(GROUPS["AASCE"], measured)
    assert (figures["films"], figures["cases"], figures["vertebrae"]) == (6, 6, 102)
    ours, plain = figures["methods"]["e"], figures["methods"]["a"]
    assert ours["identification"] == ours["films_all_right"] == ours["mask_AP50"] == 1
    assert ours["identification_95"] == [1, 1]
    assert plain["identification"] == pytest.approx((3 * 17 + 3 * 1) / 102)  # with L5 named right at the end
    assert plain["films_all_right"] == 0.5
    low, high = plain["films_all_right_95"]
    assert (low, high) == pytest.approx((1 / 6, 5 / 6))  # binomial(6, 1/2): 2.5 % and 97.5 %
    assert plain["films_all_right_lead"] == 0.5
    assert plain["films_all_right_lead_95"] == pytest.approx([1 - high, 1 - low])
    assert "identification_lead" not in ours
    assert figures["shifts"] == {"0": 102}
    assert figures["sure"] == {"share": 1, "accuracy": 1, "accuracy_all": 1}


def test_group_figures__windows_of_a_film_are_drawn_together() -> None:
    film = column(Path("film.png"))
    window = replace(case_of(film, "lateral"), window="lumbar")
    found = found_on(window)
    wrong = replace(window, vertebrae=tuple(Vertebra("C1", v.polygon) for v in film.vertebrae))
    measured = [(case, benchmark.outcomes(case, found, found)) for case in (window, wrong)]
    figures = benchmark.group_figures(GROUPS["lumbar windows"], measured)
    assert (figures["films"], figures["cases"]) == (1, 2)
    assert figures["methods"]["e"]["films_all_right_95"] == [0.5, 0.5]


def test_write__both_files_say_what_was_measured(tmp_path: Path) -> None:
    case = case_of(column(Path("film.png")))
    none = Detections(np.zeros((0, 4), np.float32), np.zeros((0, 24), np.float32), ())
    figures = benchmark.group_figures(GROUPS["AASCE"], [(case, benchmark.outcomes(case, none, none))])
    benchmark.write({"AASCE": figures}, tmp_path / "out", {"command": "python x"})
    document = json.loads((tmp_path / "out" / "numbering.json").read_text())
    assert document["results"]["AASCE"]["sure"] == {"share": 0, "accuracy": None, "accuracy_all": None}
    assert document["results"]["AASCE"]["methods"]["e"]["identification"] == 0
    text = (tmp_path / "out" / "numbering.md").read_text()
    assert "- command: `python x`" in text
    assert "| AASCE | e: ours | 0.000 [0.000, 0.000] |" in text


def test_plain_ultralytics__one_level_a_candidate_in_film_px(tmp_path: Path) -> None:
    torch.manual_seed(0)
    yolo = YOLO("yolov8n-seg.yaml", task="segment")
    yolo.model = SegmentationModel("yolov8n-seg.yaml", nc=24, verbose=False)
    yolo.model.names, yolo.model.task = dict(enumerate(LEVELS)), "segment"
    with torch.no_grad():
        for branch in yolo.model.model[-1].cv3:
            branch[-1].bias += 6  # untrained: it sees something everywhere
    torch.save({"model": yolo.model, "train_args": {"imgsz": 320}}, tmp_path / "untrained.pt")
    grey = np.random.default_rng(0).integers(0, 255, (700, 260), np.uint8)
    found = benchmark.PlainUltralytics(tmp_path / "untrained.pt", 320).detect(grey)
    assert 0 < len(found) == len(found.polygons)
    assert ((found.level_scores > 0).sum(axis=1) == 1).all()
    assert found.boxes[:, [1, 3]].max() > 320  # px of the film, not of the canvas
    for polygon, box in zip(found.polygons, found.boxes, strict=True):
        assert len(polygon) >= 3
        assert (polygon >= box[:2] - 6).all() and (polygon <= box[2:] + 6).all()


class Seeing:
    """A detector that knows where vertebrae lie on `column` films, and takes the uppermost for T1."""

    imgsz = 320

    def __init__(self, weights: Path, imgsz: int = 320) -> None:
        self.weights = weights

    def detect(self, grey: np.ndarray) -> Detections:
        return found_on(case_of(column(Path("film.png"), first=24 - (grey.shape[0] - 220) // 40)))


def test_tool__writes_whole_films_and_says_what_it_measured(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark_numbering, "YoloDetector", Seeing)
    monkeypatch.setattr(benchmark, "PlainUltralytics", Seeing)
    monkeypatch.setattr(benchmark, "WINDOW_SEEDS", {})
    (data / "weights.pt").write_bytes(b"weights")
    benchmark_numbering.main(benchmark_numbering.Split.TEST, data, data / "weights.pt", data / "out")
    document = json.loads((data / "out" / "numbering.json").read_text())
    assert (
        document["about"]["weights"] == f"{data / 'weights.pt'}, sha256 {hashlib.sha256(b'weights').hexdigest()[:12]}"
    )
    shares = {name: figures["methods"]["e"]["identification"] for name, figures in document["results"].items()}
    assert shares == {"AASCE": 1, "AASCE without flawed": 1, "laterals": 1}


def test_tool__bad_weights_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as stop:
        benchmark_numbering.main(benchmark_numbering.Split.VAL, tmp_path, tmp_path / "no.pt", tmp_path / "out")
    assert stop.value.exit_code == 1
    said = " ".join(capsys.readouterr().out.split())
    assert said == f"{tmp_path / 'no.pt'}: expected a checkpoint, found no such file"
    assert not (tmp_path / "out").exists()
