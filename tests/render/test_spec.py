"""Impossible parameters are named."""

from typing import Any

import pytest

from spineyolo.errors import BadInputError
from spineyolo.render.alignment import place
from spineyolo.render.spec import (
    Curve,
    DiscLoss,
    Fracture,
    FractureKind,
    Osteophyte,
    PhantomSpec,
    Projection,
    Side,
    Slip,
    Variant,
    Window,
)


def _spec(**changes: Any) -> PhantomSpec:
    values = {"seed": 0, "view": Projection.AP, "window": Window.WHOLE, "width": 900, "height": 2400, "field_mm": 800}
    return PhantomSpec(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "named", "found"),
    [
        ({"scale": 3.0}, "PhantomSpec.scale", "3"),
        ({"height": 0}, "PhantomSpec.height", "0"),
        ({"lumbar_lordosis_deg": float("nan")}, "PhantomSpec.lumbar_lordosis_deg", "nan"),
        ({"spine_distance_mm": 2100.0}, "PhantomSpec.spine_distance_mm", "2100"),
        ({"curves": (Curve("T5", "T11", 200.0),)}, "PhantomSpec.curves.cobb_deg", "200"),
        ({"curves": (Curve("T11", "T5", 20.0),)}, "PhantomSpec.curves", "T11 to T5"),
        ({"curves": (Curve("T5", "T11", 20.0), Curve("T9", "L3", 20.0))}, "PhantomSpec.curves", "T9 to L3"),
        ({"discs": (DiscLoss("L9", 0.4),)}, "PhantomSpec.discs.level", "L9"),
        ({"discs": (DiscLoss("L4", 1.2),)}, "PhantomSpec.discs.share", "1.2"),
        ({"slips": (Slip("L4", 140, Side.ANTERIOR),)}, "PhantomSpec.slips.percent", "140"),
        ({"fractures": (Fracture("C1", FractureKind.WEDGE, 0.3),)}, "PhantomSpec.fractures.level", "C1"),
        ({"osteophytes": (Osteophyte("L4", True, Side.LEFT, 40.0),)}, "PhantomSpec.osteophytes.size_mm", "40"),
        ({"variant": Variant(14)}, "PhantomSpec.variant.thoracic", "14"),
    ],
)
def test_spec__names_the_impossible_parameter(changes: dict[str, Any], named: str, found: str) -> None:
    with pytest.raises(BadInputError) as error:
        _spec(**changes)
    assert str(error.value).startswith(f"{named}: expected ")
    assert str(error.value).endswith(f"found {found}")


def test_place__names_a_finding_at_a_level_that_the_variant_lacks() -> None:
    with pytest.raises(BadInputError, match=r"PhantomSpec.discs.level.*variant.*L5"):
        place(_spec(variant=Variant(12, 4), discs=(DiscLoss("L5", 0.4),)))
    with pytest.raises(BadInputError, match=r"PhantomSpec.curves.*T12"):
        place(_spec(variant=Variant(11), curves=(Curve("T6", "T12", 20),)))
