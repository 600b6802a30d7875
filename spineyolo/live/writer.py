"""A video and a table of frames, written so that what is there can be used whenever writing stops."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, cast

import av
import av.error
import cv2
import numpy as np

from spineyolo.errors import BadInputError
from spineyolo.live.source import Picture

CODECS: Final = {"libx264": {"preset": "ultrafast", "crf": "20"}, "mpeg4": {"qscale": "3"}}
"""Encoders and their settings, the better one first; PyAV's own builds have both."""

_TIME_BASE: Final = Fraction(1, 90_000)  # MPEG's clock


class VideoWriter:
    """An MP4 of pictures of one size, each shown at its own time.

    The file is fragmented: a second of video is written with its own index, so that it can be played up to there even
    if the process is killed.
    """

    def __init__(self, path: Path, width: int, height: int, fps: float) -> None:
        """Create the file.

        Args:
            path: where; its folder exists.
            width, height: px of all pictures; what is odd is made even by a black line, as H.264 asks for.
            fps: about how many pictures come a second.

        Raises:
            BadInputError: if it cannot be written, or no encoder is there.
        """
        self.path = path
        self._size = (width + width % 2, height + height % 2)
        codec = next((name for name in CODECS if name in av.codecs_available), None)
        if codec is None:
            raise BadInputError(path, f"one of the encoders {', '.join(CODECS)} in PyAV", "none; reinstall av")
        flags = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
        try:
            self._container = av.open(str(path), "w", format="mp4", options=flags)
            rate = Fraction(fps).limit_denominator(1000)
            self._stream = cast(av.VideoStream, self._container.add_stream(codec, rate=rate))
            self._stream.width, self._stream.height = self._size
            self._stream.pix_fmt = "yuv420p"
            self._stream.options = dict(CODECS[codec])
            self._stream.codec_context.time_base = _TIME_BASE
            self._stream.codec_context.gop_size = max(1, round(fps))
            self._container.start_encoding()
        except (av.error.FFmpegError, ValueError) as error:
            raise BadInputError(path, "a video file that can be written", str(error)) from error
        self._last = -1

    def write(self, picture: Picture, time_s: float) -> None:
        """Add a picture `(height, width, 3)` BGR that is shown from `time_s` on; times rise. Another size is fitted in.

        Raises:
            BadInputError: if the disk is full or gone.
        """
        frame = av.VideoFrame.from_ndarray(_fitted(picture, *self._size), format="bgr24")
        self._last = max(self._last + 1, round(time_s / _TIME_BASE))
        frame.pts, frame.time_base = self._last, _TIME_BASE
        try:
            self._container.mux(self._stream.encode(frame))
        except av.error.FFmpegError as error:
            raise BadInputError(self.path, "a video file that can be written", str(error)) from error

    def close(self) -> None:
        """Write what the encoder still holds, and end the file."""
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _fitted(picture: Picture, width: int, height: int) -> Picture:
    """Return a picture scaled into a frame of `width` x `height` px, black where it leaves room."""
    if not (0 <= height - picture.shape[0] <= 1 and 0 <= width - picture.shape[1] <= 1):
        scale = min(width / picture.shape[1], height / picture.shape[0])
        picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    if picture.shape[:2] == (height, width):
        return picture
    bottom, right = height - picture.shape[0], width - picture.shape[1]
    return np.asarray(cv2.copyMakeBorder(picture, 0, bottom, 0, right, cv2.BORDER_CONSTANT, value=[0, 0, 0]), np.uint8)


class LinesWriter:
    """A JSON document a line, each on the disk before the next one begins."""

    def __init__(self, path: Path) -> None:
        """Create the file.

        Raises:
            BadInputError: if it cannot be written.
        """
        try:
            self._file = path.open("w", encoding="utf-8", buffering=1)
        except OSError as error:
            raise BadInputError(path, "a file that can be written", error.strerror or "an error") from error

    def write(self, document: dict[str, Any]) -> None:
        """Add a line."""
        self._file.write(json.dumps(document) + "\n")

    def close(self) -> None:
        """End the file."""
        self._file.close()
