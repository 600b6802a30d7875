from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from columns import column

from spineyolo.errors import BadInputError
from spineyolo.evaluate import readings
from spineyolo.evaluate.cases import Case
from spineyolo.evaluate.report import FilmPair


def table(*rows: tuple[str, str, float | None]) -> pd.DataFrame:
    return pd.DataFrame(
        [(film, "val", reader, row) for film, reader, row in rows], columns=["film", "split", "reader", "row"]
    )


def annotation(number: int, category: int) -> dict[str, object]:
    ring = [10, 20 * number, 30, 20 * number, 30, 20 * number + 15, 10, 20 * number + 15]
    return {
        "category_id": category,
        "segmentation": [ring],
        "bbox": [10, 20 * number, 20, 15],
        "area": 300,
        "score": 0.9,
    }


def film(name: str, true: list[int], named: list[int]) -> FilmPair:
    image = {"file_name": f"{name}.png", "height": 400, "width": 60}
    return FilmPair(
        image, [annotation(i, c) for i, c in enumerate(true)], [annotation(i, c) for i, c in enumerate(named)]
    )


def test_agreed__only_films_that_both_read_alike() -> None:
    read = table(
        ("a", "A", 1), ("a", "B", 1), ("b", "A", 0), ("b", "B", 1), ("c", "A", 0), ("d", "A", None), ("d", "B", 0)
    )
    assert readings.agreed(read) == {"a": 1}


def test_agreement__the_labels_are_a_reader_too() -> None:
    read = table(("a", "A", 1), ("a", "B", 1), ("b", "A", 0), ("b", "B", 1), ("c", "A", None), ("c", "B", 0))
    found = readings.agreement(read).set_index(["one", "other"])
    assert found.loc[("A", "B"), "films"] == "2" and found.loc[("A", "B"), "same row"].startswith("0.500")
    assert found.loc[("B", "published"), "same row"].startswith("0.333")
    assert found.loc[("B", "published"), "else, one less other"] == "+1: 2"


def test_same_patient__rows_of_one_patient_that_differ() -> None:
    read = table(("a1", "A", 0), ("a2", "A", 0), ("a3", "A", 1), ("b1", "A", -1), ("b2", "A", None), ("c1", "A", 1))
    found = readings.same_patient(read, lambda film: film[0]).iloc[0]
    assert list(found[["patients", "films", "pairs", "rows differ", "share", "ceiling"]]) == [
        "1", "3", "3", "2", "0.667", "0.667",
    ]  # fmt: skip


def test_as_read__whole_films_with_the_levels_read() -> None:
    vertebrae = column(Path("a_1.png")).vertebrae
    whole = Case(Path("a.png"), "made", False, "", (0, 0, 300, 900), vertebrae)
    again = readings.as_read([whole, replace(whole, window="lumbar"), replace(whole, path=Path("b.png"))], {"a": 1})
    assert [case.source for case in again] == ["made as read"]
    assert [v.level for v in again[0].vertebrae] == [v.level for v in vertebrae[1:]]
    assert [v.polygon is w.polygon for v, w in zip(again[0].vertebrae, vertebrae, strict=False)] == [True] * 16


def test_agreed_by_stem__names_of_the_converted_set(tmp_path: Path) -> None:
    read = table(("a 1.jpg", "A", 1), ("a 1.jpg", "B", 1), ("b.jpg", "A", 0), ("b.jpg", "B", 0))
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("film,original,window\nmade_a_1,a 1.jpg,\nmade_a_1_w0lumbar,a 1.jpg,0lumbar\n")
    assert readings.agreed_by_stem(read, manifest) == {"made_a_1": 1}


def test_moved_truths__beyond_l5_is_no_vertebra() -> None:
    moved = readings.moved_truths([{"category_id": 23}, {"category_id": 24}], 1)
    assert moved == [{"category_id": 24}]


def test_figures__shifted_label_is_wrong_as_published_and_right_as_read() -> None:
    films = [film("a", [8, 9, 10], [9, 10, 11]), film("b", [8, 9, 10], [8, 9, 10]), film("c", [8, 9], [9, 9])]
    found = readings.figures(films, {"a": 1, "b": 0}).set_index("films and levels")["identification"]
    shares = {name: float(text.split()[0]) for name, text in found.items()}
    assert shares["all films, as published"] == pytest.approx(4 / 8)
    assert shares["read alike, as published"] == pytest.approx(3 / 6)
    assert shares["read alike, as read"] == 1 and shares["read alike, and as published"] == 1


@pytest.mark.parametrize(
    "content", ["", "film,row\na,1\n", "film,split,reader,row\na,val,A,up\n", "film,split,reader,row\na,val,A,0.5\n"]
)
def test_load__what_are_no_readings(tmp_path: Path, content: str) -> None:
    path = tmp_path / "readings.csv"
    path.write_text(content)
    with pytest.raises(BadInputError, match=r"readings\.csv"):
        readings.load(path)
