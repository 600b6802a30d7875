import json
import runpy
from pathlib import Path

import cv2
import pandas as pd
import pytest
import typer
from drawn_errors import at, film, grey_film
from typer.testing import CliRunner, Result

from spineyolo.anatomy import LEVELS
from spineyolo.errors import BadInputError
from spineyolo.evaluate import analysis, report
from spineyolo.evaluate.covariates import origins
from spineyolo.formats.coco import categories

TOOL = Path(__file__).parents[2] / "tools" / "analyze.py"
COLUMN = LEVELS[7:22]
NAMES = [f"film{number}.png" for number in range(5)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data set of five AASCE films, T1 to L3; on film 2 all names are one too low, on film 4 T1 and T2 are missed."""
    images = tmp_path / "images" / "val"
    images.mkdir(parents=True)
    (tmp_path / "annotations").mkdir()
    true, found = [], []
    for number, name in enumerate(NAMES):
        cv2.imwrite(str(images / name), grey_film(count=len(COLUMN)))
        named = [LEVELS[LEVELS.index(level) + (number == 2)] for level in COLUMN]
        predictions = [at(place, level, level_margin=3.0) for place, level in enumerate(named)]
        pair = film(COLUMN, predictions[2 * (number == 4) :], name)
        for kept, annotations in ((true, pair.truths), (found, pair.predictions)):
            kept += [{**a, "image_id": number, "id": len(kept) + i} for i, a in enumerate(annotations)]
    pictures = [{"id": number, "file_name": name, "width": 200, "height": 800} for number, name in enumerate(NAMES)]
    for path, annotations in (("annotations/val.json", true), ("predictions.json", found)):
        document = {"images": pictures, "categories": categories(), "annotations": annotations}
        (tmp_path / path).write_text(json.dumps(document))
    rows = [f"{Path(name).stem},aasce2019,AP," for name in NAMES]
    (tmp_path / "manifest.csv").write_text("\n".join(["film,source,view,flaw", *rows]))
    return tmp_path


def analysed(folder: Path) -> analysis.Analysis:
    pairs = report.pair_films(folder / "annotations" / "val.json", folder / "predictions.json")
    known = origins(pairs, folder / "manifest.csv")
    return analysis.analyse(
        pairs, [analysis.look(*one, folder / "images" / "val") for one in zip(pairs, known, strict=True)]
    )


def test_analyse__counts_and_levels_agree_with_the_evaluator(folder: Path) -> None:
    found = analysed(folder)
    figures = report.figures(list(found.films))
    counts = analysis.count_table(found).set_index(["by", "group"])
    whole = counts.loc[("all", "all films")]
    assert (whole["vertebrae"], whole["shifted"], whole["missed"], whole["right"]) == (75, 15, 2, 58)
    assert figures["detection"] == pytest.approx(1 - whole["missed"] / 75)
    assert figures["identification"] == pytest.approx((whole["right"] + whole["poor mask"]) / 75)
    assert counts.loc[("level", "T1")]["missed"] == 1 and counts.loc[("region", "lumbar")]["shifted"] == 3
    assert found.film_rows["film"].to_list()[:2] == ["film2", "film4"]
    assert found.levels.set_index("level").loc["T1", "found"] == pytest.approx(4 / 5)


def test_write__tables_plots_and_json_without_nan(folder: Path) -> None:
    found = analysed(folder)
    written = analysis.write(found, folder / "out", "trial", {"commit": "abc"})
    assert sorted(path.name for path in written) == sorted(path.name for path in (folder / "out").iterdir())
    content = json.loads((folder / "out" / "trial.json").read_text(), parse_constant=pytest.fail)
    assert content["shifts"] == {"+1": 15} and content["reasons_of_missed"] == {"not seen": 2}
    assert [h["name"] for h in content["hypotheses"]] == [r.hypothesis.name for r in found.results]
    assert len(pd.read_csv(folder / "out" / "trial.csv")) == len(analysis.count_table(found))
    text = (folder / "out" / "trial.md").read_text()
    assert "| all films | 75 | 58 | 2 | 15 |" in text and "nan" not in text
    for plot in ("levels", "by_level", "covariates"):
        assert cv2.imread(str(folder / "out" / f"trial_{plot}.png")) is not None
        assert f"(trial_{plot}.png)" in text


def test_analyse__nothing_labelled(folder: Path) -> None:
    with pytest.raises(BadInputError, match="labelled vertebrae, found none"):
        analysis.analyse([film((), [])], [([], None)])  # type: ignore[list-item]


def run_tool(folder: Path, *options: str) -> Result:
    app = typer.Typer()
    app.command()(runpy.run_path(str(TOOL))["main"])
    paths = ["--truth", folder / "annotations" / "val.json", "--predictions", folder / "predictions.json"]
    paths += ["--out", folder / "out", "--runs", folder / "runs"]
    return CliRunner().invoke(app, [*map(str, paths), *options])


def test_analyze_tool__films_only_into_runs_worst_first(folder: Path) -> None:
    run = run_tool(folder, "--worst", "1", "--name", "trial")
    assert run.exit_code == 0, run.output
    assert sorted(path.name for path in (folder / "runs").iterdir()) == ["001_film2.png", "films.csv"]
    assert pd.read_csv(folder / "runs" / "films.csv")["film"].to_list()[:2] == ["film2", "film4"]
    plots = {"trial_levels.png", "trial_by_level.png", "trial_covariates.png"}
    assert {path.name for path in (folder / "out").glob("*.png")} == plots


def test_analyze_tool__missing_film_is_a_sentence_and_nothing_is_written(folder: Path) -> None:
    (folder / "images" / "val" / NAMES[3]).unlink()
    run = run_tool(folder)
    assert run.exit_code == 1
    assert "film3.png: expected" in run.output.replace("\n", "") and not (folder / "out").exists()
