"""Versions of data sets: the same for the same content, another for any change that counts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from columns import SOURCE, column

from spineyolo import version
from spineyolo.dataset import build
from spineyolo.errors import BadInputError
from spineyolo.formats import coco
from spineyolo.sources import Source
from spineyolo.version import Version

NO_WINDOWS = replace(SOURCE, windows=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a_1", "b_1", "c_1", "d_1", "e_1"):
        cv2.imwrite(str(folder / f"{name}.png"), rng.integers(0, 255, (900, 300), np.uint8))
    label(folder)
    return folder


def label(root: Path, **dropped: int) -> None:
    """Label every film; `a_1=2` leaves the last two vertebrae of that film out."""
    films = [column(path) for path in sorted(root.glob("*.png"))]
    kept = [
        replace(film, vertebrae=film.vertebrae[: len(film.vertebrae) - dropped.get(film.path.stem, 0)])
        for film in films
    ]
    coco.write(kept, root / "annotations.json")


def converted(root: Path, source: Source = NO_WINDOWS, seed: int = 0, out: str = "spine") -> Version:
    return build([(source, root)], root.parent / out, seed, workers=1).version


def changes(root: Path, before: Version, after: Version) -> dict[str, set[str]]:
    data = root.parent / "spine"
    table = version.diff(version.find(before.id, data), version.find(after.id, data))
    return {str(what): set(rows["change"]) for what, rows in table.groupby("what")}


def test_write__the_same_films_have_the_same_version_in_another_folder(root: Path) -> None:
    first = converted(root)
    assert converted(root).sha256 == first.sha256
    assert converted(root, out="elsewhere").sha256 == first.sha256
    assert first.splits == {"train": 3, "val": 1, "test": 1} and first.vertebrae == 5 * 17
    assert version.read(root.parent / "spine") == first


def test_write__what_a_source_says_of_its_owners_does_not_count(root: Path) -> None:
    assert converted(root, replace(NO_WINDOWS, citation="new", title="new")).id == converted(root).id


def test_diff__names_the_film_whose_labels_changed(root: Path) -> None:
    before = converted(root)
    label(root, a_1=2)
    after = converted(root)
    assert after.vertebrae == before.vertebrae - 2
    assert changes(root, before, after) == {"made_a_1": {"labels"}}


def test_diff__names_the_film_whose_pixels_changed(root: Path) -> None:
    before = converted(root)
    cv2.imwrite(str(root / "b_1.png"), np.zeros((900, 300), np.uint8))
    assert changes(root, before, converted(root)) == {"made_b_1": {"image"}}


def test_diff__names_films_that_came_and_went(root: Path) -> None:
    before = converted(root)
    (root / "c_1.png").rename(root / "z_1.png")
    label(root)
    found = changes(root, before, converted(root))
    assert found["made_c_1"] == {"removed"} and found["made_z_1"] == {"added"}


def test_diff__names_settings_and_flaws(root: Path) -> None:
    before = converted(root)
    after = converted(root, replace(NO_WINDOWS, repeat=3, flawed={"d_1.png": "order"}))
    assert changes(root, before, after) == {"config.sources.made.repeat": {"setting"}, "made_d_1": {"flaw"}}


def test_diff__a_new_seed_moves_films_between_splits(root: Path) -> None:
    before = converted(root)
    after = next(one for one in (converted(root, seed=seed) for seed in range(1, 20)) if one.id != before.id)
    found = changes(root, before, after)
    assert found.pop("config.seed") == {"setting"}
    assert all(change == {"split"} for change in found.values())


def test_known__lists_versions_once_each_oldest_first(root: Path) -> None:
    first = converted(root)
    label(root, a_1=1)
    second = converted(root)
    label(root)
    assert converted(root).id == first.id
    assert {one.id for _, one in version.known(root.parent / "spine")} == {first.id, second.id}


def test_build__a_cut_off_conversion_leaves_no_version(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converted(root)

    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(coco, "write", fails)
    with pytest.raises(KeyboardInterrupt):
        converted(root)
    with pytest.raises(BadInputError, match=r"version\.json"):
        version.read(root.parent / "spine")


def test_describe__of_a_file_of_the_data_set(root: Path) -> None:
    made = converted(root)
    truth = root.parent / "spine" / "annotations" / "val.json"
    assert version.describe(truth) == f"spine {made.id} (3 train, 1 val, 1 test)"
    assert version.describe(root / "annotations.json") == version.UNKNOWN


def test_check_same__a_run_goes_on_only_with_the_data_it_began_with(root: Path, tmp_path: Path) -> None:
    data, run = root.parent / "spine", tmp_path / "runs" / "one"
    first = converted(root)
    version.check_same(data, run)  # it recorded nothing yet
    assert version.record(data, run) == first == version.read(run)
    version.check_same(data, run)
    label(root, a_1=1)
    second = converted(root)
    with pytest.raises(BadInputError, match=f"began with, spine {first.id}"):
        version.check_same(data, run)
    assert version.record(data, run) == second == version.read(run)  # a new run in the same folder


def test_record__of_what_was_never_converted_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"version\.json"):
        version.record(tmp_path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_find__one_that_is_not_there_is_said(root: Path) -> None:
    converted(root)
    with pytest.raises(BadInputError, match="begins with 'zzz', found 0"):
        version.find("zzz", root.parent / "spine")


@pytest.mark.parametrize("content", ["[]", '{"id": 1}', "no JSON"])
def test_read__what_is_no_version_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / version.FILE).write_text(content)
    with pytest.raises(BadInputError, match=r"version\.json"):
        version.read(tmp_path)


def test_diff__a_version_without_films_is_said(root: Path) -> None:
    converted(root)
    data = root.parent / "spine"
    (record,) = [path for path, _ in version.known(data)]
    with pytest.raises(BadInputError, match="film by film"):
        version.diff(record, data / version.FILE)
    assert json.loads(record.read_text())["films"]
