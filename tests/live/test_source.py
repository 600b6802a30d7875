import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from spineyolo.errors import BadInputError
from spineyolo.live.source import Reader, name_of, open_source
from spineyolo.live.writer import VideoWriter


def video(path: Path, frames: int = 10, fps: float = 20.0) -> Path:
    """A video whose frames get brighter by 10 each."""
    with VideoWriter(path, 160, 120, fps) as writer:
        for number in range(frames):
            writer.write(np.full((120, 160, 3), 10 * number, np.uint8), number / fps)
    return path


def read(reader: Reader, pause_s: float = 0.0) -> list[int]:
    """The indices of the frames that come, each worked on for a while."""
    indices = []
    while not reader.ended:
        frame = reader.next(0.5)
        if frame is not None:
            indices.append(frame.index)
            time.sleep(pause_s)
    return indices


def test_open_source__video_states_its_rate_and_gives_its_frames(tmp_path: Path) -> None:
    source = open_source(str(video(tmp_path / "a.mp4")))
    frames = list(source.frames())
    assert source.fps == pytest.approx(20) and not source.is_live
    assert [frame.index for frame in frames] == list(range(10))
    assert frames[4].time_s == pytest.approx(0.2)
    assert abs(frames[4].picture.mean() - 40) < 4


def test_open_source__folder_is_a_sequence_by_name(tmp_path: Path) -> None:
    for number in (2, 0, 1):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((50, 40), 50 * number, np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    frames = list(open_source(str(tmp_path)).frames())
    assert [int(frame.picture.mean()) for frame in frames] == [0, 50, 100]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "missing.mp4",
            None,
            "expected a camera's number, a video file, a stream's address or a folder, found no such",
        ),
        ("empty.mp4", b"", "expected a video, found another format, a missing codec or a broken file"),
        ("garbage.avi", b"RIFF" + bytes(500), "found another format, a missing codec or a broken file"),
    ],
)
def test_open_source__what_is_no_video_is_one_sentence(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInputError, match=sentence):
        open_source(str(tmp_path / name))


def test_open_source__folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="a folder with PNG"):
        open_source(str(tmp_path))


def test_open_source__camera_that_is_not_there() -> None:
    with pytest.raises(BadInputError, match="97: expected a camera of this number, found none that answers"):
        open_source("97")


def test_frames__undecodable_codec_is_one_sentence(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"xxxx").replace(b"mp4v", b"xxxx"))
    with pytest.raises(BadInputError, match="codec"):
        list(open_source(str(path)).frames())


def test_reader__every_frame_waits_its_turn(tmp_path: Path) -> None:
    reader = Reader(open_source(str(video(tmp_path / "a.mp4", 12, fps=200))), real_time=False)
    assert read(reader, pause_s=0.01) == list(range(12))
    assert reader.dropped == 0


def test_reader__in_real_time_it_holds_the_newest_and_counts_the_rest(tmp_path: Path) -> None:
    reader = Reader(open_source(str(video(tmp_path / "a.mp4", 20, fps=40))), real_time=True)
    began = time.perf_counter()
    indices = read(reader, pause_s=0.1)
    assert indices[-1] == 19 and len(indices) < 12
    assert reader.dropped == 20 - len(indices)
    assert time.perf_counter() - began >= 19 / 40


def test_reader__a_source_that_breaks_is_told_after_its_frames(tmp_path: Path) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((50, 40), np.uint8))
    (tmp_path / "2.png").write_bytes(b"broken")
    reader = Reader(open_source(str(tmp_path)), real_time=False)
    assert read(reader) == [0, 1]
    with pytest.raises(BadInputError, match=r"2\.png"):
        reader.check()


def test_reader__stops_while_frames_wait(tmp_path: Path) -> None:
    reader = Reader(open_source(str(video(tmp_path / "a.mp4", 20))), real_time=False)
    assert reader.next(2.0) is not None
    reader.stop()
    assert len(read(reader)) < 10


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("0", "camera-0"),
        ("films/my film.mp4", "my film"),
        ("rtsp://me:secret@10.0.0.7:554/live/1?token=x", "rtsp-10.0.0.7-554-live-1"),
    ],
)
def test_name_of__no_password_in_a_file_name(source: str, name: str) -> None:
    assert name_of(source) == name
