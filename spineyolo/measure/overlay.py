"""Where on the film each measurement was taken."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import supervision as sv

from spineyolo.anatomy import colour_of
from spineyolo.draw import MIN_SIDE_PX
from spineyolo.measure.chain import spine_curve
from spineyolo.measure.column import Body, Column, Grey
from spineyolo.measure.measurement import Array, Measurement

Picture = npt.NDArray[np.uint8]

_VOID: Final = sv.Color(160, 160, 160)
_CURVE: Final = sv.Color(255, 255, 255)
# By what a measure's name starts with; Okabe and Ito's colours (2008).
_COLOURS: Final = {
    "cobb": sv.Color(230, 159, 0),
    "cervical": sv.Color(230, 159, 0),
    "thoracic": sv.Color(230, 159, 0),
    "lumbar": sv.Color(230, 159, 0),
    "disc_height": sv.Color(86, 180, 233),
    "slip": sv.Color(204, 121, 167),
    "middle_to": sv.Color(0, 158, 115),
    "spur": sv.Color(213, 94, 0),
}
_WRITTEN: Final = ("cobb", "cervical", "thoracic", "lumbar")


def draw(grey: Grey, column: Column, measurements: tuple[Measurement, ...]) -> Picture:
    """Return a film `(height, width)` with bodies, corners, the spine's curve and every line that was measured along.

    Bodies on which nothing is measured are grey and crossed. `(height, width, 3)` BGR.
    """
    scale = max(1.0, MIN_SIDE_PX / max(grey.shape))
    picture = np.asarray(cv2.cvtColor(cv2.resize(grey, None, fx=scale, fy=scale), cv2.COLOR_GRAY2BGR), np.uint8)
    line_px = max(1, round(max(picture.shape) / 1000))
    for body in column.bodies:
        picture = _draw_body(picture, body, scale, line_px)
    centres = np.array([body.centre for body in column.bodies]).reshape(-1, 2)
    curve = np.rint(spine_curve(centres) * scale).astype(np.int32)
    cv2.polylines(picture, [curve], False, _CURVE.as_bgr(), line_px, cv2.LINE_AA)
    for measurement in measurements:
        if measurement.value is not None:
            _draw_measurement(picture, measurement, scale, line_px)
    return picture


def _draw_body(picture: Picture, body: Body, scale: float, line_px: int) -> Picture:
    colour = _VOID if body.void else sv.Color(*colour_of(body.level))
    picture = sv.draw_polygon(picture, np.rint(body.corners * scale).astype(int), colour, line_px)
    for corner in body.corners:
        cv2.circle(picture, _at(corner, scale), 2 * line_px, colour.as_bgr(), -1, cv2.LINE_AA)
    if body.void:
        for start, end in ((0, 2), (1, 3)):
            cv2.line(picture, _at(body.corners[start], scale), _at(body.corners[end], scale), colour.as_bgr(), line_px)
    beside = np.array([body.corners[:, 0].max() + 0.3 * body.height_px, body.centre[1] + 0.25 * body.height_px])
    _write(picture, body.level, beside, scale, 0.5 * body.height_px * scale, colour)
    return picture


def _draw_measurement(picture: Picture, measurement: Measurement, scale: float, line_px: int) -> None:
    colour = next((c for start, c in _COLOURS.items() if measurement.name.startswith(start)), None)
    if colour is None:
        return
    for start, end in measurement.segments:
        cv2.line(picture, _at(start, scale), _at(end, scale), colour.as_bgr(), line_px, cv2.LINE_AA)
    if measurement.name.startswith(_WRITTEN) and measurement.segments:
        text = f"{measurement.where} {measurement.value:.0f}+-{measurement.error or 0:.0f} deg"
        margin = np.array([0.0, measurement.segments[0][0][1]])
        _write(picture, text, margin, scale, 14.0 * line_px, colour)


def _at(point: Array | tuple[float, float], scale: float) -> tuple[int, int]:
    return round(float(point[0]) * scale), round(float(point[1]) * scale)


def _write(picture: Picture, text: str, where: Array, scale: float, height_px: float, colour: sv.Color) -> None:
    """Write text in capitals of `height_px`, kept inside the picture, with a dark rim."""
    size = height_px / 22
    thick = max(1, round(height_px / 10))
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
    x, y = _at(where, scale)
    origin = (int(np.clip(x, 0, max(0, picture.shape[1] - width))), int(np.clip(y, height_px, picture.shape[0])))
    for shade, extra in (((0, 0, 0), 2), (colour.as_bgr(), 0)):
        cv2.putText(picture, text, origin, cv2.FONT_HERSHEY_SIMPLEX, size, shade, thick + extra, cv2.LINE_AA)
