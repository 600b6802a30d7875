from dataclasses import replace
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest
from films import prediction_of

from spineyolo.app import film as films
from spineyolo.app import view
from spineyolo.app.bundle import measured
from spineyolo.app.film import OpenFilm
from spineyolo.app.session import Session
from spineyolo.imaging import Radiograph
from spineyolo.numbering.variants import Variant


def opened(levels: list[str | None], height: int = 900, margin: float = 30.0) -> OpenFilm:
    grey = np.random.default_rng(0).integers(0, 255, (height, 300), np.uint8)
    return OpenFilm(prediction_of(levels, height, margin=margin, name="film-1.png"), Radiograph(grey))


def test_shapes__a_layer_each_for_what_is_numbered_and_what_was_set_aside() -> None:
    film = films.delete(opened(["T12", "L1", "L2", "L3"]), 3)
    film = replace(film, prediction=prediction_of(["T12", None, "L2", None]))
    drawn = ET.fromstring(f"<svg>{view.shapes(film, measured(film))}</svg>")
    layers = {group.get("class"): group for group in drawn}
    assert [text.text for text in layers["layer levels"]] == ["T12", "L2"]
    assert [len(layers[f"layer {name}"]) for name in ("masks", "contours", "aside")] == [2, 2, 1]
    picks = {path.get("data-candidate"): path.get("aria-label") for path in layers["picks"]}
    assert set(picks) == {"0", "1", "2"}  # a deleted one cannot be picked again
    assert picks["0"] == "T12, score 1.00" and (picks["1"] or "").startswith("set aside, looks like")


def test_table__from_the_top_down_with_the_given_level_marked() -> None:
    film = films.set_level(opened(["L2", "T12", "L1"]), 0, "T12")
    styler = view.table(film, picked=0)
    assert styler.data.level.tolist() == ["T12", "L1", "L2"]
    assert styler.data.note.tolist() == ["given by you", "", ""]
    assert "background-color" in styler.to_html()
    assert view.table(None, None).data.columns.tolist() == ["level", "score", "margin", "note"]


def test_alert__what_must_not_be_overlooked() -> None:
    assert view.alert(opened(["L1", "L2"])) == ""
    assert view.alert(opened(["L1", "L2"], margin=0.1)) == "Numbering uncertain"
    assert view.alert(opened([])) == "No vertebra found"
    film = opened(["T12", "T13", "L1"])
    numbering = replace(film.prediction.numbering, variant=Variant.THORACIC_13)
    unusual = replace(film, prediction=replace(film.prediction, numbering=numbering))
    assert "13 thoracic" in view.alert(unusual) and "Count before you believe" in view.explanation(unusual)
    assert [film.prediction.numbering.names[i] for i in view.order(unusual)] == ["T12", "T13", "L1"]


def test_explanation__names_the_gap_and_the_margin() -> None:
    said = view.explanation(opened(["T10", "T12", "L1"], margin=4.2))
    assert "Not found in between: T11." in said and "dearer by 4.2" in said


def test_state_html__says_it_in_one_box() -> None:
    text = view.state_html(opened(["L1", "L2"], margin=0.1))
    assert "film-1: L1 to L2, 2 vertebrae. Numbering uncertain" in text and "unsure" in text


@pytest.mark.parametrize("thumb", [True, False])
def test_picture__large_films_are_shown_smaller_small_ones_as_they_are(thumb: bool) -> None:
    tall = cv2.imdecode(np.frombuffer(view.picture(opened(["L1"], 9000), thumb), np.uint8), 0)
    assert tall.shape[0] == (view.THUMB_HEIGHT_PX if thumb else view.MAX_SHOWN_SIDE_PX)
    small = cv2.imdecode(np.frombuffer(view.picture(opened(["L1"], 100), thumb), np.uint8), 0)
    assert small.shape == (100, 300)


def test_viewer_value__addresses_hold_the_sessions_token_and_the_neutral_name() -> None:
    session = Session()
    assert view.viewer_value(session, None) == {"image": None, "films": []}
    session.films += [opened(["L1", "L2"]), opened([])]
    value = view.viewer_value(session, measured(session.films[0]))
    assert value["image"] == f"film/{session.token}/film-1.png.jpg"
    assert [each["shown"] for each in value["films"]] == [True, False]
    assert value["films"][1]["text"] == "film-1: no vertebra found" and not value["films"][1]["sure"]


def test_measurement_tables__every_measure_is_in_one_of_them() -> None:
    film = opened(["T10", "T11", "T12", "L1", "L2", "L3"])
    values, why_not = view.measurement_tables(measured(film))
    assert len(values) and len(why_not) and why_not["why not"].str.len().min() > 0
    assert all(table.empty for table in view.measurement_tables(None))
