"""The stack of vertebrae."""

import numpy as np
import pytest

from spineyolo.render.alignment import names_of, place
from spineyolo.render.spec import Curve, DiscLoss, PhantomSpec, Projection, Side, Variant, Window

_UP = np.array([0.0, 0.0, 1.0])


def _spec(**changes: object) -> PhantomSpec:
    return PhantomSpec(0, Projection.AP, Window.WHOLE, 900, 2400, 800.0, **changes)  # type: ignore[arg-type]


def _sagittal_deg(axes: np.ndarray) -> float:
    """How far a frame leans forwards."""
    return float(np.degrees(np.arctan2(-axes[1, 2], axes[2, 2])))


def test_names_of__counts_regions() -> None:
    assert len(names_of(_spec())) == 24
    assert names_of(_spec(variant=Variant(13, 6)))[-7:] == ("T13", "L1", "L2", "L3", "L4", "L5", "L6")


def test_place__stacks_upwards_without_overlap() -> None:
    spine = place(_spec(curves=(Curve("T5", "T11", 60, 20), Curve("T11", "L4", -50, 20))))
    tops = [float(vertebra.frame.origin @ _UP) for vertebra in spine.vertebrae]
    assert tops == sorted(tops, reverse=True)
    for upper, lower in zip(spine.vertebrae, spine.vertebrae[1:], strict=False):
        for way in ([0, 1], [0, -1], [1, 0], [-1, 0]):
            rim = upper.frame.points(upper.body.rim(np.array(way, float), upper=False))
            local = lower.frame.rotation.T @ (rim - lower.frame.origin)
            assert local[2] > lower.body.upper.z(*local[:2]), (upper.name, way)


def test_place__makes_the_sagittal_angles() -> None:
    spine = place(_spec(sacral_slope_deg=38, lumbar_lordosis_deg=52, thoracic_kyphosis_deg=40))
    slopes = {vertebra.name: _sagittal_deg(vertebra.frame.rotation) for vertebra in spine.vertebrae}
    assert _sagittal_deg(spine.sacrum.rotation) == pytest.approx(38, abs=0.1)
    assert slopes["L1"] == pytest.approx(38 - 52, abs=2)
    assert slopes["T1"] == pytest.approx(38 - 52 + 40, abs=2)


def test_place__turns_the_apex_of_a_curve_and_not_its_ends() -> None:
    spine = place(_spec(curves=(Curve("T5", "T11", 40, 20),)))
    turns = {v.name: float(np.degrees(np.arcsin(v.frame.rotation[1, 0]))) for v in spine.vertebrae}
    assert abs(turns["T8"]) == pytest.approx(20, abs=1)
    assert abs(turns["T5"]) < 0.5
    assert abs(turns["T11"]) < 0.5


def test_place__leans_over_a_disc_lost_in_front() -> None:
    healthy, worn = (
        _sagittal_deg(place(_spec(discs=discs)).named("L2").frame.rotation)
        for discs in ((), (DiscLoss("L2", 0.5, Side.ANTERIOR),))
    )
    assert worn > healthy + 3
