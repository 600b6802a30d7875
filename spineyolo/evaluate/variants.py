"""Columns with a vertebra more or less, on rendered films: is the variant named where its ends are in view?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

import pandas as pd

from spineyolo.detect import Detector
from spineyolo.evaluate.numbering_benchmark import with_true_boxes
from spineyolo.evaluate.tables import markdown
from spineyolo.files import write_atomic
from spineyolo.numbering import Numbering, number
from spineyolo.numbering.variants import VARIANTS, Variant
from spineyolo.render.phantom import RenderedFilm, render
from spineyolo.render.sampling import sample
from spineyolo.render.spec import Hardware, Projection, Window
from spineyolo.render.spec import Variant as Counts

FILMS: Final = (
    (Projection.AP, Window.WHOLE),
    (Projection.LATERAL, Window.WHOLE),
    (Projection.LATERAL, Window.LUMBAR),
)
"""The kinds of film that are numbered."""

SACRALISED: Final = "sacralised L5"
KINDS: Final[Mapping[str, tuple[Counts, Variant | None]]] = {
    "usual": (Counts(), None),
    Variant.THORACIC_11.value: (Counts(thoracic=11), Variant.THORACIC_11),
    Variant.THORACIC_13.value: (Counts(thoracic=13), Variant.THORACIC_13),
    Variant.LUMBAR_4.value: (Counts(lumbar=4), Variant.LUMBAR_4),
    Variant.LUMBAR_6.value: (Counts(lumbar=6), Variant.LUMBAR_6),
    SACRALISED: (Counts(sacralised=True), None),
}
"""Columns, and what numbering should call them. A sacralised L5 is counted as L5 by whoever sees it apart from the
sacrum, and as a column of four lumbar vertebrae by whoever does not: both are right."""

_NOTES: Final = (
    "Films are rendered (`spineyolo/render`), none of them trained on, straight and without metal.",
    "Ends in view: both ends of the region that differs are whole on the film, for the lumbar region T12 and the last "
    "lumbar vertebra; of usual and sacralised columns, the lumbar region's.",
    "Named: the variant is said, or none of a usual column; of a sacralised L5, no variant or 4 lumbar. Flagged: not "
    "named, but a variant is suspected or the numbering is called uncertain. Passed over: called sure, and no variant "
    "said. Another: a variant is said that the column has not.",
    "True boxes: numbering is given the true outlines, each with the looks that the network saw there.",
)


class Verdict(StrEnum):
    """What numbering made of one column."""

    NAMED = "named"
    FLAGGED = "flagged"
    PASSED_OVER = "passed over"
    ANOTHER = "another"


@dataclass(frozen=True)
class Outcome:
    """One film: its column, how it is seen, and what numbering made of it with found and with true boxes."""

    kind: str
    shown: str
    ends_in_view: bool
    found: Verdict
    true_boxes: Verdict


def measure(detector: Detector, count: int, seed: int) -> Iterator[Outcome]:
    """Yield the outcome of `count` films of each kind and view, rendered from `seed` on; kinds share their patients."""
    for view, window in FILMS:
        for kind, (counts, expected) in KINDS.items():
            for patient in range(seed, seed + count):
                spec, style = sample(patient, view, window, degeneration=False)
                film = render(replace(spec, variant=counts, curves=(), hardware=Hardware.NONE), style)
                found = detector.detect(film.grey)
                true = with_true_boxes(found, film.vertebrae)
                verdicts = [
                    verdict(number(seen.boxes, seen.level_scores, len(film.grey)), kind, expected)
                    for seen in (found, true)
                ]
                yield Outcome(kind, f"{view} {window}", ends_in_view(film, kind), verdicts[0], verdicts[1])


def verdict(numbering: Numbering, kind: str, expected: Variant | None) -> Verdict:
    """Return what a numbering comes to, `expected` being the variant of a column of that kind."""
    right = {expected, Variant.LUMBAR_4} if kind == SACRALISED else {expected}
    if numbering.variant in right and (expected is not None or numbering.suspected is None):
        return Verdict.NAMED
    if numbering.variant is not None:
        return Verdict.ANOTHER
    return Verdict.PASSED_OVER if numbering.is_sure() else Verdict.FLAGGED


def ends_in_view(film: RenderedFilm, kind: str) -> bool:
    """Return whether both ends of the region in which a column may be unusual are whole on the film."""
    _, expected = KINDS[kind]
    whole = {row["name"] for row in film.truth["vertebrae"] if row["on_film"] == "whole"}
    ends = VARIANTS[expected].ends if expected is not None else ("T12", "L5")
    return whole.issuperset(ends)


def table(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Return the table, as text: films of each kind and view, and how many got which verdict."""
    rows = []
    for kind, shown, in_view in dict.fromkeys((one.kind, one.shown, one.ends_in_view) for one in outcomes):
        ours = [one for one in outcomes if (one.kind, one.shown, one.ends_in_view) == (kind, shown, in_view)]
        verdicts = {"found": Counter(one.found for one in ours), "true": Counter(one.true_boxes for one in ours)}
        for boxes, counts in verdicts.items():
            film = {"column": kind, "film": shown, "ends in view": "yes" if in_view else "no", "boxes": boxes}
            rows.append(film | {"films": str(len(ours))} | {str(one): str(counts[one]) for one in Verdict})
    return pd.DataFrame(rows)


def write(outcomes: Sequence[Outcome], path: Path, about: Mapping[str, str]) -> None:
    """Write the table as Markdown, whole or not at all."""
    lines = ["# variants", "", *(f"- {key}: `{value}`" for key, value in about.items()), ""]
    lines += [*markdown(table(outcomes)), "", *(f"- {note}" for note in _NOTES)]
    write_atomic(path, ("\n".join(lines) + "\n").encode())
