import numpy as np
import pytest
from render.ct_scans import (
    END,
    column,
    dice,
    scan_of,
)
from scipy import ndimage

from spineyolo.anatomy import CATEGORY_ID
from spineyolo.errors import BadInputError
from spineyolo.render import ct_bodies
from spineyolo.render.ct_labels import CANAL


@pytest.mark.parametrize("canal", [True, False], ids=["canal labelled", "canal found"])
def test_part_bodies__arch_is_left_out(canal: bool) -> None:
    labels, truth = column("T11", "T12", "L1")
    if canal:
        labels[28:32, 20:24, :] = np.where(labels[28:32, 20:24, :] == 0, CANAL, labels[28:32, 20:24, :])
    bodies = ct_bodies.part_bodies(scan_of(labels))
    for level in ("T11", "T12", "L1"):
        assert dice(bodies == CATEGORY_ID[level], truth == CATEGORY_ID[level]) > 0.97, level


@pytest.mark.parametrize("axes", [(1, 2), (0, 1)], ids=["tilted", "turned"])
def test_part_bodies__vertebra_may_lie_askew(axes: tuple[int, int]) -> None:
    labels, truth = (ndimage.rotate(volume, 20, axes, reshape=False, order=0) for volume in column("L1", "L2", "L3"))
    bodies = ct_bodies.part_bodies(scan_of(labels))
    number = CATEGORY_ID["L2"]
    assert dice(bodies == number, truth == number) > 0.97


def test_part_bodies__labelled_canal_serves_where_the_arch_is_open() -> None:
    labels, truth = column("L1")
    labels[:, 14:18, :] = 0
    with pytest.raises(BadInputError, match="L1 encloses the spinal canal"):
        ct_bodies.part_bodies(scan_of(labels))
    labels[28:32, 20:24, :] = CANAL
    assert dice(ct_bodies.part_bodies(scan_of(labels)) > 0, truth > 0) > 0.97


def test_part_bodies__transverse_process_in_front_of_the_canal_is_left_out() -> None:
    labels, truth = column("C5")
    labels[14:46, 27:29, END + 4 : END + 6] = CATEGORY_ID["C5"]
    sides = np.flatnonzero(ct_bodies.part_bodies(scan_of(labels)).any(axis=(1, 2)))
    expected = np.flatnonzero(truth.any(axis=(1, 2)))
    assert (sides[0], sides[-1]) == pytest.approx((expected[0], expected[-1]), abs=2)


def test_part_bodies__cut_levels_are_left_out_and_the_atlas_is_whole() -> None:
    labels, truth = column("C1", "C2", "C3")
    bodies = ct_bodies.part_bodies(scan_of(labels, partial=("C3",)))
    assert set(np.unique(bodies)) == {0, 1, 2}
    assert ((bodies == 1) == (labels == 1)).all()
    assert dice(bodies == 2, truth == 2) > 0.97
