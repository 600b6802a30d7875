import json
from pathlib import Path

import numpy as np
import pandas as pd
from films import prediction_of
from measure.drawn import between

from spineyolo.anatomy import View
from spineyolo.imaging import Radiograph
from spineyolo.measure import overlay, report
from spineyolo.measure.definitions import DEFINITIONS


def film_report(spacing: tuple[float, float] | None = None, view: View = View.AP) -> report.FilmReport:
    prediction = prediction_of(list(between("T1", "L5")))
    grey = np.random.default_rng(0).integers(40, 200, (900, 300), dtype=np.uint8)
    return report.measure_prediction(prediction, Radiograph(grey, (), spacing), view, True)


def test_measure_prediction__every_measure_is_defined_and_has_a_value_or_a_reason():
    for view in View:
        for measurement in film_report(view=view).measurements:
            assert measurement.name in DEFINITIONS
            assert (measurement.value is None) == bool(measurement.reason)
            assert measurement.value is None or measurement.error is not None


def test_measure_prediction__millimetres_only_with_spacing():
    units = {m.unit for m in film_report(view=View.LATERAL).measurements}
    with_spacing = film_report((0.2, 0.2), View.LATERAL)
    assert "px" in units and "mm" not in units
    mm = next(m for m in with_spacing.measurements if m.name == "disc_height_middle" and m.value is not None)
    px = next(m for m in film_report(view=View.LATERAL).measurements if m.name == mm.name and m.where == mm.where)
    assert (mm.unit, round(mm.value / px.value, 6)) == ("mm", 0.2)
    assert {m.unit for m in film_report((0.2, 0.3), View.LATERAL).measurements} == units


def test_measure_prediction__files_view_goes_before_the_bodies_and_a_stated_one_before_that():
    prediction = prediction_of(list(between("T1", "L5")))
    film = Radiograph(np.full((900, 300), 90, np.uint8), view=View.LATERAL)
    assert report.measure_prediction(prediction, film).column.view is View.LATERAL
    assert report.measure_prediction(prediction, film, View.AP).column.view is View.AP


def test_write_tables__both_say_the_same(tmp_path: Path):
    found = film_report()
    report.write_tables([found], tmp_path)
    rows = pd.read_csv(tmp_path / "measurements.csv", keep_default_na=False)
    document = json.loads((tmp_path / "measurements.json").read_text())
    assert len(rows) == len(document["films"][0]["measurements"]) == len(found.measurements)
    assert rows.film.unique().tolist() == ["film.png"]


def test_measure_prediction__empty_film():
    prediction = prediction_of([])
    found = report.measure_prediction(prediction, Radiograph(np.zeros((900, 300), np.uint8)))
    assert all(m.value is None and m.reason for m in found.measurements)
    assert overlay.draw(np.zeros((900, 300), np.uint8), found.column, found.measurements).shape[2] == 3


def test_row__measures_that_share_a_definition_are_told_apart_and_no_others():
    titles = {m.name: report.row(m)[0] for m in film_report(view=View.LATERAL).measurements if m.value is not None}
    assert titles["disc_height_anterior"] == "Disc height, anterior"
    assert titles["anterior_to_posterior"] == "Anterior to posterior height"
    assert len(set(titles.values())) == len(titles)
