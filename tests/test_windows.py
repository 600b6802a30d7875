from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from columns import column

from spineyolo.anatomy import View
from spineyolo.film import Film, Vertebra
from spineyolo.polygons import signed_area
from spineyolo.windows import Window, cut


def lateral(name: str = "x.png", first: int = 0) -> list[Window]:
    return list(cut(column(Path(name), first), seed=0))


def kind(window: Window) -> str:
    return window.name.lstrip("0123456789")


@pytest.mark.parametrize(
    ("name", "ends"),
    [("cervical", "C1 T2"), ("thoracic", "T1 T12"), ("lumbar", "T11 L5"), ("thoracolumbar", "T9 L3")],
)
def test_cut__protocol_holds_its_levels_and_at_most_one_more_at_each_end(name: str, ends: str) -> None:
    film = column(Path("x.png"), 0)
    window = next(window for window in cut(film, seed=0) if kind(window) == name)
    named = [vertebra.level for vertebra in film.vertebrae]
    top, bottom = (named.index(level) for level in ends.split())
    seen = [named.index(vertebra.level) for vertebra in window.vertebrae]
    assert seen == list(range(seen[0], seen[-1] + 1))
    assert top - 1 <= seen[0] <= top and bottom <= seen[-1] <= bottom + 1


def test_cut__outlines_move_with_the_window() -> None:
    film = column(Path("x.png"), 0)
    for window in cut(film, seed=0):
        size = [window.x1 - window.x0, window.y1 - window.y0]
        for vertebra in window.vertebrae:
            assert (vertebra.polygon >= 0).all() and (vertebra.polygon <= size).all()
            original = next(other for other in film.vertebrae if other.level == vertebra.level)
            if abs(signed_area(vertebra.polygon)) == pytest.approx(abs(signed_area(original.polygon))):
                moved = vertebra.polygon + np.array([window.x0, window.y0])
                assert moved.min(axis=0) == pytest.approx(original.polygon.min(axis=0))


def test_cut__vertebra_less_than_half_inside_is_not_labelled() -> None:
    for name in "abcdefgh":
        film = column(Path(f"{name}.png"), 0)
        for window in cut(film, seed=0):
            for vertebra in film.vertebrae:
                y0, y1 = vertebra.polygon[:, 1].min(), vertebra.polygon[:, 1].max()
                inside = (min(y1, window.y1) - max(y0, window.y0)) / (y1 - y0)
                assert (vertebra.level in {seen.level for seen in window.vertebrae}) == (inside >= 0.5)


def test_cut__window_stays_on_the_film() -> None:
    edge = column(Path("x.png"), 0)
    film = replace(edge, width=190, height=1020)
    assert all(0 <= w.x0 < w.x1 <= 190 and 0 <= w.y0 < w.y1 <= 1020 for w in cut(film, seed=0))


def test_cut__lateral_film_gives_two_of_each_and_four_random() -> None:
    kinds = ["cervical", "lumbar", "random", "thoracic", "thoracolumbar"]
    assert Counter(kind(window) for window in lateral()) == {name: 4 if name == "random" else 2 for name in kinds}


def test_cut__window_in_the_neck_may_show_the_skull_above_it() -> None:
    low = replace(column(Path("x.png"), 2), width=3000, height=3000)
    film = replace(low, vertebrae=tuple(replace(v, polygon=v.polygon + np.float32(1000)) for v in low.vertebrae))
    windows = [w for number in range(20) for w in cut(replace(film, path=Path(f"{number}.png")), seed=0)]
    first, second = (film.vertebrae[number].polygon for number in (0, 1))
    height = np.ptp(first[:, 1])
    above = {name: [first[:, 1].min() - w.y0 for w in windows if kind(w) == name] for name in ("cervical", "lumbar")}
    assert min(above["cervical"]) >= 0.5 * height - 1 and max(above["cervical"]) > 5 * height
    tops = [min(v.polygon[:, 1].min() for v in w.vertebrae) for w in windows if kind(w) == "lumbar"]
    assert all(0 <= top < np.ptp(second[:, 1]) + height for top in tops)


def test_cut__lumbar_film_gives_no_cervical_window() -> None:
    assert "cervical" not in {kind(window) for window in lateral(first=17)}


def test_cut__less_than_half_of_the_ap_films_give_one() -> None:
    films = [replace(column(Path(f"{number}.png")), view=View.AP) for number in range(400)]
    windows = [list(cut(film, seed=0)) for film in films]
    assert max(map(len, windows)) == 1
    assert 0.3 < sum(map(len, windows)) / len(films) < 0.5


def test_cut__is_seeded_by_film_name() -> None:
    def boxes(name: str, seed: int) -> list[tuple[int, int, int, int]]:
        return [(w.x0, w.y0, w.x1, w.y1) for w in cut(column(Path(name)), seed)]

    assert boxes("x.png", 0) == boxes("x.png", 0)
    assert boxes("x.png", 0) != boxes("y.png", 0) and boxes("x.png", 0) != boxes("x.png", 1)


def test_cut__film_of_two_vertebrae_or_none_gives_no_window() -> None:
    full = column(Path("x.png"))
    few: tuple[Vertebra, ...] = full.vertebrae[:2]
    films: list[Film] = [replace(full, vertebrae=few), replace(full, vertebrae=())]
    assert [list(cut(film, seed=0)) for film in films] == [[], []]
