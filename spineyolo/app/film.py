"""A film that lies on the page: what was found on it, and a reader's corrections, which can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from spineyolo.anatomy import LEVELS, View, neighbours_of
from spineyolo.errors import SpineYoloError
from spineyolo.imaging import Radiograph
from spineyolo.numbering import AnchorOrderError, Numbering, number
from spineyolo.numbering.variants import EXTRA_NAMES
from spineyolo.prediction import Prediction


class CorrectionError(SpineYoloError):
    """A correction that cannot be: its text says why, and the film stays as it was."""


@dataclass(frozen=True, eq=False)
class OpenFilm:
    """One film on the page.

    Attributes:
        prediction: its candidates and their names, corrections included; its path is a neutral name, no file.
        radiograph: its pixels.
        anchors: levels that the reader gave, by candidate.
        deleted: candidates that the reader took away.
        before: the film before the last correction; None where there was none.
        view: as the reader stated it; None to tell it from the bodies.
        anterior_right: which side is anterior on a lateral film, as the reader stated it; None to tell it.
    """

    prediction: Prediction
    radiograph: Radiograph
    anchors: Mapping[int, str] = field(default_factory=dict)
    deleted: frozenset[int] = frozenset()
    before: OpenFilm | None = None
    view: View | None = None
    anterior_right: bool | None = None

    @property
    def name(self) -> str:
        """What the page calls the film, `film-1.png`: never the name of the file that was dropped."""
        return self.prediction.path.name


def set_level(film: OpenFilm, candidate: int, level: str) -> OpenFilm:
    """Return the film with one vertebra's level given; the whole column follows it, and what was given before.

    A level stands for one vertebra: if another one had been given it, that one is free again.

    Raises:
        CorrectionError: if the level is none of the 24, or contradicts a level given before.
    """
    if level not in LEVELS:
        raise CorrectionError(f"Expected a level C1…C7, T1…T12 or L1…L5, found {level}.")
    others = {other: given for other, given in film.anchors.items() if given != level and other != candidate}
    try:
        return _renumbered(film, {**others, candidate: level}, film.deleted - {candidate})
    except AnchorOrderError as error:
        given = ", ".join(sorted(others.values(), key=LEVELS.index))
        raise CorrectionError(
            f"{level} does not fit here beside the levels you gave ({given}): levels run down the spine in their "
            "order, with a vertebra for each. Take the other one back first."
        ) from error


def shift(film: OpenFilm, candidate: int, down: bool) -> OpenFilm:
    """Return the film with one vertebra, and the column with it, named one level further up or down.

    Raises:
        CorrectionError: if there is no such level, or as `set_level` does.
    """
    name = film.prediction.numbering.names[candidate]
    if name is None:
        raise CorrectionError("This one carries no level yet: say which one it is.")
    last = EXTRA_NAMES.get(name)  # T12 for T13, L5 for L6
    level = neighbours_of(last or name)[down] if last is None or down else last
    if level is None:
        raise CorrectionError(f"There is no level {'below' if down else 'above'} {name}.")
    return set_level(film, candidate, level)


def delete(film: OpenFilm, candidate: int) -> OpenFilm:
    """Return the film without a candidate that is no vertebra; the column is numbered anew without it."""
    anchors = {other: level for other, level in film.anchors.items() if other != candidate}
    return _renumbered(film, anchors, film.deleted | {candidate})


def undo(film: OpenFilm) -> OpenFilm:
    """Return the film as it was before the last correction.

    Raises:
        CorrectionError: if there was none.
    """
    if film.before is None:
        raise CorrectionError("There is nothing to take back.")
    return replace(film.before, view=film.view, anterior_right=film.anterior_right)


def reset(film: OpenFilm) -> OpenFilm:
    """Return the film as it was first numbered."""
    while film.before is not None:
        film = undo(film)
    return film


def _renumbered(film: OpenFilm, anchors: Mapping[int, str], deleted: frozenset[int]) -> OpenFilm:
    """Number anew what was not deleted, tied to the anchors.

    Raises:
        AnchorOrderError: if no chain keeps all anchors.
    """
    prediction = film.prediction
    found = prediction.detections
    kept = [index for index in range(len(found)) if index not in deleted]
    given = {kept.index(candidate): level for candidate, level in anchors.items()}
    numbering = number(found.boxes[kept], found.level_scores[kept], prediction.height, anchors=given)
    names: list[str | None] = [None] * len(found)
    for index, name in zip(kept, numbering.names, strict=True):
        names[index] = name
    recovered = tuple(kept[index] for index in numbering.recovered)
    spread = Numbering(tuple(names), numbering.margin, numbering.variant, numbering.suspected, recovered)
    return replace(
        film, prediction=replace(prediction, numbering=spread), anchors=anchors, deleted=deleted, before=film
    )
