import json
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from live.drawn import GreyDetector, film
from live.test_writer import frames_of

from spineyolo.errors import BadInputError
from spineyolo.live.frames import FrameNumbering
from spineyolo.live.session import Figures, FileOutput, watch
from spineyolo.live.source import Frame, Picture, Reader, open_source
from spineyolo.live.window import WindowOutput
from spineyolo.render.video import Shot, film_video


def folder_of_frames(folder: Path, count: int) -> Path:
    folder.mkdir()
    shot = Shot(width=480, height=270, frames=count, noise_grey=2)
    for number, frame in enumerate(film_video(*film(), shot)):
        cv2.imwrite(str(folder / f"{number:03d}.png"), frame.picture)
    return folder


def watched(source: Path, out: Path, stop: threading.Event | None = None) -> Figures:
    with FileOutput(out, "a", 10) as output:
        reader = Reader(open_source(str(source)), real_time=False)
        return watch(reader, FrameNumbering(GreyDetector(), 640), output, stop or threading.Event())


def test_watch__every_frame_is_drawn_and_listed(tmp_path: Path) -> None:
    figures = watched(folder_of_frames(tmp_path / "in", 12), tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "a_numbered.jsonl").read_text().splitlines()]
    frames = frames_of(tmp_path / "a_numbered.mp4")
    assert figures.frames == len(lines) == len(frames) == 12
    assert [line["frame"] for line in lines] == list(range(12))
    assert [vertebra["level"] for vertebra in lines[-1]["vertebrae"]][:3] == ["T8", "T9", "T10"]
    polygon = np.array(lines[-1]["vertebrae"][4]["polygon"])
    x, y = polygon.mean(axis=0).astype(int)
    assert np.ptp(frames[-1][y, x].astype(int)) > 15  # tinted
    assert "12 frames" in figures.summary() and "0 dropped" in figures.summary()


def test_watch__levels_are_the_same_in_a_second_run(tmp_path: Path) -> None:
    source = folder_of_frames(tmp_path / "in", 6)
    seen = []
    for _ in range(2):
        watched(source, tmp_path)
        lines = (tmp_path / "a_numbered.jsonl").read_text().splitlines()
        seen.append([json.loads(line)["vertebrae"] for line in lines])
    assert seen[0] == seen[1]


def test_watch__stops_when_told_and_the_video_can_be_played(tmp_path: Path) -> None:
    stop = threading.Event()

    class Stopping(GreyDetector):
        def detect(self, grey):  # type: ignore[no-untyped-def]
            if self.seen == 4:
                stop.set()
            return super().detect(grey)

    source = folder_of_frames(tmp_path / "in", 12)
    with FileOutput(tmp_path, "a", 10) as output:
        watch(Reader(open_source(str(source)), False), FrameNumbering(Stopping(), 640), output, stop)
    assert len(frames_of(tmp_path / "a_numbered.mp4")) == 5


def test_watch__a_source_that_breaks_is_told_and_what_was_written_can_be_played(tmp_path: Path) -> None:
    source = folder_of_frames(tmp_path / "in", 5)
    (source / "004.png").write_bytes(b"broken")
    with pytest.raises(BadInputError, match=r"004\.png"):
        watched(source, tmp_path)
    assert len(frames_of(tmp_path / "a_numbered.mp4")) == 4


class ThreeFrames:
    """An output that has enough after three frames, as when its window is closed."""

    where = ""

    def put(self, picture: Picture, frame: Frame, seen: object, figures: Figures) -> bool:
        return figures.frames < 3


def test_watch__ends_when_the_output_has_enough(tmp_path: Path) -> None:
    reader = Reader(open_source(str(folder_of_frames(tmp_path / "in", 6))), real_time=False)
    figures = watch(reader, FrameNumbering(GreyDetector(), 640), ThreeFrames(), threading.Event())
    assert figures.frames == 3


def test_window__without_a_screen_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(BadInputError, match="--no-window"):
        WindowOutput()
