from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from columns import column

from spineyolo.anatomy import LEVELS
from spineyolo.errors import BadInputError
from spineyolo.rows import moved
from spineyolo.sources import load_source


def test_moved__row_that_ends_at_l4_is_cut_below_it() -> None:
    film, shown = moved(column(Path("a_1.png")), -1)
    assert [vertebra.level for vertebra in film.vertebrae] == list(LEVELS[6:23])
    assert shown == (0, 60 + 40 * 16 + 30 + 2) and film.height == shown[1]
    np.testing.assert_array_equal(film.vertebrae[0].polygon, column(Path("a_1.png")).vertebrae[0].polygon)


def test_moved__row_that_begins_at_t2_loses_the_sacrum_and_what_lies_above() -> None:
    before = column(Path("a_1.png"))
    film, shown = moved(before, 1)
    assert [vertebra.level for vertebra in film.vertebrae] == list(LEVELS[8:24])
    assert shown == (59, before.height) and film.height == before.height - 59
    np.testing.assert_array_equal(film.vertebrae[0].polygon, before.vertebrae[0].polygon - [0, 59])


def test_moved__corners_move_along() -> None:
    before = column(Path("a_1.png"))
    cornered = replace(before, vertebrae=tuple(replace(v, corners=v.polygon) for v in before.vertebrae))
    film, _ = moved(cornered, 1)
    assert all(np.array_equal(vertebra.polygon, vertebra.corners) for vertebra in film.vertebrae)


@pytest.mark.parametrize("row", ["0", "24", "true", "1.5", "up"])
def test_load_source__a_row_that_is_no_shift_is_refused(tmp_path: Path, row: str) -> None:
    path = tmp_path / "made.yaml"
    path.write_text(
        "{title: '', url: '', licence: '', citation: '', view: AP, format: coco, levels: T1-L5, layout: ''}"
    )
    (tmp_path / "made.rows.yaml").write_text(f"a.png: {row}\n")
    with pytest.raises(BadInputError, match=r"made\.rows\.yaml.*a\.png"):
        load_source(path)


def test_load_source__rows_stand_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "made.yaml"
    path.write_text(
        "{title: '', url: '', licence: '', citation: '', view: AP, format: coco, levels: T1-L5, layout: ''}"
    )
    (tmp_path / "made.rows.yaml").write_text("a.png: -1\nb.png: open\n")
    assert load_source(path).rows == {"a.png": -1, "b.png": "open"}
