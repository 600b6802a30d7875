import numpy as np
import pytest
from render.ct_scans import VOXEL_MM, column, dice, scan_of

from spineyolo.anatomy import CATEGORY_ID
from spineyolo.polygons import bounding_box, mask_from_polygon
from spineyolo.render.ct_rays import Aim, geometry_of, outline
from spineyolo.render.spec import Projection


@pytest.mark.parametrize("projection", Projection)
def test_geometry_of__film_holds_the_whole_bodies_and_ends_at_a_cut_one(projection: Projection) -> None:
    labels, truth = column("T12", "L1", "L2", "L3")
    scan = scan_of(labels, partial=("T12",))
    bodies = np.where(truth == CATEGORY_ID["T12"], 0, truth).astype(np.uint8)
    yaw = {Projection.AP: 3.0, Projection.LATERAL: -88.0, Projection.OBLIQUE: 40.0}[projection]
    geometry = geometry_of(
        Aim(projection, yaw, 4.0, -2.0, 1500, 1300), scan, bodies, (300, 300), np.random.default_rng(0)
    )
    spots = geometry.project(np.argwhere(bodies) * VOXEL_MM)
    assert (spots >= -1).all() and (spots <= [geometry.width + 1, geometry.height + 1]).all()
    cut = geometry.project(np.argwhere(truth == CATEGORY_ID["T12"]) * VOXEL_MM)
    assert np.median(cut[:, 1]) < 0


def test_outline__steps_are_smoothed_and_size_kept() -> None:
    small = np.zeros((30, 40), bool)
    small[8:20, 10:30] = True
    mask = np.kron(small, np.ones((4, 4), bool))
    ring = outline(mask, 2.0)
    assert len(ring) < 60
    assert bounding_box(ring) == pytest.approx((40, 32, 120, 80), abs=0.6)
    assert dice(mask_from_polygon(ring, *mask.shape), mask) > 0.99
    assert len(outline(np.zeros((9, 9), bool), 1.0)) == 0
