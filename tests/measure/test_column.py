import numpy as np
from measure.drawn import SIZE, between, body, lateral, mirrored, one, stack

from spineyolo.anatomy import View
from spineyolo.measure import disc, vertebra
from spineyolo.measure.column import EXACT, column_of

LEVELS = between("L1", "L5")


def void(column, level: str) -> str:
    return column.get(level).void


def test_column_of__sound_bodies_are_not_void():
    assert [item.void for item in lateral(stack(LEVELS)).bodies] == [""] * 5


def test_column_of__cut():
    outlines = stack(LEVELS)
    outlines["L1"] = np.clip(outlines["L1"] - [0, 90], 0, None)
    column = lateral(outlines)
    assert "cut" in void(column, "L1")
    assert "L1: cut" in one(disc.measure(column), "disc_height_middle", "L1-L2").reason
    assert "cut" in one(vertebra.measure(column), "height_loss", "L1").reason


def test_column_of__fused():
    outlines = stack(LEVELS)
    outlines["L3"] = body((300, 100 + 2.5 * 57), 60, 102)
    del outlines["L4"]
    column = lateral(outlines)
    assert "fused" in void(column, "L3")
    assert "fused" in one(vertebra.measure(column), "anterior_to_posterior", "L3").reason


def film(bone: int) -> np.ndarray:
    return np.full(SIZE[::-1], bone, np.uint8)


def test_column_of__metal():
    grey = film(120)
    grey[200:240, 280:310] = 255
    column = lateral(stack(LEVELS), grey)
    assert "metal" in void(column, "L3")
    assert void(column, "L1") == ""
    assert "metal" in one(disc.measure(column), "disc_height_middle", "L3-L4").reason


def test_column_of__overexposed_film_is_not_metal():
    assert [item.void for item in lateral(stack(LEVELS), film(255)).bodies] == [""] * 5


def test_column_of__not_a_body():
    outlines = stack(LEVELS)
    turns = np.linspace(0, 2 * np.pi, 60)
    outlines["L3"] = np.stack([300 + 30 * np.cos(turns), 214 + 22 * np.sin(turns)], axis=1)  # a marker, say
    assert "not a body" in void(lateral(outlines), "L3")


def test_column_of__no_area():
    outlines = {**stack(LEVELS), "L3": np.array([[270, 190], [300, 220], [330, 250]], float)}
    assert "no four sides" in one(vertebra.measure(lateral(outlines)) + disc.measure(lateral(outlines)),
                                  "disc_height_middle", "L3-L4").reason  # fmt: skip


def test_column_of__tells_the_view_and_keeps_to_one_that_is_stated():
    assert column_of(stack(LEVELS, width=55), SIZE, EXACT).view is View.LATERAL
    assert column_of(stack(LEVELS, width=55), SIZE, EXACT, View.AP).view is View.AP


def lordotic() -> dict:
    tilts = np.linspace(-15, 15, 5)
    return {level: body((300, 100 + 60 * row), 55, 45, tilts[row]) for row, level in enumerate(LEVELS)}


def test_column_of__anterior_from_lordosis():
    assert column_of(lordotic(), SIZE, EXACT, View.LATERAL).anterior_right is True
    assert column_of(mirrored(lordotic()), SIZE, EXACT, View.LATERAL).anterior_right is False


def test_column_of__straight_column_has_no_side():
    assert column_of(stack(LEVELS), SIZE, EXACT, View.LATERAL).anterior_right is None


def test_column_of__corners_in_anatomical_order():
    left = lateral(mirrored(lordotic()), right=False).get("L3").corners
    assert left[0, 0] > left[1, 0]  # superior posterior lies right of superior anterior
    assert left[0, 1] < left[3, 1]


def test_column_of__empty():
    column = column_of({}, SIZE, EXACT)
    assert (column.bodies, column.view) == ((), None)
