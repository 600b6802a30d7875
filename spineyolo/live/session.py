"""Reading, numbering and writing run beside one another until the source ends, or somebody says stop."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol

import numpy as np

from spineyolo.live.frames import FrameNumbering, SeenFrame
from spineyolo.live.overlay import draw
from spineyolo.live.source import Frame, Picture, Reader
from spineyolo.live.writer import LinesWriter, VideoWriter

_WAIT_S: Final = 0.2  # for a frame, before it is asked again whether to stop
_RATE_FRAMES: Final = 30  # over which frames a second are counted


@dataclass
class Figures:
    """How fast a session is: for the last frame, and over all."""

    frames: int = 0
    dropped: int = 0
    seconds: float = 0.0
    delays_s: list[float] = field(default_factory=list)
    _began: float = field(default_factory=time.perf_counter)
    _done: deque[float] = field(default_factory=lambda: deque(maxlen=_RATE_FRAMES))

    def add(self, arrived_s: float, dropped: int) -> None:
        """Count a frame that was read at `arrived_s` (`time.perf_counter`) and is ready now."""
        now = time.perf_counter()
        self._done.append(now)
        self.delays_s.append(now - arrived_s)
        self.frames, self.dropped, self.seconds = self.frames + 1, dropped, now - self._began

    @property
    def fps(self) -> float:
        """Frames a second over the last ones."""
        took = self._done[-1] - self._done[0] if len(self._done) > 1 else 0.0
        return (len(self._done) - 1) / took if took > 0 else 0.0

    def delay_ms(self, percentile: float) -> float:
        """Return the delay from reading to ready that a percentage of frames does not exceed, ms; 0 without frames."""
        return float(np.percentile(self.delays_s, percentile)) * 1000 if self.delays_s else 0.0

    def summary(self) -> str:
        """Return all figures in a line."""
        rate = self.frames / self.seconds if self.seconds else 0.0
        return (
            f"{self.frames} frames in {self.seconds:.1f} s, {rate:.1f} frames a second, "
            f"delay {self.delay_ms(50):.0f} ms (95 %: {self.delay_ms(95):.0f} ms), {self.dropped} dropped"
        )


class Output(Protocol):
    """Where numbered frames go."""

    @property
    def where(self) -> str:
        """What was written, in words; empty if nothing."""
        ...

    def put(self, picture: Picture, frame: Frame, seen: SeenFrame, figures: Figures) -> bool:
        """Take one drawn frame, and what is on it; return whether the session goes on."""
        ...


def watch(
    reader: Reader, numbering: FrameNumbering, output: Output, stop: threading.Event, figures: Figures | None = None
) -> Figures:
    """Number a reader's frames until it ends, its output has enough, or `stop` is set; return the figures.

    Raises:
        BadInputError: if the source breaks or the output cannot be written; what was written stays.
    """
    figures = figures or Figures()
    try:
        while not stop.is_set() and not reader.ended:
            frame = reader.next(_WAIT_S)
            if frame is None:
                continue
            seen = numbering.see(frame.picture, frame.time_s)
            figures.add(frame.arrived_s, reader.dropped)
            if not output.put(draw(frame.picture, seen, _status(reader, figures)), frame, seen, figures):
                break
        reader.check()
    finally:
        reader.stop()
    return figures


def _status(reader: Reader, figures: Figures) -> str:
    rate = f"{figures.fps:.0f} frames/s"
    if not reader.real_time:
        return rate
    return f"{rate}, delay {figures.delays_s[-1] * 1000:.0f} ms, {figures.dropped} dropped"


class FileOutput:
    """The drawn frames as `<name>_numbered.mp4`, and a line of JSON for each in `<name>_numbered.jsonl`."""

    def __init__(self, folder: Path, name: str, fps: float) -> None:
        """Take a folder that exists, a file name without ending, and about how many frames come a second."""
        self.video_path, self.lines_path = folder / f"{name}_numbered.mp4", folder / f"{name}_numbered.jsonl"
        self._fps = fps
        self._lines = LinesWriter(self.lines_path)
        self._video: VideoWriter | None = None

    @property
    def where(self) -> str:
        """The files, in words."""
        return f"Wrote {self.video_path} and {self.lines_path}" if self._video else f"Wrote {self.lines_path}, no frame"

    def put(self, picture: Picture, frame: Frame, seen: SeenFrame, figures: Figures) -> bool:
        """Write one frame to both files.

        Raises:
            BadInputError: if the video cannot be written.
        """
        if self._video is None:
            self._video = VideoWriter(self.video_path, picture.shape[1], picture.shape[0], self._fps)
        self._video.write(picture, frame.time_s)
        self._lines.write(line_of(frame, seen, figures))
        return True

    def __enter__(self) -> FileOutput:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._video is not None:
            self._video.close()
        self._lines.close()


def line_of(frame: Frame, seen: SeenFrame, figures: Figures) -> dict[str, Any]:
    """Return one frame as what a line of JSON holds: vertebrae from the top down, outlines in px of the frame."""
    return {
        "frame": frame.index,
        "time_s": round(frame.time_s, 4),
        "delay_ms": round(figures.delays_s[-1] * 1000, 1),
        "fps": round(figures.fps, 1),
        "dropped": figures.dropped,
        "numbering": "sure" if seen.is_sure else "uncertain",
        "vertebrae": [
            {
                "level": vertebra.name,
                "track": vertebra.track,
                "score": round(vertebra.score, 4),
                "agreement": round(vertebra.agreement, 3),
                "polygon": np.round(vertebra.polygon.astype(float), 1).tolist(),
            }
            for vertebra in seen.vertebrae
        ],
    }
