"""Videos of a film as a camera before a light box sees it, with the outlines and levels of every frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from spineyolo.errors import BadInputError
from spineyolo.film import Vertebra
from spineyolo.polygons import bounding_box, clip_polygon, mask_from_polygon, signed_area
from spineyolo.windows import MIN_VISIBLE

Picture = npt.NDArray[np.uint8]

_ROOM_GREY: Final = 45
_LIGHT_BOX_GREY: Final = 215
_LIGHT_BOX_MARGIN: Final = 0.03  # of the film's height, all round
_SKIN_BGR: Final = (96, 122, 168)


@dataclass(frozen=True)
class Shot:
    """How a camera is held, and what happens before it. Movements are sine waves, each with a period of its own.

    Attributes:
        width, height: of the frames, px.
        frames: how many.
        fps: frames a second.
        film_share: height of the film in frame heights; above 1 it is cut by the frame's edges.
        zoom: how much larger and smaller it gets, a share.
        offset: the film's middle from the frame's, in frame widths and heights.
        pan: how far its middle moves to each side, in frame widths and heights.
        tilt_deg, sway_deg: its mean tilt, clockwise, and how far it turns to each side.
        noise_grey: standard deviation of the noise in each pixel and channel.
        hand: whether a hand passes over the film from a third to two thirds of the video.
        film_from: first frame with a film; the light box is empty before.
        seed: of the noise.
    """

    width: int = 1280
    height: int = 720
    frames: int = 120
    fps: float = 30.0
    film_share: float = 0.9
    zoom: float = 0.04
    offset: tuple[float, float] = (0.0, 0.0)
    pan: tuple[float, float] = (0.08, 0.04)
    tilt_deg: float = 0.0
    sway_deg: float = 3.0
    noise_grey: float = 6.0
    hand: bool = False
    film_from: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            BadInputError: naming the one that is impossible.
        """
        for name in ("width", "height", "frames", "fps", "film_share"):
            if (value := getattr(self, name)) <= 0:
                raise BadInputError(name, "more than 0", str(value))


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """A frame `(height, width, 3)` BGR, and the vertebrae of which it shows `MIN_VISIBLE` or more, in its own px."""

    picture: Picture
    vertebrae: tuple[Vertebra, ...]


def film_video(grey: npt.NDArray[np.uint8], vertebrae: tuple[Vertebra, ...], shot: Shot) -> Iterator[VideoFrame]:
    """Yield the frames of a shot of a film `(height, width)`, the same for the same arguments."""
    rng = np.random.default_rng(shot.seed)
    film = _on_light_box(grey)
    while film.shape[0] > 2 * shot.film_share * shot.height:  # a lens does not skip pixels
        film = np.asarray(cv2.resize(film, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    room = _room(shot)
    for number in range(shot.frames):
        to_frame = _pose(shot, number, grey.shape)
        light_box = np.array([grey.shape[0] * _LIGHT_BOX_MARGIN] * 2)
        picture = _lay(room, film, to_frame, light_box, (film.shape[0] / (grey.shape[0] + 2 * light_box[1])))
        shown: tuple[Vertebra, ...] = ()
        if number < shot.film_from:
            picture = room.copy()
        else:
            hand = _hand(shot, number)
            picture[hand] = _SKIN_BGR
            shown = tuple(seen for item in vertebrae if (seen := _seen(item, to_frame, hand)) is not None)
        noisy = picture + np.float32(shot.noise_grey) * rng.standard_normal(picture.shape, np.float32)
        yield VideoFrame(np.asarray(np.clip(noisy + 0.5, 0, 255), np.uint8), shown)


def _on_light_box(grey: npt.NDArray[np.uint8]) -> Picture:
    margin = round(grey.shape[0] * _LIGHT_BOX_MARGIN)
    framed = cv2.copyMakeBorder(grey, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=[_LIGHT_BOX_GREY])
    return np.asarray(cv2.cvtColor(framed, cv2.COLOR_GRAY2BGR), np.uint8)


def _room(shot: Shot) -> Picture:
    """Return the wall behind: darker towards the edges, with the frame of a cupboard."""
    y, x = np.mgrid[-1 : 1 : shot.height * 1j, -1 : 1 : shot.width * 1j]
    grey = _ROOM_GREY * (1.3 - 0.4 * (x**2 + y**2))
    picture = np.repeat(grey[:, :, None], 3, axis=2).astype(np.uint8)
    left, top = round(0.05 * shot.width), round(0.1 * shot.height)
    cv2.rectangle(picture, (left, top), (left * 3, shot.height - top), (70, 80, 95), max(2, shot.width // 200))
    return picture


def _pose(shot: Shot, number: int, film_shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Return the map `(2, 3)` from film px to frame px."""
    turns = 2 * np.pi * number / shot.fps
    scale = shot.film_share * shot.height / film_shape[0] * (1 + shot.zoom * np.sin(turns / 5.0))
    angle = np.deg2rad(shot.tilt_deg + shot.sway_deg * np.sin(turns / 4.3))
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    x = shot.width * (0.5 + shot.offset[0] + shot.pan[0] * np.sin(turns / 3.7))
    y = shot.height * (0.5 + shot.offset[1] + shot.pan[1] * np.sin(turns / 2.9))
    middle = np.array([film_shape[1], film_shape[0]]) / 2
    return np.column_stack([turn, np.array([x, y]) - turn @ middle])


def _lay(
    room: Picture, film: Picture, to_frame: npt.NDArray[np.float64], margin: npt.NDArray[np.float64], shrunk: float
) -> Picture:
    """Return the room with a film laid on it: `film` has margins (film px) and is `shrunk` against the film itself."""
    matrix = to_frame.copy()
    matrix[:, 2] -= matrix[:, :2] @ margin
    matrix[:, :2] /= shrunk
    matrix[:, 2] += matrix[:, :2].sum(axis=1) * 0.5 - 0.5  # OpenCV's pixel centres lie at integers
    size = (room.shape[1], room.shape[0])
    laid = cv2.warpAffine(film, matrix, size, flags=cv2.INTER_LINEAR)
    covered = cv2.warpAffine(np.full(film.shape[:2], 255, np.uint8), matrix, size, flags=cv2.INTER_LINEAR)
    return np.asarray(np.where(covered[:, :, None] >= 128, laid, room), np.uint8)


def _hand(shot: Shot, number: int) -> npt.NDArray[np.bool_]:
    """Return the mask `(height, width)` of the hand: a palm with four fingers, from below, moving to the right."""
    mask = np.zeros((shot.height, shot.width), np.uint8)
    share = (number / shot.frames - 1 / 3) * 3
    if shot.hand and 0 <= share <= 1:
        size = 0.16 * shot.height
        x, y = shot.width * (0.1 + 0.8 * share), 0.7 * shot.height
        cv2.ellipse(mask, (round(x), round(y)), (round(size), round(1.2 * size)), 0, 0, 360, 255, -1)
        cv2.rectangle(mask, (round(x - 0.6 * size), round(y)), (round(x + 0.6 * size), shot.height), 255, -1)
        for finger in (-0.7, -0.25, 0.2, 0.65):
            tip = (round(x + 1.3 * finger * size), round(y - 2.4 * size))
            cv2.line(mask, (round(x + finger * size), round(y)), tip, 255, round(0.35 * size))
    return np.asarray(mask > 0)


def _seen(vertebra: Vertebra, to_frame: npt.NDArray[np.float64], hand: npt.NDArray[np.bool_]) -> Vertebra | None:
    """Return a vertebra of the film as the frame shows it; None if less than `MIN_VISIBLE` of it is to be seen."""
    polygon = np.asarray(vertebra.polygon @ to_frame[:, :2].T + to_frame[:, 2], np.float32)
    height, width = hand.shape
    inside = clip_polygon(polygon, 0, 0, width, height)
    whole = abs(signed_area(polygon))
    if len(inside) < 3 or abs(signed_area(inside)) < MIN_VISIBLE * whole:
        return None
    x0, y0, x1, y1 = (int(value) for value in bounding_box(inside))
    part = mask_from_polygon(np.asarray(inside - np.array([x0, y0], np.float32)), y1 - y0 + 1, x1 - x0 + 1)
    covering = hand[y0 : y1 + 1, x0 : x1 + 1]  # cut at the frame's edge, which an outline may touch
    hidden = part[: covering.shape[0], : covering.shape[1]] & covering
    if abs(signed_area(inside)) - float(hidden.sum()) < MIN_VISIBLE * whole:
        return None
    return Vertebra(vertebra.level, inside, box_only=vertebra.box_only)
