"""The worst films with their errors drawn on them. Overlays of real films stay in `runs/`, which git ignores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import supervision as sv

from spineyolo import imaging
from spineyolo.draw import MIN_SIDE_PX
from spineyolo.evaluate.error_plots import COLOURS
from spineyolo.evaluate.errors import Finding, Kind
from spineyolo.evaluate.report import FilmPair
from spineyolo.files import write_atomic

_TRUTH: Final = sv.Color.WHITE
_OPACITY: Final = 0.35
_ON_LEFT: Final = (Kind.MISSED, Kind.MERGED)
_LETTER_PX: Final = 22  # of a Hershey capital at scale 1


def write(films: Sequence[FilmPair], findings: Sequence[Sequence[Finding]], images: Path, folder: Path) -> None:
    """Write a PNG a film into a folder, named by its place in the order given: `001_NAME.png`.

    Overlays of an earlier run are removed, so that none stays under another number.

    Raises:
        BadInputError: if a film cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("[0-9][0-9][0-9]_*.png"):
        old.unlink()
    for place, (film, found) in enumerate(zip(films, findings, strict=True), start=1):
        picture = overlay(imaging.load(images / film.image["file_name"]).grey, film, found)
        write_atomic(folder / f"{place:03d}_{film.stem}.png", cv2.imencode(".png", picture)[1].tobytes())


def overlay(grey: npt.NDArray[np.uint8], film: FilmPair, findings: Sequence[Finding]) -> npt.NDArray[np.uint8]:
    """Return a film `(height, width)` with truth in white and what was found in the colour of its kind, BGR.

    Names stand right of a vertebra, as `T5` where the level is right and as `T6 is T5` where it is shifted; what was
    missed is named on the left, with the reason.
    """
    scale = max(1.0, MIN_SIDE_PX / max(grey.shape))
    picture = np.asarray(cv2.cvtColor(cv2.resize(grey, None, fx=scale, fy=scale), cv2.COLOR_GRAY2BGR), np.uint8)
    heights = [annotation["bbox"][3] * scale for annotation in film.truths] or [30.0]
    letter = 0.35 * float(np.median(heights)) / _LETTER_PX
    thickness = max(1, round(max(picture.shape) / 900))
    for finding in findings:
        colour = sv.Color.from_hex(COLOURS[finding.kind])
        if finding.prediction is not None:
            for ring in _rings(film.predictions[finding.prediction], scale):
                picture = sv.draw_filled_polygon(picture, ring, colour, _OPACITY)
                picture = sv.draw_polygon(picture, ring, colour, thickness)
        if finding.truth is not None:
            for ring in _rings(film.truths[finding.truth], scale):
                picture = sv.draw_polygon(picture, ring, _TRUTH, thickness)
        picture = _named(picture, film, finding, colour, scale, letter)
    return np.asarray(picture, np.uint8)


def _rings(annotation: dict[str, Any], scale: float) -> list[npt.NDArray[np.int32]]:
    """Return an annotation's rings in px of the picture; its box where the mask is run lengths."""
    if isinstance(annotation["segmentation"], list):
        rings = [np.reshape(ring, (-1, 2)) for ring in annotation["segmentation"]]
    else:
        x, y, width, height = annotation["bbox"]
        rings = [np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])]
    return [np.round(np.asarray(ring) * scale).astype(np.int32) for ring in rings]


def _named(
    picture: npt.NDArray[np.uint8], film: FilmPair, finding: Finding, colour: sv.Color, scale: float, letter: float
) -> npt.NDArray[np.uint8]:
    text, on_left = _text(finding), finding.kind in _ON_LEFT
    place = film.truths[finding.truth] if finding.truth is not None else film.predictions[finding.prediction or 0]
    x, y, width, height = (value * scale for value in place["bbox"])
    thickness = max(1, round(2 * letter))
    (text_px, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, letter, thickness)
    aside = text_px / 2 + 0.25 * width
    reach = text_px / 2 + 0.5 * letter * _LETTER_PX
    middle = np.clip(x - aside if on_left else x + width + aside, reach, max(reach, picture.shape[1] - reach))
    anchor = sv.Point(float(middle), y + height / 2)
    named = sv.draw_text(
        picture,
        text,
        anchor,
        text_color=sv.Color.WHITE if on_left else sv.Color.BLACK,
        text_scale=letter,
        text_thickness=thickness,
        text_padding=max(2, round(8 * letter)),
        background_color=colour,
    )
    return np.asarray(named, np.uint8)


def _text(finding: Finding) -> str:
    if finding.kind is Kind.RIGHT:
        return finding.level
    if finding.kind in (Kind.SHIFTED, Kind.SWAPPED):
        return f"{finding.named} is {finding.level}"
    return f"{finding.level} {finding.reason or finding.kind}"
