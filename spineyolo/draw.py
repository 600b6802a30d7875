"""Overlays: mask, contour and level name of each vertebra, drawn with supervision."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import supervision as sv

from spineyolo.anatomy import INDEX, LEVELS, colour_of
from spineyolo.export import numbering_text
from spineyolo.numbering.variants import EXTRA_NAMES
from spineyolo.polygons import bounding_box, mask_from_polygon
from spineyolo.prediction import Prediction

MIN_SIDE_PX = 1000
"""Smaller films are enlarged until their longer side has so many px, so that names stay legible."""

_PALETTE = sv.ColorPalette([sv.Color(*colour_of(level)) for level in LEVELS])
_MASK_OPACITY = 0.3
_HERSHEY_HEIGHT_PX = 22  # of a capital letter at scale 1


def overlay(grey: npt.NDArray[np.uint8], prediction: Prediction) -> npt.NDArray[np.uint8]:
    """Return a film `(height, width)` with its numbered vertebrae drawn on it, `(height, width, 3)` BGR.

    Contours keep their width and names the height of half a vertebra, whatever the film's size. A film whose
    numbering is uncertain, or whose column is unusual, says so at its top edge.
    """
    scale = max(1.0, MIN_SIDE_PX / max(grey.shape))
    enlarged = cv2.resize(grey, None, fx=scale, fy=scale)
    picture = np.asarray(cv2.cvtColor(enlarged, cv2.COLOR_GRAY2BGR), np.uint8)
    numbered = [
        (name, polygon * np.float32(scale))
        for name, polygon in zip(prediction.numbering.names, prediction.detections.polygons, strict=True)
        if name is not None
    ]
    if not numbered:
        _write_line(picture, "no vertebra found")
        return picture
    picture = _draw_vertebrae(picture, numbered)
    if (text := numbering_text(prediction)) != "sure":
        _write_line(picture, f"numbering {text}")
    return picture


def _draw_vertebrae(
    picture: npt.NDArray[np.uint8], numbered: list[tuple[str, npt.NDArray[np.float32]]]
) -> npt.NDArray[np.uint8]:
    height, width = picture.shape[:2]
    boxes = np.array([bounding_box(polygon) for _, polygon in numbered])
    detections = sv.Detections(
        xyxy=boxes,
        mask=np.stack([mask_from_polygon(polygon, height, width) for _, polygon in numbered]),
        class_id=np.array([INDEX[EXTRA_NAMES.get(name, name)] for name, _ in numbered]),
    )
    line_px = max(1, round(max(height, width) / 900))
    letter_px = 0.5 * float(np.median(boxes[:, 3] - boxes[:, 1]))
    picture = sv.MaskAnnotator(_PALETTE, opacity=_MASK_OPACITY).annotate(picture, detections)
    picture = sv.PolygonAnnotator(_PALETTE, thickness=line_px).annotate(picture, detections)
    names = sv.LabelAnnotator(
        _PALETTE,
        text_color=sv.Color.BLACK,
        text_scale=letter_px / _HERSHEY_HEIGHT_PX,
        text_thickness=max(1, round(letter_px / 12)),
        text_padding=max(2, round(letter_px / 4)),
        text_position=sv.Position.CENTER_RIGHT,
    )
    return np.asarray(names.annotate(picture, detections, labels=[name for name, _ in numbered]), np.uint8)


def _write_line(picture: npt.NDArray[np.uint8], text: str) -> None:
    """Write a line of text at the top edge, as wide as half of the film."""
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
    scale = picture.shape[1] / 2 / width
    position = (round(height * scale * 0.6), round(height * scale * 1.6))
    for colour, thickness in (((0, 0, 0), 6), ((0, 215, 255), 2)):
        cv2.putText(
            picture,
            text,
            position,
            cv2.FONT_HERSHEY_SIMPLEX,
            scale,
            colour,
            max(1, round(thickness * scale)),
            cv2.LINE_AA,
        )
