"""Chords in closed form against points counted along the ray."""

import numpy as np
import pytest

from spineyolo.render.loft import Loft, lofted
from spineyolo.render.projection import Geometry, add_solids
from spineyolo.render.quadrics import Frame, Solid, ellipsoid, rod, rotation, tube

_STEPS_MM = 0.02


def _geometry(width: int = 40, height: int = 48, pitch: float = 1.0) -> Geometry:
    source = np.array([3.0, -1000.0, 5.0])
    axes = np.eye(3)[0], -np.eye(3)[2], np.eye(3)[1]
    return Geometry(source, *axes, 1100.0, pitch, (width / 2 + 3, height / 2 - 2), width, height)


def _counted(solid: Solid, geometry: Geometry, x: int, y: int) -> float:
    """The length of a ray inside a solid, by asking along it."""
    across, down = geometry.directions
    way = geometry.along + across * (x + 0.5 - geometry.foot[0]) + down * (y + 0.5 - geometry.foot[1])
    steps = np.arange(900, 1100, _STEPS_MM)
    points = geometry.source + steps[:, None] * way
    inside = np.ones(len(points), bool)
    for quadric in solid.quadrics:
        away = points - quadric.centre
        value = np.einsum("ni,ij,nj->n", away, quadric.matrix, away) + 2 * away @ quadric.linear + quadric.constant
        inside &= value <= 0
    for plane in solid.planes:
        inside &= points @ plane.normal <= plane.offset
    return float(inside.sum() * _STEPS_MM * np.linalg.norm(way))


@pytest.mark.parametrize(
    "solid",
    [
        ellipsoid(Frame(np.array([1.0, 4.0, -3.0]), rotation(0, 30) @ rotation(2, 20)), (9, 14, 6), 1.0),
        rod(np.array([[-9.0, -6.0, 4.0], [8.0, 9.0, -5.0]]), (5.0, 3.0), 1.0, (0, 0, 1)),
        Frame(np.zeros(3), rotation(1, 25)).plane((0, 0, 1), 2.0),
    ],
    ids=["ellipsoid", "rod", "half ellipsoid"],
)
def test_add_solids__matches_points_counted_along_the_ray(solid) -> None:
    if not isinstance(solid, Solid):
        solid = ellipsoid(Frame(np.zeros(3), np.eye(3)), (12, 12, 10), 1.0, (solid,))
    geometry = _geometry()
    layer = np.zeros((geometry.height, geometry.width), np.float32)
    add_solids(layer, [solid], geometry)
    assert layer.max() > 5
    for x, y in ((23, 22), (25, 27), (18, 20), (30, 18), (22, 12)):
        assert layer[y, x] == pytest.approx(_counted(solid, geometry, x, y), abs=0.1)


def test_add_solids__adds_nothing_off_the_film() -> None:
    geometry = _geometry()
    layer = np.zeros((geometry.height, geometry.width), np.float32)
    add_solids(layer, [ellipsoid(Frame(np.array([300.0, 0, 0]), np.eye(3)), (9, 9, 9), 1.0)], geometry)
    assert not layer.any()


def test_tube__bends_without_counting_a_joint_twice() -> None:
    bent = np.array([[-14.0, 0, 0], [0, 0, 0], [10.0, 0, 10.0]])
    geometry = _geometry()
    layer = np.zeros((geometry.height, geometry.width), np.float32)
    add_solids(layer, tube(bent, np.array([4.0, 4.0]), 0, 1.0, 0, (0, 1, 0)), geometry)
    assert layer.max() == pytest.approx(8.0, abs=0.1)


def test_lofted__is_the_ellipse_of_its_row() -> None:
    loft = Loft(np.array([[-30.0, 0, 0, 10, 14], [0.0, 0, 0, 10, 14], [30.0, 0, 0, 10, 14]]))
    geometry = _geometry()
    layer = np.zeros((geometry.height, geometry.width), np.float32)
    add_solids(layer, [lofted(loft, 1.0)], geometry)
    assert layer.max() == pytest.approx(28.0, abs=0.1)
    assert 19 <= (layer[24] > 0).sum() <= 23


def test_project__puts_a_ray_through_the_pixel_that_it_lights() -> None:
    geometry = _geometry(pitch=0.5)
    layer = np.zeros((geometry.height, geometry.width), np.float32)
    centre = np.array([2.0, 7.0, 3.0])
    add_solids(layer, [ellipsoid(Frame(centre, np.eye(3)), (4, 4, 4), 1.0)], geometry)
    rows, columns = np.indices(layer.shape)
    seen = np.array([(columns * layer).sum(), (rows * layer).sum()]) / layer.sum() + 0.5
    assert seen == pytest.approx(geometry.project(centre), abs=0.1)
