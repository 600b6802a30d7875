from pathlib import Path

import numpy as np
import pytest
from formats.made import HEIGHT, WIDTH, iou, levels, make_image, read

from spineyolo.anatomy import INDEX
from spineyolo.errors import BadInputError, Skipped
from spineyolo.film import Film, Points, Vertebra
from spineyolo.formats import yolo

GOOD = "0 0.45 0.5625 0.5 0.225\n"


def write_set(root: Path, labels: str = GOOD, names: str = "names: [L1, L2]\n") -> None:
    make_image(root / "images" / "val" / "film.png")
    (root / "labels" / "val").mkdir(parents=True)
    (root / "labels" / "val" / "film.txt").write_text(labels)
    (root / "data.yaml").write_text(names)


def film_with(ring: Points, level: str | None = "L2") -> Film:
    return Film(Path("film.jpg"), WIDTH, HEIGHT, None, "made", "film", (Vertebra(level, ring),), split="val")


def test_read__plain_layout_gives_split_and_box(tmp_path: Path) -> None:
    write_set(tmp_path)
    films, said = read("yolo", tmp_path)
    assert not said and films[0].split == "val"
    box = np.array([[60, 180], [210, 180], [210, 270], [60, 270]], np.float32)
    assert films[0].vertebrae[0].box_only and iou(films[0].vertebrae[0].polygon, box) == 1


def test_read__folders_above_the_data_set_do_not_count(tmp_path: Path) -> None:
    root = tmp_path / "images" / "labels" / "set"
    write_set(root)
    make_image(root / "preview" / "preview.png")
    (root / "notes.txt").write_text("about this set")
    films, said = read("yolo", root)
    assert not said
    assert [film.path.name for film in films] == ["film.png"]


def test_read__empty_label_file_is_a_film_without_vertebrae(tmp_path: Path) -> None:
    write_set(tmp_path, "")
    films, said = read("yolo", tmp_path)
    assert not said and levels(films[0]) == []


@pytest.mark.parametrize(
    "line",
    [
        "inf 0.5 0.5 0.1 0.1",
        "0",
        "one 0.5 0.5 0.1 0.1",
        "0 1e400 0.5 0.1 0.1",
        "0 .1 .1 .2 .2 .3 .3 .4",
        "0 .5 .5 0 .2",
        "2 .5 .5 .2 .2",
    ],
)
def test_read__one_faulty_line_is_noted_and_the_next_goes_through(tmp_path: Path, line: str) -> None:
    write_set(tmp_path, f"{line}\n{GOOD}")
    films, said = read("yolo", tmp_path)
    assert levels(films[0]) == ["L1"]
    assert len(said) == 1 and "line 1" in said[0]


@pytest.mark.parametrize("names", ["", "- L1\n", "names:\n", "names: 5\n", "names: {first: L1}\n", "names: [L1\n"])
def test_read__class_names_must_be_readable(tmp_path: Path, names: str) -> None:
    write_set(tmp_path, names=names)
    films, said = read("yolo", tmp_path)
    assert not films
    assert len(said) == 1 and "data.yaml" in said[0]


def test_write__slanted_outline_is_cut_at_the_border_not_bent(tmp_path: Path) -> None:
    ring = np.array([[-60, 350], [120, 250], [200, 330], [40, 460]], np.float32)
    yolo.write([film_with(ring)], tmp_path)
    text = (tmp_path / "labels" / "val" / "film.txt").read_text()
    words = text.split()
    assert int(words[0]) == INDEX["L2"]
    assert all(0 <= float(word) <= 1 and len(word) == 8 for word in words[1:])
    again = yolo.read_labels(tmp_path / "labels" / "val", film_with(ring), Skipped())
    assert iou(again[0].polygon, ring) >= 0.99


@pytest.mark.parametrize(("level", "shift"), [(None, 0), ("L1", 1000)])
def test_lines__what_cannot_be_written_is_an_error(level: str | None, shift: float) -> None:
    ring = np.array([[10, 10], [50, 10], [50, 50]], np.float32) + np.float32(shift)
    with pytest.raises(BadInputError, match=r"film\.jpg"):
        yolo.lines(film_with(ring, level))
