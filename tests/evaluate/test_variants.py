"""The verdicts on columns with a vertebra more or less, and the table of them."""

import numpy as np
import pytest

from spineyolo.detect import Detections
from spineyolo.evaluate import variants
from spineyolo.evaluate.variants import KINDS, SACRALISED, Outcome, Verdict, ends_in_view, table, verdict
from spineyolo.numbering import Numbering
from spineyolo.numbering.variants import Variant
from spineyolo.render.phantom import RenderedFilm
from spineyolo.render.spec import PhantomSpec

SURE, UNSURE = 99.0, 0.1


@pytest.mark.parametrize(
    ("kind", "numbering", "expected"),
    [
        ("6 lumbar", Numbering(("L6",), SURE, Variant.LUMBAR_6), Verdict.NAMED),
        ("6 lumbar", Numbering(("L5",), SURE, suspected=Variant.LUMBAR_6), Verdict.FLAGGED),
        ("6 lumbar", Numbering(("L5",), UNSURE), Verdict.FLAGGED),
        ("6 lumbar", Numbering(("L5",), SURE), Verdict.PASSED_OVER),
        ("6 lumbar", Numbering(("T13",), UNSURE, Variant.THORACIC_13), Verdict.ANOTHER),
        ("usual", Numbering(("L5",), SURE), Verdict.NAMED),
        ("usual", Numbering(("L5",), SURE, suspected=Variant.LUMBAR_6), Verdict.FLAGGED),
        ("usual", Numbering(("L6",), SURE, Variant.LUMBAR_6), Verdict.ANOTHER),
        (SACRALISED, Numbering(("L5",), SURE), Verdict.NAMED),
        (SACRALISED, Numbering(("L4",), SURE, Variant.LUMBAR_4), Verdict.NAMED),
        (SACRALISED, Numbering(("L4",), SURE, Variant.THORACIC_11), Verdict.ANOTHER),
    ],
)
def test_verdict__by_what_was_said(kind: str, numbering: Numbering, expected: Verdict) -> None:
    assert verdict(numbering, kind, KINDS[kind][1]) is expected


def test_ends_in_view__both_must_be_whole() -> None:
    def film(**on_film: str) -> RenderedFilm:
        rows = [{"name": name, "on_film": state} for name, state in on_film.items()]
        return RenderedFilm(np.zeros((2, 2), np.uint8), (), {"vertebrae": rows})

    assert ends_in_view(film(T12="whole", L6="whole"), "6 lumbar")
    assert not ends_in_view(film(T12="whole", L6="partial"), "6 lumbar")
    assert not ends_in_view(film(T12="no", L6="whole"), "6 lumbar")


def test_table__counts_verdicts_of_found_and_of_true_boxes() -> None:
    outcomes = [
        Outcome("usual", "AP whole", True, Verdict.NAMED, Verdict.NAMED),
        Outcome("usual", "AP whole", True, Verdict.ANOTHER, Verdict.NAMED),
        Outcome("usual", "AP whole", False, Verdict.FLAGGED, Verdict.NAMED),
    ]
    found = table(outcomes)
    assert found["films"].tolist() == ["2", "2", "1", "1"]
    assert found["named"].tolist() == ["1", "2", "0", "1"]
    assert found["another"].tolist() == ["1", "0", "0", "0"]


def test_measure__every_kind_is_rendered_with_its_own_count(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = []

    def rendering(spec: PhantomSpec, style: object) -> RenderedFilm:
        rendered.append((spec.variant.thoracic, spec.variant.lumbar, spec.variant.sacralised))
        return RenderedFilm(np.zeros((4, 4), np.uint8), (), {"vertebrae": []})

    class Blind:
        def detect(self, grey: object) -> Detections:
            return Detections(np.zeros((0, 4), np.float32), np.zeros((0, 24), np.float32), ())

    monkeypatch.setattr(variants, "render", rendering)
    outcomes = list(variants.measure(Blind(), 1, 0))
    assert rendered[:6] == [
        (12, 5, False),
        (11, 5, False),
        (13, 5, False),
        (12, 4, False),
        (12, 6, False),
        (12, 5, True),
    ]
    assert len(outcomes) == len(variants.FILMS) * len(KINDS)
    assert {one.found for one in outcomes} == {Verdict.FLAGGED, Verdict.NAMED}
