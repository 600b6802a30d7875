"""The ledger's promises, with an engine that stands in for the models."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from spineyolo.archive.ledger import TABLES
from spineyolo.archive.result import FilmResult, Model
from spineyolo.archive.run import Engine, find_films, run
from spineyolo.errors import BadInputError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name in ("b/2.png", "b/1.dcm", "a/IM0001", "3.JPG", "4.png", "5.tif", "6.png"):
        (tmp_path / "archive" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "archive" / name).write_bytes(b"film")
    (tmp_path / "archive" / "notes.txt").write_text("no film")
    (tmp_path / "archive" / "link.png").symlink_to(tmp_path / "archive" / "4.png")
    return tmp_path / "archive"


@pytest.fixture
def model(tmp_path: Path) -> Model:
    (tmp_path / "weights.pt").write_bytes(b"weights")
    return Model(tmp_path / "weights.pt")


def row(film: str) -> FilmResult:
    if film == "5.tif":
        return FilmResult(film, "5.tif: expected a readable image, found none")
    return FilmResult(film, None, [{"film": film, "vertebrae": 1}], [{"film": film, "level": "L1"}], [])


def in_order(films: Iterable[str]) -> Iterator[FilmResult]:
    yield from map(row, films)


def backwards(films: Iterable[str]) -> Iterator[FilmResult]:
    yield from map(row, reversed(list(films)))


def dies_after(count: int) -> Engine:
    """An engine whose run ends by surprise once so many films are through."""

    def engine(films: Iterable[str]) -> Iterator[FilmResult]:
        yield from islice(map(row, films), count)
        raise KeyboardInterrupt

    return engine


def films_in(out: Path, table: str = "films") -> Counter[str]:
    return Counter(film for path in (out / table).glob("*.parquet") for film in pq.read_table(path)["film"].to_pylist())


def files_of(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_find_films__with_and_without_suffix_links_and_others_counted(source: Path) -> None:
    left_out = Counter[str]()
    assert list(find_films(source, left_out)) == ["3.JPG", "4.png", "5.tif", "6.png", "a/IM0001", "b/1.dcm", "b/2.png"]
    assert +left_out == {".txt": 1, "links": 1}


def test_run__every_film_once_and_bad_ones_with_their_reason(source: Path, model: Model, tmp_path: Path) -> None:
    summary = run(source, tmp_path / "out", model, in_order, part_films=3)
    assert (summary.done, summary.before, summary.quarantined) == (7, 0, 1)
    assert films_in(tmp_path / "out") == Counter({film: 1 for film in find_films(source, Counter()) if film != "5.tif"})
    tables = [pq.read_table(path) for path in (tmp_path / "out" / "quarantine").glob("*.parquet")]
    assert [bad for table in tables for bad in table.to_pylist()] == [{"film": "5.tif", "reason": row("5.tif").reason}]
    assert pq.read_schema(next((tmp_path / "out" / "films").glob("*.parquet"))).names == TABLES["films"].names


@pytest.mark.parametrize("count", range(8))
def test_run__cut_off_anywhere_it_goes_on_to_the_same_bytes(
    source: Path, model: Model, tmp_path: Path, count: int
) -> None:
    run(source, tmp_path / "whole", model, in_order, part_films=3)
    with pytest.raises(KeyboardInterrupt):
        run(source, tmp_path / "cut", model, dies_after(count), part_films=3)
    summary = run(source, tmp_path / "cut", model, backwards, part_films=3)
    assert summary.before == {7: 7}.get(count, count // 3 * 3) and summary.done == 7 - summary.before
    assert files_of(tmp_path / "cut") == files_of(tmp_path / "whole")


def test_run__a_part_without_its_entry_does_not_count(source: Path, model: Model, tmp_path: Path) -> None:
    run(source, tmp_path / "out", model, in_order, part_films=3)
    entry = next((tmp_path / "out" / "ledger").glob("*.json"))
    entry.unlink()  # killed between the tables and the entry
    (source / "1.png").write_bytes(b"film")  # so that the parts are cut elsewhere now
    run(source, tmp_path / "out", model, in_order, part_films=3)
    assert films_in(tmp_path / "out").total() == 7 and set(films_in(tmp_path / "out").values()) == {1}
    assert not (tmp_path / "out" / "films" / f"{entry.stem}.parquet").exists()


def test_run__films_that_came_later_are_added(source: Path, model: Model, tmp_path: Path) -> None:
    run(source, tmp_path / "out", model, in_order, part_films=3)
    (source / "b" / "0.png").write_bytes(b"film")
    assert run(source, tmp_path / "out", model, in_order, part_films=3).done == 1
    assert films_in(tmp_path / "out")["b/0.png"] == 1


def test_run__other_weights_into_the_same_folder_are_refused(source: Path, model: Model, tmp_path: Path) -> None:
    run(source, tmp_path / "out", model, in_order)
    model.weights.write_bytes(b"others")
    with pytest.raises(BadInputError, match="another --out"):
        run(source, tmp_path / "out", model, in_order)


def test_run__a_source_that_is_no_folder_is_named(model: Model, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="a folder with films"):
        run(tmp_path / "none", tmp_path / "out", model, in_order)
