"""What was drawn, measured again on the outlines and corners that the truth gives."""

from dataclasses import replace

import numpy as np
import pytest

from spineyolo.anatomy import LEVELS
from spineyolo.film import Vertebra
from spineyolo.polygons import mask_from_polygon
from spineyolo.render.alignment import place
from spineyolo.render.phantom import geometry_of
from spineyolo.render.projection import add_solids
from spineyolo.render.spec import (
    Curve,
    DiscLoss,
    Fracture,
    FractureKind,
    PhantomSpec,
    Projection,
    Side,
    Slip,
    Variant,
    Window,
)
from spineyolo.render.truth import record, vertebra_on_film, visible

_LATERAL = PhantomSpec(0, Projection.LATERAL, Window.WHOLE, 900, 2400, 800.0)
_AP = replace(_LATERAL, view=Projection.AP)
_STRAIGHT = {
    "sacral_slope_deg": 0.0,
    "lumbar_lordosis_deg": 0.0,
    "thoracic_kyphosis_deg": 0.0,
    "cervical_lordosis_deg": 0.0,
}


def _drawn(spec: PhantomSpec) -> dict[str, Vertebra]:
    spine = place(spec)
    geometry = geometry_of(spec, spine)
    return {placed.name: vertebra_on_film(placed, geometry, spec) for placed in spine.vertebrae}


def _px_per_mm(spec: PhantomSpec) -> float:
    spine = place(spec)
    return geometry_of(spec, spine).px_per_mm(spine.vertebrae[-2].frame.origin)


def _tilt_deg(start: np.ndarray, end: np.ndarray) -> float:
    way = end - start
    return float(np.degrees(np.arctan2(way[1], way[0])))


def _slip_percent(upper: Vertebra, lower: Vertebra) -> float:
    """How far the upper body's back corner lies in front of the lower one's, of its endplate (lateral order)."""
    back, front = lower.corners[0].astype(float), lower.corners[1].astype(float)
    along = (front - back) / np.linalg.norm(front - back)
    return float((upper.corners[3] - back) @ along / np.linalg.norm(front - back) * 100)


def _disc_px(upper: Vertebra, lower: Vertebra) -> float:
    """From the middle of the upper body's lower rim, square to the lower body's endplate."""
    start, end = lower.corners[0].astype(float), lower.corners[1].astype(float)
    along = (end - start) / np.linalg.norm(end - start)
    gap = (upper.corners[2] + upper.corners[3]) / 2 - start
    return float(abs(along[0] * gap[1] - along[1] * gap[0]))


@pytest.mark.parametrize(("cobb", "kyphosis"), [(35.0, 42.0), (-28.0, 60.0), (-60.0, 15.0), (8.0, 42.0)])
def test_curve__cobb_angle_is_what_was_drawn(cobb: float, kyphosis: float) -> None:
    curves = (Curve("T5", "T11", cobb, 12.0), Curve("T11", "L4", -0.6 * cobb, 8.0))
    spec = replace(_AP, curves=curves, thoracic_kyphosis_deg=kyphosis, lumbar_lordosis_deg=45.0)
    seen = _drawn(spec)
    upper, middle = (_tilt_deg(*seen[level].corners[[0, 1]]) for level in ("T5", "T11"))
    lower = _tilt_deg(*seen["L4"].corners[[3, 2]])
    # Convex to the patient's right, which is the image's left: the upper end's plate rises to the image's left.
    assert upper - middle == pytest.approx(cobb, abs=0.5)
    assert middle - lower == pytest.approx(-0.6 * cobb, abs=0.5)
    spine = place(spec)
    rows = record(spec, spine, geometry_of(spec, spine), list(seen.values()), {})["curves_on_film"]
    assert [row["cobb_deg"] for row in rows] == pytest.approx([cobb, -0.6 * cobb], abs=0.1)


@pytest.mark.parametrize("faces_left", [False, True])
@pytest.mark.parametrize(("percent", "side"), [(18.0, Side.ANTERIOR), (9.0, Side.POSTERIOR)])
def test_slip__percent_is_what_was_drawn(percent: float, side: Side, faces_left: bool) -> None:
    spec = replace(_LATERAL, slips=(Slip("L4", percent, side),), faces_left=faces_left)
    seen = _drawn(spec)
    sign = 1 if side is Side.ANTERIOR else -1
    assert _slip_percent(seen["L4"], seen["L5"]) == pytest.approx(sign * percent, abs=1.0)
    assert _slip_percent(seen["L2"], seen["L3"]) == pytest.approx(0, abs=1.0)


@pytest.mark.parametrize("share", [0.2, 0.45])
def test_fracture__wedge_is_what_was_drawn(share: float) -> None:
    seen = _drawn(replace(_LATERAL, fractures=(Fracture("L1", FractureKind.WEDGE, share),)))["L1"]
    back, front = (np.linalg.norm(seen.corners[a] - seen.corners[b]) for a, b in ((0, 3), (1, 2)))
    assert 1 - front / back == pytest.approx(share, abs=0.01)


def test_fracture__biconcave_middle_is_what_was_drawn() -> None:
    seen = _drawn(replace(_LATERAL, fractures=(Fracture("L1", FractureKind.BICONCAVE, 0.4),)))["L1"]
    back = np.linalg.norm(seen.corners[0] - seen.corners[3])
    mask = mask_from_polygon(seen.polygon - seen.polygon.min(axis=0), 200, 200)
    middle = mask[:, mask.any(axis=0).nonzero()[0].mean().astype(int)].sum()
    assert middle / back == pytest.approx(0.6, abs=0.04)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_disc_loss__height_is_what_was_drawn(share: float) -> None:
    spec = replace(_LATERAL, discs=(DiscLoss("L3", share),))
    spine, seen = place(spec), _drawn(spec)
    healthy = next(item for item in spine.vertebrae if item.name == "L3").size.disc_below
    expected = healthy * (1 - share) * _px_per_mm(spec)
    assert _disc_px(seen["L3"], seen["L4"]) == pytest.approx(expected, rel=0.01)


def test_disc_loss__on_the_left_lowers_the_left_edge_only() -> None:
    spec = replace(_AP, **_STRAIGHT, discs=(DiscLoss("L3", 0.6, Side.LEFT),))
    seen = _drawn(spec)
    patients_right, patients_left = (
        float(np.linalg.norm(seen["L3"].corners[a] - seen["L4"].corners[b])) for a, b in ((3, 0), (2, 1))
    )
    assert patients_left < 0.6 * patients_right


@pytest.mark.parametrize("view", [Projection.AP, Projection.LATERAL])
def test_corners__are_those_of_the_drawn_silhouette(view: Projection) -> None:
    """The body's shadow, projected on its own at the beam's centre, has its corners where the truth says."""
    spec = replace(_LATERAL, **_STRAIGHT, view=view, window=Window.LUMBAR, width=900, height=900, field_mm=250.0)
    spine = place(spec)
    geometry = geometry_of(spec, spine)
    placed = next(item for item in spine.vertebrae if item.name == "L3")
    geometry = replace(geometry, source=placed.frame.origin - geometry.along * spec.spine_distance_mm)
    fine = replace(geometry, pitch=geometry.pitch / 4, foot=(1800, 1800), width=3600, height=3600)
    layer = np.zeros((fine.height, fine.width), np.float32)
    add_solids(layer, placed.body.solids(placed.frame, 0.6, 1.0, 1.0, 1.0)[:1], fine)
    rows, columns = np.nonzero(layer > 0)
    shadow = (np.column_stack([columns, rows]) + 0.5) / 4
    found = [shadow[np.argmax(shadow @ np.array(way))] for way in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    truth = vertebra_on_film(placed, geometry, spec).corners
    assert np.linalg.norm(np.array(found) - truth, axis=1).max() < 1.0
    inside = mask_from_polygon(vertebra_on_film(placed, fine, spec).polygon, *layer.shape)
    assert (inside & (layer > 0)).sum() / inside.sum() > 0.99


def test_outline__covers_what_is_drawn_on_a_whole_film() -> None:
    spine = place(_LATERAL)
    geometry = geometry_of(_LATERAL, spine)
    for placed in spine.vertebrae[3:]:
        layer = np.zeros((geometry.height, geometry.width), np.float32)
        add_solids(layer, placed.body.solids(placed.frame, 0.6, 1.0, 1.0, 1.0), geometry)
        outline = mask_from_polygon(vertebra_on_film(placed, geometry, _LATERAL).polygon, *layer.shape)
        shadow = layer > 0.35 * np.percentile(layer[layer > 0], 75)
        overlap = (outline & shadow).sum() / (outline | shadow).sum()
        assert overlap > 0.8, placed.name


def test_ap_and_lateral__agree_on_level_heights() -> None:
    spine = place(_LATERAL)
    heights = {}
    for spec in (_LATERAL, _AP):
        geometry = geometry_of(spec, spine)
        for placed in spine.vertebrae[2:]:
            y = vertebra_on_film(placed, geometry, spec).corners[:, 1].mean()
            z = geometry.source[2] - (y - geometry.foot[1]) / geometry.px_per_mm(placed.frame.origin)
            heights[spec.view, placed.name] = float(z)
    names = [placed.name for placed in spine.vertebrae[2:]]
    off = [heights[Projection.AP, name] - heights[Projection.LATERAL, name] for name in names]
    assert np.abs(off).max() < 2.0  # the section across an AP beam lies a little behind the body's middle


def test_corners__come_in_the_order_that_film_documents() -> None:
    right, left = _drawn(_LATERAL)["L3"].corners, _drawn(replace(_LATERAL, faces_left=True))["L3"].corners
    assert right[0, 0] < right[1, 0]
    assert left[0, 0] > left[1, 0]
    for corners in (right, left):
        assert corners[0, 1] < corners[3, 1]
        assert corners[1, 1] < corners[2, 1]
    assert _drawn(replace(_AP, view=Projection.OBLIQUE, oblique_deg=45))["L3"].corners is None


def test_visible__cuts_at_the_edge_and_leaves_out_what_is_mostly_off() -> None:
    spec = replace(_LATERAL, window=Window.LUMBAR, height=1000, field_mm=250.0)
    spine = place(spec)
    geometry = geometry_of(spec, spine)
    drawn = [vertebra_on_film(placed, geometry, spec) for placed in spine.vertebrae]
    rows = record(spec, spine, geometry, drawn, {})["vertebrae"]
    assert {row["name"]: row["on_film"] for row in rows}["L3"] == "whole"
    assert {row["name"]: row["on_film"] for row in rows}["T1"] == "no"
    for vertebra in drawn:
        shown = visible(vertebra, geometry)
        if shown is not None:
            assert shown.polygon.min() >= 0
            assert shown.polygon[:, 1].max() <= geometry.height


@pytest.mark.parametrize(
    ("variant", "nameless", "absent"),
    [
        (Variant(13), "T13", None),
        (Variant(11), None, "T12"),
        (Variant(12, 6), "L6", None),
        (Variant(12, 4), None, "L5"),
    ],
)
def test_record__names_variants(variant: Variant, nameless: str | None, absent: str | None) -> None:
    spec = replace(_LATERAL, variant=variant)
    spine = place(spec)
    geometry = geometry_of(spec, spine)
    drawn = [vertebra_on_film(placed, geometry, spec) for placed in spine.vertebrae]
    rows = {row["name"]: row for row in record(spec, spine, geometry, drawn, {})["vertebrae"]}
    if nameless:
        assert rows[nameless]["level"] is None
        assert rows[nameless]["variant"]
    if absent:
        assert absent not in rows
    assert [row["level"] for row in rows.values() if row["level"]] == [level for level in LEVELS if level in rows]
