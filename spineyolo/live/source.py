"""Frames of a camera, a video file, a stream or a folder of pictures, read beside the work on them."""

from __future__ import annotations

import os
import re
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from spineyolo import imaging
from spineyolo.errors import BadInputError

Picture = npt.NDArray[np.uint8]
"""A frame `(height, width, 3)`, 8 bit BGR."""

FOLDER_FPS: Final = 10.0
"""Frames a second at which a folder of pictures is played; pictures state no rate."""

_USUAL_FPS: Final = 25.0  # where a camera or a file states none
_FASTEST_FPS: Final = 240.0  # a file that states more states nonsense
_TIMEOUT_MS: Final = 10_000  # a stream that is silent for so long is gone
_WAITING: Final = 4  # frames decoded ahead where every frame counts
_ENDS_EARLY: Final = 0.95  # share of the frames a file states, below which it is called cut short


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame.

    Attributes:
        index: its place in the source, from 0; frames dropped on the way are counted.
        time_s: its time in the source, from the first frame.
        arrived_s: `time.perf_counter()` when it was read.
        picture: its pixels.
    """

    index: int
    time_s: float
    arrived_s: float
    picture: Picture


@dataclass(frozen=True, eq=False)
class Source:
    """Where frames come from.

    Attributes:
        name: as the user gave it.
        is_live: frames come when they come and cannot be read again: a camera or a stream.
        fps: frames a second it states.
    """

    name: str
    is_live: bool
    fps: float
    _capture: cv2.VideoCapture | None = None
    _pictures: tuple[Path, ...] = ()

    def frames(self) -> Iterator[Frame]:
        """Yield the frames, as fast as they can be had.

        Raises:
            BadInputError: if the first cannot be read, a camera or stream stops, or a file ends before its end.
        """
        return self._from_capture(self._capture) if self._capture is not None else self._from_pictures()

    def _from_capture(self, capture: cv2.VideoCapture) -> Iterator[Frame]:
        count = 0
        began = time.perf_counter()
        try:
            while True:
                read, picture = capture.read()
                now = time.perf_counter()
                if not read or picture is None:
                    break
                yield Frame(
                    count, now - began if self.is_live else count / self.fps, now, np.asarray(picture, np.uint8)
                )
                count += 1
            self._check_end(count, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        finally:
            capture.release()

    def _check_end(self, count: int, stated: int) -> None:
        """Raise where the frames should not have ended after `count`; some containers state no number (≤ 0)."""
        if self.is_live:
            found = f"none after frame {count}: unplugged, taken by another program, or the connection was lost"
            raise BadInputError(self.name, "frames without end", found)
        if not count:
            raise BadInputError(
                self.name, "a video that can be decoded", "no frame: its codec is missing, or it is broken"
            )
        if count < _ENDS_EARLY * stated:
            raise BadInputError(self.name, f"{stated} frames", f"{count}: the file is cut short or broken there")

    def _from_pictures(self) -> Iterator[Frame]:
        for index, path in enumerate(self._pictures):
            grey = imaging.load(path).grey
            picture = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
            yield Frame(index, index / self.fps, time.perf_counter(), picture)


def open_source(name: str) -> Source:
    """Open a camera (its number: 0, 1, …), a video file, a stream (rtsp://, http://, …) or a folder of pictures.

    A folder's pictures are taken for the frames of one sequence, in the order of their names.

    Raises:
        BadInputError: if it is missing, or cannot be opened.
    """
    path = Path(name)
    if path.is_dir():
        pictures = tuple(sorted(file for file in path.iterdir() if file.suffix.lower() in imaging.IMAGE_SUFFIXES))
        if not pictures:
            raise BadInputError(name, "a folder with PNG, JPEG, TIFF, BMP or DICOM pictures", "none")
        return Source(name, False, FOLDER_FPS, _pictures=pictures)
    is_camera, is_stream = name.isdecimal(), "://" in name
    if not (is_camera or is_stream or path.is_file()):
        raise BadInputError(name, "a camera's number, a video file, a stream's address or a folder", "no such file")
    _quieten()
    capture = _open_camera(int(name)) if is_camera else _open_video(name)
    if not capture.isOpened():
        found = "none that answers" if is_camera or is_stream else "another format, a missing codec or a broken file"
        raise BadInputError(name, _expected(is_camera, is_stream), found)
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return Source(name, is_camera or is_stream, fps if 0 < fps <= _FASTEST_FPS else _USUAL_FPS, capture)


def name_of(source: str) -> str:
    """Return a file name, without ending, for what comes of a source: camera-0, my_video, rtsp-host-stream."""
    if source.isdecimal():
        return f"camera-{source}"
    if "://" in source:  # an address may hold a password: user:password@host
        scheme, rest = source.split("://", 1)
        return "-".join([scheme, *re.findall(r"[A-Za-z0-9.]+", rest.split("?")[0].rsplit("@", 1)[-1])])
    return Path(source).resolve().stem


def _expected(is_camera: bool, is_stream: bool) -> str:
    if is_camera:
        return "a camera of this number"
    return "a stream at this address" if is_stream else "a video"


def _quieten() -> None:
    """Keep OpenCV and FFmpeg from printing their own lines: what is wrong is said in a sentence."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET


def _open_camera(number: int) -> cv2.VideoCapture:
    capture = cv2.VideoCapture(number)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the driver's queue would be delay
    return capture


def _open_video(name: str) -> cv2.VideoCapture:
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
    return cv2.VideoCapture(name, cv2.CAP_FFMPEG, timeouts)


class Reader:
    """Reads a source in a thread of its own.

    In real time it holds the newest frame only, so that delay cannot grow: a frame that nobody fetched before the next
    one came is dropped, and counted; a file is played at its own rate. Otherwise every frame waits its turn.
    """

    def __init__(self, source: Source, real_time: bool) -> None:
        self.source = source
        self.real_time = real_time or source.is_live
        self.dropped = 0
        self._waiting: deque[Frame] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._stopped = False
        self._error: BadInputError | None = None
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self._thread.start()

    def next(self, timeout_s: float) -> Frame | None:
        """Return the next frame; None if none came in time, or the source has ended (see `ended` and `check`)."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._ended, timeout_s)
            frame = self._waiting.popleft() if self._waiting else None
            self._changed.notify_all()
            return frame

    def check(self) -> None:
        """Do nothing if the source is well.

        Raises:
            BadInputError: if it broke.
        """
        if self._error is not None:
            raise self._error

    @property
    def ended(self) -> bool:
        """Whether no more frame will come."""
        with self._changed:
            return self._ended and not self._waiting

    def stop(self) -> None:
        """End reading; a camera that hangs is left to the process's end."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        began = time.perf_counter()
        try:
            for frame in self.source.frames():
                if not self._hand_over(frame, began):
                    break
        except BadInputError as error:
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _hand_over(self, frame: Frame, began: float) -> bool:
        """Put a frame where `next` finds it; return whether reading goes on."""
        with self._changed:
            if self.real_time and not self.source.is_live:
                due = began + frame.time_s
                self._changed.wait_for(lambda: self._stopped, max(0.0, due - time.perf_counter()))
                frame = Frame(frame.index, frame.time_s, max(due, frame.arrived_s), frame.picture)
            elif not self.real_time:
                self._changed.wait_for(lambda: self._stopped or len(self._waiting) < _WAITING)
            if self.real_time and self._waiting:
                self._waiting.clear()
                self.dropped += 1
            self._waiting.append(frame)
            self._changed.notify_all()
            return not self._stopped
