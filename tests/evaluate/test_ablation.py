"""Ablations: which pictures an arm is shown, and what its YAML may say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from spineyolo.errors import BadInputError
from spineyolo.evaluate.ablation import load_ablation, pictures_of, table

LISTED = [*((f"real{number}", "aasce2019") for number in range(10)), *((f"drawn{n}", "phantom") for n in range(3))]


def test_pictures_of__share_of_a_source() -> None:
    drawn = pictures_of(LISTED, {"phantom": 0.3}, {"phantom"}, 20, seed=0)
    kinds = Counter(name.rstrip("0123456789") for name in drawn)
    assert kinds == {"real": 14, "drawn": 6}


def test_pictures_of__all_come_once_before_one_comes_twice() -> None:
    counts = Counter(pictures_of(LISTED, {"phantom": 0.2}, {"phantom"}, 25, seed=1))
    assert {counts[f"drawn{n}"] for n in range(3)} == {1, 2}  # five of three
    assert {counts[f"real{n}"] for n in range(10)} == {2}


def test_pictures_of__a_source_of_other_arms_stays_out() -> None:
    assert all(name.startswith("real") for name in pictures_of(LISTED, {}, {"phantom"}, 30, seed=0))


def test_pictures_of__missing_source() -> None:
    with pytest.raises(BadInputError, match="pictures of ct"):
        pictures_of(LISTED, {"ct": 0.5}, {"ct"}, 10, seed=0)


def test_load_ablation__missing_start(tmp_path: Path) -> None:
    config = tmp_path / "a.yaml"
    config.write_text("{question: q, start: nowhere.pt, pictures: 8, arms: {a: {}}, settings: {}}")
    with pytest.raises(BadInputError, match=r"nowhere\.pt: expected weights to start from"):
        load_ablation(config)


def test_load_ablation__unknown_key(tmp_path: Path) -> None:
    config = tmp_path / "a.yaml"
    config.write_text("{question: q, start: x.pt, films: 8}")
    with pytest.raises(BadInputError, match="films"):
        load_ablation(config)


def test_table__one_row_a_group_and_figure() -> None:
    keys = ("mask_numbered_mAP50", "mask_agnostic_mAP50", "mask_agnostic_mAP50-95", "identification", "dice")
    found = {"AASCE": {"films": 48, **dict.fromkeys(keys, 0.5)}}
    rows = table({"real": found, "both": {"AASCE": {**found["AASCE"], "dice": 0.75}}})
    assert list(rows.columns) == ["films", "figure", "real", "both"]
    assert rows[rows.figure == "Dice of found vertebrae"][["real", "both"]].to_numpy().tolist() == [["0.500", "0.750"]]
