import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from spineyolo import checks, splits, windows
from spineyolo.anatomy import LEVELS, View, parse_level
from spineyolo.dataset import BuildReport, build
from spineyolo.errors import UnknownLevelError
from spineyolo.film import Film, Vertebra
from spineyolo.formats import coco
from spineyolo.sources import Source, load_source

SOURCE = Source("made", "", "", "", "", View.LATERAL, "coco", LEVELS, "", r"^(\w+?)_", 0.2, 0.2)


def column(path: Path, first: int = 7) -> Film:
    """T1…L5, 30 px high every 40 px, on a 900 × 300 px film."""
    vertebrae = []
    for row, level in enumerate(LEVELS[first:]):
        y0, y1 = 60 + 40 * row, 90 + 40 * row
        vertebrae.append(Vertebra(level, np.array([[120, y0], [180, y0], [180, y1], [120, y1]], np.float32)))
    return Film(path, 300, 900, View.LATERAL, "made", path.stem.split("_")[0], tuple(vertebrae))


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


def test_assign__official_split_is_kept_and_subjects_stay_together() -> None:
    films = [replace(column(Path(f"{name}_{k}.png")), subject=name) for name in "abcdefgh" for k in (1, 2)]
    films.append(replace(films[0], path=Path("official.png"), split="test"))
    assigned = splits.assign(films, SOURCE, seed=0)
    assert assigned[Path("official.png")] == "test"
    assert {split: list(assigned.values()).count(split) for split in ("train", "val", "test")} == {
        "train": 8,
        "val": 4,
        "test": 5,
    }
    assert all(assigned[Path(f"{name}_1.png")] == assigned[Path(f"{name}_2.png")] for name in "abcdefgh")


def test_assign__does_not_depend_on_order() -> None:
    films = [replace(column(Path(f"{name}.png")), subject=name) for name in "abcdefgh"]
    assert splits.assign(films, SOURCE, 0) == splits.assign(films[::-1], SOURCE, 0)


def test_cut__lumbar_window_holds_its_vertebrae() -> None:
    cut = {window.name[1:]: window for window in windows.cut(column(Path("x.png")), seed=0)}
    lumbar = cut["lumbar"]
    levels = [vertebra.level for vertebra in lumbar.vertebrae]
    assert set(levels) >= {"T11", "T12", "L1", "L2", "L3", "L4", "L5"} and "T9" not in levels
    l3 = next(vertebra for vertebra in lumbar.vertebrae if vertebra.level == "L3")
    assert l3.polygon[0] + [lumbar.x0, lumbar.y0] == pytest.approx([120, 60 + 40 * 14])


def test_cut__is_seeded() -> None:
    first, again = (list(windows.cut(column(Path("x.png")), seed=0)) for _ in range(2))
    assert [(w.x0, w.y0, w.x1, w.y1) for w in first] == [(w.x0, w.y0, w.x1, w.y1) for w in again]


def test_label_doubts__clean_column_has_none() -> None:
    assert not list(checks.label_doubts(list(column(Path("x.png")).vertebrae)))


@pytest.mark.parametrize("kind", ["order", "height", "spacing", "crossing"])
def test_label_doubts__finds(kind: str) -> None:
    vertebrae = list(column(Path("x.png")).vertebrae)
    polygon = vertebrae[6].polygon
    if kind == "order":
        vertebrae[-1] = replace(vertebrae[-1], polygon=polygon - np.array([0, 280], np.float32))
    if kind == "height":
        vertebrae[6] = replace(vertebrae[6], polygon=polygon * [1, 1] - np.array([[0, 0], [0, 0], [0, 18], [0, 18]]))
    if kind == "spacing":
        vertebrae[8:] = [replace(v, polygon=v.polygon + np.array([0, 40], np.float32)) for v in vertebrae[8:]]
    if kind == "crossing":
        vertebrae[6] = replace(vertebrae[6], polygon=polygon[[0, 2, 1, 3]])
    assert kind in {found for found, _ in checks.label_doubts(vertebrae)}


@pytest.mark.parametrize("name", ["L1", "l1", "vertebra_L1", "L-01", "Vertebra L1"])
def test_parse_level__spellings(name: str) -> None:
    assert parse_level(name) == "L1"


@pytest.mark.parametrize("name", ["L6", "S1", "C0", "T13", "sacrum", "", "XL1"])
def test_parse_level__unknown(name: str) -> None:
    with pytest.raises(UnknownLevelError):
        parse_level(name)


def test_sources__all_load() -> None:
    paths = [path for path in Path("datasets/sources").glob("*.yaml") if ".flaws" not in path.name]
    assert {load_source(path).name for path in paths} >= {"aasce2019", "lateral", "cervical"}
