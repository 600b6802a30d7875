import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spineyolo.errors import BadInputError
from spineyolo.evaluate import report
from spineyolo.formats.coco import categories

TOOL = Path(__file__).parents[2] / "tools" / "evaluate.py"
MANIFEST = "film,source,flaw\nap_1,ap,\nap_2,ap,order: L5 above L4\nside_1,side,\n"


def document(names: list[str], category: int = 20, size: tuple[int, int] = (100, 400)) -> dict[str, Any]:
    images = [
        {"id": number, "file_name": name, "width": size[0], "height": size[1]} for number, name in enumerate(names)
    ]
    ring = [30, 100, 70, 100, 70, 120, 30, 120]
    body = {"category_id": category, "segmentation": [ring], "bbox": [30, 100, 40, 20], "area": 800, "score": 0.9}
    annotations = [{"id": number + 1, "image_id": number, **body} for number in range(len(names))]
    return {"images": images, "categories": categories(), "annotations": annotations}


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    """Truth of three films in two sources, and predictions that are right on all but the flawed ap_2."""
    truth, predictions = tmp_path / "annotations" / "test.json", tmp_path / "predictions.json"
    truth.parent.mkdir()
    (tmp_path / "manifest.csv").write_text(MANIFEST)
    names = ["ap_1.png", "ap_2.png", "side_1.png"]
    truth.write_text(json.dumps(document(names)))
    found = document(names[::-1])  # other order, so other image ids
    found["annotations"][1]["category_id"] = 21
    predictions.write_text(json.dumps(found))
    return truth, predictions


def run_tool(paths: tuple[Path, Path], *options: str) -> subprocess.CompletedProcess[str]:
    truth, predictions = paths
    folder = truth.parents[1]
    command = [sys.executable, str(TOOL), "--truth", str(truth), "--predictions", str(predictions)]
    command += ["--out", str(folder / "out"), "--name", "trial", *options]
    environment = {"PYTHONPATH": str(TOOL.parents[1]), "COLUMNS": "400"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_pair_films__by_file_name_whatever_the_ids(paths: tuple[Path, Path]) -> None:
    films = report.pair_films(*paths)
    assert [(film.stem, film.predictions[0]["category_id"]) for film in films] == [
        ("ap_1", 20),
        ("ap_2", 21),
        ("side_1", 20),
    ]


def test_pair_films__film_without_entry_is_named(paths: tuple[Path, Path]) -> None:
    paths[1].write_text(json.dumps(document(["ap_1.png", "ap_2.png"])))
    with pytest.raises(BadInputError, match=r"1 missing, first side_1\.png"):
        report.pair_films(*paths)


def test_pair_films__film_of_other_size(paths: tuple[Path, Path]) -> None:
    paths[1].write_text(json.dumps(document(["ap_1.png", "ap_2.png", "side_1.png"], size=(50, 200))))
    with pytest.raises(BadInputError, match=r"ap_1\.png of 100 × 400 px, found 50 × 200 px"):
        report.pair_films(*paths)


def test_pair_films__same_file_name_twice(paths: tuple[Path, Path]) -> None:
    paths[1].write_text(json.dumps(document(["ap_1.png", "ap_1.png"])))
    with pytest.raises(BadInputError, match="each file name once"):
        report.pair_films(*paths)


@pytest.mark.parametrize("key", ["score", "segmentation", "image_id"])
def test_pair_films__prediction_without_what_is_needed(paths: tuple[Path, Path], key: str) -> None:
    found = json.loads(paths[1].read_text())
    del found["annotations"][0][key]
    paths[1].write_text(json.dumps(found))
    with pytest.raises(BadInputError, match=key):
        report.pair_films(*paths)


@pytest.mark.parametrize("content", ["[]", "{}", '{"images": [], "annotations": 3}', "no JSON"])
def test_pair_films__no_coco_document(paths: tuple[Path, Path], content: str) -> None:
    paths[1].write_text(content)
    with pytest.raises(BadInputError, match=r"predictions\.json"):
        report.pair_films(*paths)


def test_groups__by_source_and_without_flawed(paths: tuple[Path, Path]) -> None:
    films = report.pair_films(*paths)
    grouped = report.groups(films, paths[0].parents[1] / "manifest.csv")
    assert {name: [film.stem for film in part] for name, part in grouped.items()} == {
        "all": ["ap_1", "ap_2", "side_1"],
        "all without flawed": ["ap_1", "side_1"],
        "ap": ["ap_1", "ap_2"],
        "ap without flawed": ["ap_1"],
        "side": ["side_1"],
    }


def test_groups__without_manifest_all_films_are_one(paths: tuple[Path, Path]) -> None:
    films = report.pair_films(*paths)
    assert report.groups(films, paths[0].parent / "none.csv") == {"all": films}


def test_groups__film_that_the_manifest_lacks(paths: tuple[Path, Path]) -> None:
    manifest = paths[0].parents[1] / "manifest.csv"
    manifest.write_text("film,source,flaw\nap_1,ap,\nap_2,ap,\n")
    with pytest.raises(BadInputError, match="1 missing, first side_1"):
        report.groups(report.pair_films(*paths), manifest)


@pytest.mark.parametrize("content", ["", "film,source\nap_1,ap\n"])
def test_read_manifest__lacks_columns(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.csv").write_text(content)
    with pytest.raises(BadInputError, match="columns film, source and flaw"):
        report.read_manifest(tmp_path / "manifest.csv")


def test_evaluate_tool__writes_figures_and_how_they_were_made(paths: tuple[Path, Path]) -> None:
    run = run_tool(paths)
    assert run.returncode == 0, run.stderr
    folder = paths[0].parents[1] / "out"
    content = json.loads((folder / "trial.json").read_text(), parse_constant=pytest.fail)  # no NaN
    assert content["results"]["all"]["identification"] == pytest.approx(2 / 3)
    assert content["results"]["all without flawed"]["identification"] == 1
    assert content["results"]["all"]["mask_AP50_C1"] is None
    assert content["about"]["counts"] == "3 films, 3 vertebrae" and "--name trial" in content["about"]["command"]
    table = (folder / "trial.md").read_text()
    assert "| identification | 0.667 | 1.000 | 0.500 | 1.000 | 1.000 |" in table


def test_evaluate_tool__one_source_needs_no_other_films(paths: tuple[Path, Path]) -> None:
    paths[1].write_text(json.dumps(document(["side_1.png"])))
    assert run_tool(paths).returncode == 1
    run = run_tool(paths, "--source", "side")
    assert run.returncode == 0, run.stderr
    content = json.loads((paths[0].parents[1] / "out" / "trial.json").read_text())
    assert list(content["results"]) == ["side"] and content["results"]["side"]["films"] == 1


def test_evaluate_tool__unknown_source_is_a_sentence(paths: tuple[Path, Path]) -> None:
    run = run_tool(paths, "--source", "other")
    assert run.returncode == 1
    assert "expected films of other, found those of ap, side" in run.stdout and "Traceback" not in run.stderr
