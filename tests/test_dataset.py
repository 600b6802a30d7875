import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from columns import SOURCE, column

from spineyolo import dataset
from spineyolo.anatomy import parse_level
from spineyolo.dataset import BuildReport, build
from spineyolo.errors import BadInputError, UnknownLevelError
from spineyolo.film import Film, Vertebra
from spineyolo.formats import coco
from spineyolo.sources import Source, load_source


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    rng = np.random.default_rng(0)
    films = []
    for subject in "abcdefghij":
        for visit in (1, 2):
            path = folder / f"{subject}_{visit}.png"
            cv2.imwrite(str(path), rng.integers(0, 255, (900, 300), np.uint8))
            films.append(column(path))
    coco.write(films, folder / "annotations.json")
    return folder


def coco_films(root: Path) -> list[Film]:
    return [column(path) for path in sorted(root.glob("*.png"))]


def converted(root: Path, source: Source = SOURCE) -> BuildReport:
    return build([(source, root)], root.parent / "spine", seed=0, workers=1)


def test_build__every_film_with_its_label(root: Path) -> None:
    report = converted(root)
    out = root.parent / "spine"
    whole = report.manifest[report.manifest["window"] == ""]
    assert len(whole) == 20 and report.converted == 20 and not report.skipped.errors
    for row in report.manifest.itertuples():
        image = cv2.imread(str(out / "images" / str(row.split) / f"{row.film}.png"), cv2.IMREAD_UNCHANGED)
        assert image.shape == (row.height, row.width)
        assert len((out / "labels" / str(row.split) / f"{row.film}.txt").read_text().splitlines()) == row.vertebrae
    documents = {s: json.loads((out / "annotations" / f"{s}.json").read_text()) for s in ("train", "val", "test")}
    assert len(documents["test"]["images"]) == 4 and len(documents["test"]["annotations"]) == 4 * 17
    assert report.manifest.groupby("subject")["split"].nunique().max() == 1


def test_build__second_run_converts_nothing(root: Path) -> None:
    first = converted(root)
    again = converted(root)
    assert again.converted == 0
    pd.testing.assert_frame_equal(first.manifest, again.manifest)


def test_build__interrupted_run_goes_on(root: Path) -> None:
    converted(root)
    lost = next((root.parent / "spine" / "labels" / "val").iterdir())
    content = lost.read_text()
    lost.unlink()
    assert converted(root).converted == 1 and lost.read_text() == content


def test_build__changed_film_is_converted_anew(root: Path) -> None:
    converted(root)
    cv2.imwrite(str(root / "a_1.png"), np.zeros((900, 300), np.uint8))
    assert converted(root).converted == 1


def test_build__corrupt_film_is_named_and_the_others_go_on(root: Path) -> None:
    (root / "a_1.png").write_bytes(b"")
    report = converted(root)
    assert len(report.manifest[report.manifest["window"] == ""]) == 19
    assert "a_1.png" in str(report.skipped.errors[0])


def test_build__flawed_films_are_not_learnt_from(root: Path) -> None:
    clean = converted(root).manifest
    victim = clean[(clean["split"] == "train") & (clean["window"] == "")].iloc[0]
    flawed = converted(root, replace(SOURCE, flawed={victim["original"]: "order"})).manifest
    listed = (root.parent / "spine" / "train.txt").read_text()
    assert victim["film"] not in listed and "made_" in listed
    assert flawed.set_index("film").loc[victim["film"], "flaw"] == "order"


def test_build__film_cut_short_behind_its_header_is_named(root: Path) -> None:
    films = coco_films(root)
    for name in ("a_1", "b_1"):
        picture = cv2.imread(str(root / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(root / f"{name}.jpg"), picture)
    jpg = root / "a_1.jpg"
    jpg.write_bytes(jpg.read_bytes()[:20_000])
    coco.write(
        [replace(film, path=film.path.with_suffix(".jpg")) for film in films[::2][:2]], root / "annotations.json"
    )
    report = converted(root)
    assert [error.path.name for error in report.skipped.errors] == ["a_1.jpg"]
    assert list(report.manifest["original"].unique()) == ["b_1.jpg"]


def test_build__film_that_is_gone_is_removed(root: Path) -> None:
    gone = converted(root).manifest.query("window == ''").iloc[0]
    document = json.loads((root / "annotations.json").read_text())
    document["images"] = [image for image in document["images"] if image["file_name"] != gone["original"]]
    kept = {image["id"] for image in document["images"]}
    document["annotations"] = [label for label in document["annotations"] if label["image_id"] in kept]
    (root / "annotations.json").write_text(json.dumps(document))
    assert gone["original"] not in set(converted(root).manifest["original"])
    assert not list((root.parent / "spine").rglob(f"{gone['film']}*"))


def test_build__films_of_one_name_in_two_folders_are_kept_apart(tmp_path: Path) -> None:
    for folder, grey in (("train", 50), ("test", 200)):
        (tmp_path / "source" / folder).mkdir(parents=True)
        path = tmp_path / "source" / folder / "1.png"
        cv2.imwrite(str(path), np.full((900, 300), grey, np.uint8))
        coco.write([column(path)], path.with_name("annotations.json"))
    source = replace(SOURCE, options={"annotations": "*/annotations.json"})
    whole = converted(tmp_path / "source", source).manifest.query("window == ''")
    assert whole["film"].nunique() == 2
    greys = {
        row.split: cv2.imread(str(tmp_path / "spine/images" / str(row.split) / f"{row.film}.png"))[0, 0, 0]
        for row in whole.itertuples()
    }
    assert greys == {"train": 50, "test": 200}


def test_build__vertebra_without_level_is_left_out_and_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = coco_films(root)[0]
    nameless = replace(film, vertebrae=(*film.vertebrae, Vertebra(None, film.vertebrae[0].polygon)))
    monkeypatch.setitem(dataset.READERS, "coco", lambda *_: iter([nameless]))
    report = converted(root)
    assert set(report.manifest.query("window == ''")["vertebrae"]) == {17}
    assert "without" in str(report.skipped.errors[0])


def test_build__boxes_stay_marked_as_boxes(root: Path) -> None:
    film = coco_films(root)[0]
    coco.write(
        [replace(film, vertebrae=(replace(film.vertebrae[0], box_only=True), *film.vertebrae[1:]))],
        root / "annotations.json",
    )
    report = converted(root, replace(SOURCE, test_fraction=1.0))
    labels = json.loads((root.parent / "spine/annotations/test.json").read_text())["annotations"]
    assert [label["box_only"] for label in labels] == [True] + [False] * 16
    assert list(report.manifest["box_only"]) == ["T1"]


def test_build__windows_in_training_only(root: Path) -> None:
    manifest = converted(root).manifest
    cut = manifest[manifest["window"] != ""]
    assert len(cut) and set(cut["split"]) == {"train"}
    listed = (root.parent / "spine" / "train.txt").read_text().splitlines()
    assert set(listed) == {f"./images/train/{film}.png" for film in manifest[manifest["split"] == "train"]["film"]}


def test_build__source_of_part_views_is_not_cut(root: Path) -> None:
    assert (converted(root, replace(SOURCE, windows=False)).manifest["window"] == "").all()


def test_build__repeat_lists_uncut_training_films_again(root: Path) -> None:
    manifest = converted(root, replace(SOURCE, repeat=3)).manifest
    for split in dataset.SPLITS:
        part = manifest[manifest["split"] == split]
        listed = Counter(Path(line).stem for line in (root.parent / "spine" / f"{split}.txt").read_text().split())
        expected = [3 if split == "train" and not window else 1 for window in part["window"]]
        assert listed == dict(zip(part["film"], expected, strict=True))


@pytest.mark.parametrize("case", ["folder", "format"])
def test_build__source_that_cannot_be_read_leaves_the_set_alone(root: Path, case: str) -> None:
    converted(root)
    before = sorted((root.parent / "spine").rglob("*.png"))
    with pytest.raises(BadInputError, match="made"):
        if case == "folder":
            converted(root.parent / "no_such_folder")
        else:
            converted(root, replace(SOURCE, format=None))
    assert before and sorted((root.parent / "spine").rglob("*.png")) == before


@pytest.mark.parametrize("name", ["L1", "l1", "vertebra_L1", "L-01", "Vertebra L1"])
def test_parse_level__spellings(name: str) -> None:
    assert parse_level(name) == "L1"


@pytest.mark.parametrize("name", ["L6", "S1", "C0", "T13", "sacrum", "", "XL1"])
def test_parse_level__unknown(name: str) -> None:
    with pytest.raises(UnknownLevelError):
        parse_level(name)


def test_sources__all_load() -> None:
    folder = Path(__file__).parents[1] / "datasets" / "sources"
    paths = [path for path in folder.glob("*.yaml") if "." not in path.stem]
    assert {load_source(path).name for path in paths} >= {"aasce2019", "lateral", "cervical"}


def test_build__training_film_takes_the_row_read_anew(root: Path) -> None:
    split = converted(root).manifest.set_index("original")["split"]
    chosen = {name: split[split == name].index.unique()[0] for name in ("train", "val")}
    rows = dict.fromkeys(chosen.values(), 1)
    manifest = converted(root, replace(SOURCE, rows=rows, windows=False)).manifest.set_index("original")
    train, val = (manifest.loc[chosen[name]] for name in ("train", "val"))
    assert train["levels"].split()[0] == "T2" and train["levels"].split()[-1] == "L5" and train["height"] == 900 - 59
    assert val["levels"].split()[0] == "T1" and val["height"] == 900
    image = cv2.imread(str(root.parent / "spine" / "images" / "train" / f"{train['film']}.png"), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(image, cv2.imread(str(root / chosen["train"]), cv2.IMREAD_GRAYSCALE)[59:])


def test_build__open_row_is_not_learnt_from(root: Path) -> None:
    manifest = converted(root).manifest
    film = manifest[manifest["split"] == "train"].iloc[0]
    again = converted(root, replace(SOURCE, rows={film["original"]: "open"})).manifest.set_index("film")
    assert again.loc[film["film"], "flaw"] == "row: readings could not say, or differ"
    assert film["film"] not in (root.parent / "spine" / "train.txt").read_text()
