"""Films from end to end, small ones."""

from dataclasses import replace

import numpy as np
import pytest

from spineyolo.anatomy import LEVELS
from spineyolo.polygons import mask_from_polygon
from spineyolo.render.film_physics import FilmStyle
from spineyolo.render.phantom import render
from spineyolo.render.sampling import sample
from spineyolo.render.spec import Hardware, Osteophyte, PhantomSpec, Projection, Sclerosis, Side, Window

_SMALL = PhantomSpec(3, Projection.LATERAL, Window.LUMBAR, 240, 320, 330.0)


def test_render__same_seed_same_bytes() -> None:
    films = [render(spec, FilmStyle()) for spec in (_SMALL, _SMALL, replace(_SMALL, seed=4))]
    assert films[0].grey.tobytes() == films[1].grey.tobytes()
    assert films[0].truth == films[1].truth
    assert films[0].grey.tobytes() != films[2].grey.tobytes()


@pytest.mark.parametrize("view", list(Projection))
def test_render__bodies_are_brighter_than_discs(view: Projection) -> None:
    spec = replace(_SMALL, view=view, width=480, height=640, oblique_deg=40.0 if view is Projection.OBLIQUE else 0.0)
    film = render(spec, FilmStyle())
    shapes = {vertebra.level: vertebra.polygon for vertebra in film.vertebrae}
    greys = {level: film.grey[mask_from_polygon(shape, *film.grey.shape)].mean() for level, shape in shapes.items()}
    for upper, lower in (("L1", "L2"), ("L2", "L3"), ("L3", "L4")):
        between = (shapes[upper].mean(axis=0) + shapes[lower].mean(axis=0)) / 2
        x, y = between.astype(int)
        disc = film.grey[y - 2 : y + 3, x - 8 : x + 9].mean()
        assert (greys[upper] + greys[lower]) / 2 > disc, (upper, lower)


def test_render__labels_lie_on_the_film_in_order() -> None:
    film = render(_SMALL, FilmStyle())
    levels = [vertebra.level for vertebra in film.vertebrae]
    assert levels == [level for level in LEVELS if level in levels]
    assert {"L1", "L2", "L3", "L4"} <= set(levels)
    for vertebra in film.vertebrae:
        assert vertebra.polygon.min() >= 0
        assert vertebra.polygon.max() <= 320


def test_render__findings_change_the_film_where_they_are() -> None:
    style = FilmStyle(photons=1e12)
    healthy = render(_SMALL, style)
    spur, band = Osteophyte("L3", False, Side.ANTERIOR, 5.0), Sclerosis("L3", True, 4.0, 3.0)
    worn = render(replace(_SMALL, osteophytes=(spur,), scleroses=(band,)), style)
    change = np.abs(worn.grey.astype(int) - healthy.grey.astype(int))
    body = next(vertebra.polygon for vertebra in worn.vertebrae if vertebra.level == "L3")
    rows = np.nonzero(change.max(axis=1) > 12)[0]
    assert rows.min() > body[:, 1].min() - 8
    assert rows.max() < body[:, 1].max() + 12
    row = next(row for row in worn.truth["vertebrae"] if row["name"] == "L3")
    assert row["osteophyte_tips_px"][0]["size_mm"] == 5.0
    x, y = row["osteophyte_tips_px"][0]["px"]
    assert np.hypot(*(body - [x, y]).T).min() < 12


def test_render__metal_is_the_brightest() -> None:
    spec = replace(_SMALL, view=Projection.AP)
    bare, screwed = (render(replace(spec, hardware=kind), FilmStyle()).grey for kind in (Hardware.NONE, Hardware.RODS))
    added = screwed.astype(int) - bare
    assert (added > 30).sum() > 300
    assert screwed[added > 30].mean() > np.percentile(screwed, 97)


def test_sample__is_seeded_and_possible() -> None:
    for view in Projection:
        for window in Window:
            for seed in range(12):
                assert sample(seed, view, window, True) == sample(seed, view, window, True)
    assert sample(1, Projection.AP, Window.WHOLE, False) != sample(2, Projection.AP, Window.WHOLE, False)
    worn = [sample(seed, Projection.LATERAL, Window.LUMBAR, True)[0] for seed in range(20)]
    assert any(spec.slips for spec in worn)
    assert all(spec.discs for spec in worn[:1])
