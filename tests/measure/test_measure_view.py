"""AP or lateral, by the bodies' proportions and the film's symmetry."""

import numpy as np
import numpy.typing as npt
import pytest

from spineyolo.anatomy import View
from spineyolo.measure.view import asymmetry, view_of
from tests.measure.drawn import SIZE, between, stack

LEVELS = between("T10", "L4")


def corners(width: float, count: int = len(LEVELS)) -> npt.NDArray[np.float64]:
    """Bodies 45 px high down the middle of the film."""
    return np.stack(list(stack(LEVELS[:count], width=width).values()))


def film(mirror: bool) -> npt.NDArray[np.uint8]:
    """A film of smooth random shades, alike on both sides of its middle or not."""
    rng = np.random.default_rng(0)
    half = np.kron(rng.integers(0, 255, (30, 8)), np.ones((40, 40)))[:, : SIZE[0] // 2]
    other = half if mirror else np.roll(half, 200, axis=0)
    return np.concatenate([half[:, ::-1], other], axis=1).astype(np.uint8)


@pytest.mark.parametrize(("width", "view"), [(55, View.LATERAL), (64, None), (78, None), (85, View.AP)])
def test_view_of__proportions_where_they_are_plain(width: float, view: View | None) -> None:
    assert view_of(corners(width), None) is view
    assert view_of(corners(width), film(mirror=False)) is view


@pytest.mark.parametrize("width", [64, 78])
def test_view_of__symmetry_where_proportions_are_not_plain(width: float) -> None:
    assert view_of(corners(width), film(mirror=True)) is View.AP


def test_view_of__symmetry_does_not_overrule_bodies_seen_from_the_side() -> None:
    assert view_of(corners(50), film(mirror=True)) is View.LATERAL


def test_view_of__two_bodies_tell_nothing() -> None:
    assert view_of(corners(80, count=2), None) is None


def test_asymmetry__mirror_and_strangers() -> None:
    centres = corners(60).mean(axis=1)
    assert asymmetry(film(mirror=True), centres, 60) < 0.1  # type: ignore[operator]
    assert asymmetry(film(mirror=False), centres, 60) > 0.8  # type: ignore[operator]


def test_asymmetry__column_at_the_films_edge() -> None:
    centres = corners(60).mean(axis=1) - [285, 0]
    assert asymmetry(film(mirror=True), centres, 60) is None
