"""Folders of films that the converter reads."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from spineyolo import imaging
from spineyolo.errors import BadInputError, Skipped
from spineyolo.files import read_json
from spineyolo.formats import READERS
from spineyolo.render.bulk import Order, dicom_bytes, render_all
from spineyolo.render.film_physics import FilmStyle
from spineyolo.render.phantom import render
from spineyolo.render.spec import PhantomSpec, Projection, Variant, Window
from spineyolo.sources import load_source

_SOURCE = Path(__file__).parents[2] / "datasets" / "sources" / "phantom.yaml"
_ORDER = Order(1, Projection.LATERAL, Window.CERVICAL, 5, False, False)


def test_render_all__writes_what_the_coco_reader_reads_and_goes_on(tmp_path: Path) -> None:
    made = render_all(_ORDER, tmp_path, 1)
    source, skipped = load_source(_SOURCE), Skipped()
    read = list(READERS[source.format](tmp_path, source, skipped))
    assert not skipped.errors
    assert [film.path.name for film in read] == ["lateral_cervical_000005.png"]
    assert [item.level for item in read[0].vertebrae] == [item.level for item in made[0].vertebrae]
    for ours, theirs in zip(made[0].vertebrae, read[0].vertebrae, strict=True):
        assert np.abs(ours.polygon - theirs.polygon).max() < 0.02
    assert imaging.load(read[0].path).grey.shape == (read[0].height, read[0].width)

    picture = tmp_path / "lateral_cervical_000005.png"
    before = picture.stat().st_mtime_ns
    assert len(render_all(_ORDER, tmp_path, 1)) == 1
    assert picture.stat().st_mtime_ns == before
    assert read_json(tmp_path / "lateral_cervical_000005.truth.json")["spec"]["seed"] == 5


def test_order__names_the_impossible_number() -> None:
    with pytest.raises(BadInputError, match="count: expected one film or more, found 0"):
        replace(_ORDER, count=0)
    with pytest.raises(BadInputError, match="seed: expected 0 or more, found -1"):
        replace(_ORDER, seed=-1)


def test_dicom_bytes__carries_pixels_and_the_spacing_at_the_spine(tmp_path: Path) -> None:
    spec = PhantomSpec(1, Projection.AP, Window.LUMBAR, 201, 301, 301.0, variant=Variant(12, 6))
    film = render(spec, FilmStyle())
    path = tmp_path / "film.dcm"
    path.write_bytes(dicom_bytes(film))
    assert path.read_bytes() == dicom_bytes(film)
    loaded = imaging.load(path)
    assert loaded.pixel_spacing_mm == pytest.approx((1.0, 1.0), abs=1e-5)
    assert loaded.grey.shape == (301, 201)
    assert (pydicom.dcmread(path).pixel_array == film.grey).all()
