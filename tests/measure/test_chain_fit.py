from pathlib import Path

import numpy as np
import pytest
from measure.drawn import body
from measure.test_benchmark import column, document

from spineyolo.errors import BadInputError
from spineyolo.measure import chain_fit
from spineyolo.measure.chain import turned
from spineyolo.measure.geometry import tilt_deg

SWINGS = (16, 28, 40, 52)


def misturned(swing: float) -> np.ndarray:
    """The corners of a C curve, each body turned by chance about its own true centre."""
    corners = column(swing)
    noise = np.random.default_rng(int(swing)).normal(0, 6, len(corners))
    return turned(corners, tilt_deg(corners) + noise)


def files(folder: Path) -> tuple[Path, Path]:
    predicted = {f"aasce2019_{swing}": misturned(swing) for swing in SWINGS}
    predicted["lateral_1"] = column(10)
    true = {f"aasce2019_{swing}": column(swing) for swing in SWINGS}
    return document(folder / "p.json", predicted, True), document(folder / "val.json", true, False)


def test_chord_regression__drawn_lean():
    tilts = np.linspace(-15, 15, 9)
    lean = 1.25 * (tilts[:-1] + tilts[1:]) / 2
    steps = 60 * np.stack([-np.sin(np.radians(lean)), np.cos(np.radians(lean))], axis=1)
    centres = np.array([300.0, 100.0]) + np.vstack([[0, 0], np.cumsum(steps, axis=0)])
    corners = np.array([body(tuple(centre), 80, 42, tilt) for centre, tilt in zip(centres, tilts, strict=True)])
    gain, spread, pairs = chain_fit.chord_regression([corners, corners[::-1]])  # the second is out of order
    assert (gain, spread, pairs) == pytest.approx((1.25, 0, 8), abs=1e-6)


def test_search__where_centres_are_right_and_tilts_are_not_chords_are_leant_on(tmp_path):
    found = chain_fit.search(*files(tmp_path), "aasce2019")
    gain, sd = found.best
    assert found.errors.shape[2] == len(SWINGS)
    assert found.noise > 0.01
    assert found.sds_deg[sd] <= 3  # the drawn centres are exact
    assert np.ptp(found.grid[:, -1]) == 0  # without smoothing no gain counts
    assert found.grid[gain, sd] < 0.5 * found.grid[0, -1]
    text = chain_fit.section(found, "val")
    assert f"| best | {found.gains[gain]:g} | {found.sds_deg[sd]:g} |" in text


def test_search__exact_outlines_need_no_smoothing(tmp_path):
    _, truth = files(tmp_path)
    exact = document(tmp_path / "exact.json", {f"aasce2019_{swing}": column(swing) for swing in SWINGS}, True)
    found = chain_fit.search(exact, truth, "aasce2019")
    assert found.noise == pytest.approx(0, abs=1e-3)
    assert found.grid.max() < 0.5


def test_search__test_films_are_refused(tmp_path):
    predictions, truth = files(tmp_path)
    with pytest.raises(BadInputError, match="nothing may be fitted to"):
        chain_fit.search(predictions, truth.rename(tmp_path / "test.json"), "aasce2019")


def test_search__no_film_in_both(tmp_path):
    with pytest.raises(BadInputError, match="start with csxa"):
        chain_fit.search(*files(tmp_path), "csxa")
