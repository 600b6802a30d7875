"""One frame with its vertebrae, levels and figures drawn on it, in a few milliseconds."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from spineyolo.anatomy import colour_of
from spineyolo.live.frames import SeenFrame
from spineyolo.live.source import Picture
from spineyolo.numbering.variants import EXTRA_NAMES
from spineyolo.polygons import bounding_box

_OPACITY: Final = 0.3
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_FONT_HEIGHT_PX: Final = 22  # of a capital letter at scale 1
_SMALLEST_LETTER_PX: Final = 9.0


def draw(picture: Picture, seen: SeenFrame, status: str) -> Picture:
    """Return a copy of a frame `(height, width, 3)` BGR with masks, contours, level names, and a line at its foot.

    `draw.overlay` does this for films, with masks of the film's size for each vertebra; here there is no time for that.
    """
    drawn = picture.copy()
    if seen.vertebrae:
        _fill(drawn, seen)
        _name(drawn, seen)
        if not seen.is_sure:
            _write(drawn, "numbering uncertain", 0.06 * drawn.shape[0])
    _write(drawn, status, drawn.shape[0] - 0.02 * drawn.shape[0])
    return drawn


def _fill(drawn: Picture, seen: SeenFrame) -> None:
    """Tint each vertebra's inside in its level's colour and draw its contour."""
    boxes = np.array([bounding_box(vertebra.polygon) for vertebra in seen.vertebrae])
    x0, y0 = np.maximum(np.floor(boxes[:, :2].min(axis=0)).astype(int), 0)
    x1, y1 = np.ceil(boxes[:, 2:].max(axis=0)).astype(int) + 1
    part = drawn[y0:y1, x0:x1]
    if not part.size:
        return
    tinted = part.copy()
    rings = [np.round(vertebra.polygon - np.array([x0, y0])).astype(np.int32) for vertebra in seen.vertebrae]
    colours = [_bgr(vertebra.name) for vertebra in seen.vertebrae]
    for ring, colour in zip(rings, colours, strict=True):
        cv2.fillPoly(tinted, [ring], colour)
    cv2.addWeighted(tinted, _OPACITY, part, 1 - _OPACITY, 0, dst=part)
    for ring, colour in zip(rings, colours, strict=True):
        cv2.polylines(part, [ring], True, colour, max(1, round(max(drawn.shape) / 900)), cv2.LINE_AA)


def _name(drawn: Picture, seen: SeenFrame) -> None:
    """Write each level's name on its colour, right of the vertebra, letters half as high as a usual vertebra."""
    boxes = [bounding_box(vertebra.polygon) for vertebra in seen.vertebrae]
    letter_px = max(0.45 * float(np.median([y1 - y0 for _, y0, _, y1 in boxes])), _SMALLEST_LETTER_PX)
    scale, thickness = letter_px / _FONT_HEIGHT_PX, max(1, round(letter_px / 12))
    for vertebra, (_, y0, x1, y1) in zip(seen.vertebrae, boxes, strict=True):
        width = cv2.getTextSize(vertebra.name, _FONT, scale, thickness)[0][0]
        left, base = round(x1 + letter_px / 3), round((y0 + y1 + letter_px) / 2)
        corner, opposite = (left - 2, round(base - letter_px) - 2), (left + width + 2, base + 3)
        cv2.rectangle(drawn, corner, opposite, _bgr(vertebra.name), -1)
        cv2.putText(drawn, vertebra.name, (left, base), _FONT, scale, (0, 0, 0), thickness, cv2.LINE_AA)


def _bgr(name: str) -> tuple[int, int, int]:
    red, green, blue = colour_of(EXTRA_NAMES.get(name, name))
    return blue, green, red


def _write(drawn: Picture, text: str, base: float) -> None:
    """Write a line from the left edge, legible on any ground."""
    scale = drawn.shape[0] / 900
    for colour, thickness in (((0, 0, 0), 5), ((0, 215, 255), 2)):
        position = (round(20 * scale), round(base))
        cv2.putText(drawn, text, position, _FONT, scale, colour, max(1, round(thickness * scale)), cv2.LINE_AA)
