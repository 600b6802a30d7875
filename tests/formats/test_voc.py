from pathlib import Path

import numpy as np
import pytest
from formats.made import iou, levels, make_image, read

BOX = "<bndbox><xmin>60</xmin><ymin>180</ymin><xmax>210</xmax><ymax>270</ymax></bndbox>"
GOOD = f"<object><name>vertebra_L1</name>{BOX}</object>"
FILE = "<filename>film.png</filename>"


def write_set(root: Path, inside: str, head: str = "") -> None:
    make_image(root / "JPEGImages" / "film.png")
    (root / "Annotations").mkdir()
    (root / "Annotations" / "film.xml").write_text(f"{head}<annotation>{inside}</annotation>")


def test_read__box_and_stated_size(tmp_path: Path) -> None:
    write_set(tmp_path, f"{FILE}<size><width>300</width><height>400</height></size>{GOOD}")
    films, said = read("voc", tmp_path)
    box = np.array([[60, 180], [210, 180], [210, 270], [60, 270]], np.float32)
    assert not said and films[0].vertebrae[0].box_only
    assert iou(films[0].vertebrae[0].polygon, box) == 1


@pytest.mark.parametrize(
    "thing",
    [
        f"<object><name>sacrum</name>{BOX}</object>",
        "<object><name>L2</name></object>",
        f"<object><name>L2</name>{BOX.replace('210', 'wide')}</object>",
        f"<object><name>L2</name>{BOX.replace('210', 'nan')}</object>",
        f"<object><name>L2</name>{BOX.replace('210', '40')}</object>",
    ],
)
def test_read__one_faulty_object_is_noted_and_the_next_goes_through(tmp_path: Path, thing: str) -> None:
    write_set(tmp_path, FILE + thing + GOOD)
    films, said = read("voc", tmp_path)
    assert levels(films[0]) == ["L1"]
    assert len(said) == 1 and "film.xml" in said[0]


@pytest.mark.parametrize(
    ("head", "inside"),
    [
        ("<!DOCTYPE annotation>", FILE + GOOD),
        ('<?xml version="1.0" encoding="unheard-of"?>', FILE + GOOD),
        ('<?xml version="1.0" encoding="utf-7"?>', FILE + GOOD),
        ("", "<object>"),
        ("", GOOD),
        ("", f"{FILE}<size><width>wide</width></size>{GOOD}"),
        ("", f"{FILE}<size><width>400</width><height>300</height></size>{GOOD}"),
    ],
)
def test_read__one_faulty_file_is_noted_once(tmp_path: Path, head: str, inside: str) -> None:
    write_set(tmp_path, inside, head)
    films, said = read("voc", tmp_path)
    assert not films and len(said) == 1


def test_read__film_without_label_and_label_without_film_are_noted(tmp_path: Path) -> None:
    write_set(tmp_path, FILE + GOOD)
    make_image(tmp_path / "JPEGImages" / "alone.png")
    (tmp_path / "Annotations" / "orphan.xml").write_text("<annotation><filename>gone.png</filename></annotation>")
    films, said = read("voc", tmp_path)
    assert [film.path.name for film in films] == ["film.png"]
    assert len(said) == 2 and "gone.png" in said[0] and "alone.png" in said[1]
