from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from films import prediction_of
from measure.drawn import between

from spineyolo.anatomy import View
from spineyolo.imaging import Radiograph
from spineyolo.measure import overlay, page, report
from spineyolo.measure.measurement import Measurement


class Cells(HTMLParser):
    """The text of a page's table cells, and its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: list[str] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        if tag == "td":
            self.inside = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "td"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.cells[-1] += data


def film_report(view: View = View.AP) -> report.FilmReport:
    prediction = prediction_of(list(between("T1", "L5")))
    grey = np.random.default_rng(0).integers(40, 200, (900, 300), dtype=np.uint8)
    return report.measure_prediction(prediction, Radiograph(grey, (), None), view, True)


def test_html__every_measure_is_on_it_with_its_value_or_reason():
    for view in View:
        found = film_report(view)
        cells = [cell.strip() for cell in Cells(page.html(found, b"")).cells]
        for m in found.measurements:
            if m.value is not None:
                _, where, value, error, _, label = report.row(m)
                text = f"{value} ± {error}" if error else value
                assert where in cells and (value in cells or f"{text}{label}" in cells)
        wanted = report.void_rows([m for m in found.measurements if m.value is None])
        wanted += [report.meaning(m.name) for m in found.measurements]
        assert len(wanted) > 20
        for cell in {text for row in wanted for text in row}:
            assert cell.strip() in cells


def test_grid__a_row_a_place_from_the_top_down_with_gaps():
    wedge = [Measurement("disc_wedge", pair, 5.0, "deg", 2.0) for pair in (("L4", "L5"), ("L3", "L4"))]
    slip = Measurement("slip", ("L4", "L5"), 3.0, "%", 8.0, label="under the floor")
    found = page.grid([*wedge, slip])
    assert found.heads == ["Disc wedge angle, deg", "Listhesis, %"]
    assert [where for where, _ in found.rows] == ["L3-L4", "L4-L5"]
    assert found.rows[0][1] == [page.Cell("5.0 ± 2.0"), page.Cell()]
    assert found.rows[1][1][1] == page.Cell("3.0 ± 8.0", "under the floor", vague=True)


def test_html__a_name_is_text_and_no_markup():
    text = page.html(replace(film_report(), path=Path("<script>x.png"), notes=("a <b>note</b>",)), b"")
    assert not {"script", "b"} & set(Cells(text).tags)


def test_write__page_and_overlay(tmp_path: Path):
    found = film_report()
    picture = overlay.draw(np.zeros((900, 300), np.uint8), found.column, found.measurements)
    page.write(found, picture, tmp_path)
    text = (tmp_path / "film.html").read_text()
    assert report.NOTICE in text
    assert "http" not in text  # a page needs nothing from elsewhere
    assert (tmp_path / "film_measures.png").stat().st_size > 1000
    assert picture.shape == (1000, 333, 3) and picture.max() > 0
