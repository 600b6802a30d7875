import numpy as np
import pytest
from measure.drawn import SIZE, between, body, lateral, mirrored, one, rounded, stack, turned, value

from spineyolo.anatomy import View
from spineyolo.measure import cobb
from spineyolo.measure.column import EXACT, column_of
from spineyolo.measure.definitions import DEFINITIONS

LEVELS = between("T1", "L5")


def scoliosis(swing_deg: float, until: int = 16) -> dict:
    """A C curve whose bodies' tilts go from -swing / 2 to swing / 2 by body number `until`."""
    tilts = np.interp(np.arange(17), [0, until], [-swing_deg / 2, swing_deg / 2])
    x, y, outlines = 250.0, 80.0, {}
    for level, tilt in zip(LEVELS, tilts, strict=True):
        outlines[level] = body((x, y), 80, 42, tilt)
        x, y = x - 58 * np.sin(np.radians(tilt)), y + 58 * np.cos(np.radians(tilt))
    return outlines


def ap(outlines: dict):
    return column_of(outlines, SIZE, EXACT, View.AP)


@pytest.mark.parametrize("swing", [8, 25, 60])
def test_aasce_angles__drawn_angle(swing):
    corners = np.stack(list(scoliosis(swing).values()))
    assert cobb.aasce_angles(corners, SIZE[1])[0] == pytest.approx(swing, abs=0.01)


@pytest.mark.parametrize("swing", [12, 30, 60])
def test_aasce_angles__from_outlines(swing):
    column = ap({level: rounded(ring, 6) for level, ring in scoliosis(swing).items()})
    corners = np.stack([item.corners for item in column.bodies])
    assert cobb.aasce_angles(corners, SIZE[1])[0] == pytest.approx(swing, abs=0.5)


def test_aasce_angles__one_sided_column_is_split_at_the_end_vertebrae():
    angles = cobb.aasce_angles(np.stack(list(scoliosis(40).values())), SIZE[1])
    assert angles == pytest.approx([40, 0, 0], abs=0.01)


@pytest.mark.parametrize(("height", "third"), [(4000, 23.0), (700, 6.0)])
def test_aasce_angles__s_curve_asks_where_the_curve_lies(height, third):
    tilts = np.interp(np.arange(17), [0, 2, 6, 12, 16], [4, 10, -15, 15, -8])
    x, y, corners = 250.0, 80.0, []
    for tilt in tilts:
        corners.append(body((x, y), 80, 42, tilt))
        x, y = x - 58 * np.sin(np.radians(tilt)), y + 58 * np.cos(np.radians(tilt))
    angles = cobb.aasce_angles(np.array(corners), height)
    assert angles == pytest.approx([30, 25, third], abs=0.01)


def test_curves__names_ends_direction_and_apex():
    main = one(cobb.curves(ap(scoliosis(50))), "cobb_main", "T1-L5")
    assert main.label == "convex to the image's right, apex T9"
    mirror = one(
        cobb.curves(ap(mirrored({k: v[[1, 0, 3, 2]] for k, v in scoliosis(50).items()}))), "cobb_main", "T1-L5"
    )
    assert mirror.label == "convex to the image's left, apex T9"
    assert mirror.value == pytest.approx(main.value, abs=0.01)


@pytest.mark.parametrize("swing", [12, 50])
def test_curves__drawn_angle(swing):
    outlines = {level: rounded(ring, 6) for level, ring in scoliosis(swing).items()}
    assert value(cobb.curves(ap(outlines)), "cobb_main", "T1-L5") == pytest.approx(swing, abs=0.5)


def test_curves__turned_film():
    main = value(cobb.curves(ap(scoliosis(50))), "cobb_main", "T1-L5")
    assert value(cobb.curves(ap(turned(scoliosis(50), 8))), "cobb_main", "T1-L5") == pytest.approx(main, abs=0.1)


def test_curves__names_a_missing_level():
    outlines = scoliosis(50)
    del outlines["T8"]
    assert "without T8" in one(cobb.curves(ap(outlines)), "cobb_main", "T1-L5").label


def test_curves__not_on_laterals_nor_on_four_bodies():
    assert "AP films only" in cobb.curves(lateral(stack(between("T1", "T8"))))[0].reason
    assert "4 usable bodies" in cobb.curves(ap(stack(between("L1", "L4"))))[0].reason


def test_curves__error_grows_with_corner_noise():
    narrow, wide = scoliosis(50), {level: rounded(ring, 6, noise=1) for level, ring in scoliosis(50).items()}
    errors = [cobb.curves(ap(outlines))[0].error for outlines in (narrow, wide)]
    assert errors[0] < 0.1
    assert 0.5 < errors[1] < 15


@pytest.mark.parametrize("right", [True, False])
def test_sagittal__lordosis(right):
    tilts = np.linspace(-20, 22, 5)
    outlines = {level: body((300, 100 + 60 * row), 60, 45, tilts[row]) for row, level in enumerate(between("L1", "L5"))}
    found = cobb.sagittal(lateral(outlines if right else mirrored(outlines), right=right))
    assert value(found, "lumbar_lordosis_l1_l5", "L1-L5") == pytest.approx(42, abs=0.1)
    assert "C2 was not found" in one(found, "cervical_lordosis", "C2-C7").reason


def test_sagittal__kyphosis_is_positive():
    levels = between("T4", "T12")
    tilts = np.linspace(18, -17, 9)
    outlines = {level: body((300, 100 + 60 * row), 60, 45, tilts[row]) for row, level in enumerate(levels)}
    assert value(cobb.sagittal(lateral(outlines)), "thoracic_kyphosis", "T4-T12") == pytest.approx(35, abs=0.1)


def test_sagittal__lumbar_lordosis_without_s1_is_l1_l5_and_named_so():
    outlines = {level: body((300, 100 + 60 * row), 60, 45, 5 * row) for row, level in enumerate(between("T12", "L5"))}
    given = [m for m in cobb.sagittal(lateral(outlines)) if "lumbar" in m.name and m.value is not None]
    assert [(m.where, DEFINITIONS[m.name].title) for m in given] == [("L1-L5", "Lumbar lordosis L1-L5")]
    whole = one(cobb.sagittal(lateral(outlines)), "lumbar_lordosis_l1_s1", "L1-S1")
    assert whole.value is None and "S1" in whole.reason and "L1-L5" in whole.reason
    without_l5 = {level: ring for level, ring in outlines.items() if level != "L5"}
    assert one(cobb.sagittal(lateral(without_l5)), "lumbar_lordosis_l1_l5", "L1-L5").reason == "L5 was not found"
