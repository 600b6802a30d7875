import numpy as np
import pytest
from spines import Spine, looks_of, spine

from spineyolo.anatomy import LEVELS
from spineyolo.numbering import Costs, number
from spineyolo.numbering.variants import USUAL, VARIANTS, Variant


def unusual(variant: Variant, top: str, bottom: str, room_px: float = 200.0) -> Spine:
    """A column of some variant whose looks are clear: those of the usual levels, stretched over the region."""
    kind = VARIANTS[variant]
    rows = range(kind.names.index(top), kind.names.index(bottom) + 1)
    y0 = room_px + 40.5 * np.arange(len(rows))
    boxes = np.stack([np.full(len(rows), 50.0), y0, np.full(len(rows), 90.0), y0 + 30], axis=1).astype(np.float32)
    scores = np.stack([looks_of(kind.looks[row].mean(), 0.8, 0.005) for row in rows]).astype(np.float32)
    return Spine(boxes, scores, tuple(kind.names[row] for row in rows), int(y0[-1] + 30 + room_px))


@pytest.mark.parametrize(
    ("variant", "count"),
    [(Variant.THORACIC_11, 23), (Variant.THORACIC_13, 25), (Variant.LUMBAR_4, 23), (Variant.LUMBAR_6, 25)],
)
def test_variants__names_and_looks(variant: Variant, count: int) -> None:
    kind = VARIANTS[variant]
    assert len(kind.names) == len(kind.looks) == count
    assert (np.diff(kind.looks, axis=0) >= 0).all() and (np.diff(kind.looks, axis=1) <= 1).all()
    assert kind.looks[0].tolist() == [0, 0] and kind.looks[-1].tolist() == [23, 23]
    assert kind.names[: kind.shared] == LEVELS[: kind.shared] and kind.shared >= 7


def test_variants__the_usual_column_is_the_24_levels() -> None:
    assert USUAL.names == LEVELS and USUAL.shared == 24


@pytest.mark.parametrize(
    ("variant", "top", "last"),
    [(Variant.THORACIC_13, "C2", "L5"), (Variant.THORACIC_11, "C2", "L5"), (Variant.LUMBAR_6, "T1", "L6")],
)
def test_number__variant_with_both_ends_in_view(variant: Variant, top: str, last: str) -> None:
    film = unusual(variant, top, last)
    numbering = number(film.boxes, film.scores, film.height)
    assert numbering.variant is variant and numbering.suspected is None
    assert numbering.names == film.names
    extra = [name for name in film.names if name not in LEVELS]
    assert len([level for level in numbering.levels if level is None]) == len(extra)


def test_number__variant_with_an_end_out_of_view_is_flagged() -> None:
    """Six lumbar vertebrae, but the film ends at the last: the sacrum that would prove it is not seen."""
    film = unusual(Variant.LUMBAR_6, "C2", "L6", room_px=30)
    numbering = number(film.boxes, film.scores, film.height)
    assert numbering.variant is None and numbering.suspected is Variant.LUMBAR_6
    assert not numbering.is_sure() and "L6" not in numbering.names


@pytest.mark.parametrize("top", ["C1", "C5", "T1", "T6"])
def test_number__no_variant_where_there_is_none(top: str) -> None:
    film = spine(top, "L5", margin_px=200)
    numbering = number(film.boxes, film.scores, film.height)
    assert numbering.variant is None and numbering.suspected is None


def test_number__variant_has_its_price() -> None:
    film = unusual(Variant.THORACIC_13, "C2", "L5")
    assert number(film.boxes, film.scores, film.height, Costs(variant=50)).variant is None


def test_number__variant_a_little_dearer_is_suspected() -> None:
    film = unusual(Variant.THORACIC_13, "C2", "L5")
    usual = number(film.boxes, film.scores, film.height, Costs(variant=1e6)).names
    price = next(price for price in range(1, 100) if not _variant(film, Costs(variant=price, variant_doubt=0)))
    near = number(film.boxes, film.scores, film.height, Costs(variant=price + 1, variant_doubt=3))
    far = number(film.boxes, film.scores, film.height, Costs(variant=price + 5, variant_doubt=3))
    assert near.names == usual and near.suspected is Variant.THORACIC_13 and not near.is_sure()
    assert far.names == usual and far.suspected is None


def _variant(film: Spine, costs: Costs) -> Variant | None:
    return number(film.boxes, film.scores, film.height, costs).variant


def test_number__sacralised_l5_ends_at_l4() -> None:
    film = unusual(Variant.LUMBAR_4, "T1", "L4")
    assert number(film.boxes, film.scores, film.height).names == film.names
