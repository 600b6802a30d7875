import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from spineyolo.errors import BadInputError
from spineyolo.live.writer import LinesWriter, VideoWriter

KILLED = """
import sys, time
import numpy as np
from pathlib import Path
from spineyolo.live.writer import VideoWriter
writer = VideoWriter(Path(sys.argv[1]), 160, 120, 20)
for number in range(90):
    writer.write(np.full((120, 160, 3), number, np.uint8), number / 20)
print("written", flush=True)
time.sleep(60)
"""


def frames_of(path: Path) -> list[np.ndarray]:
    capture, frames = cv2.VideoCapture(str(path)), []
    while True:
        read, frame = capture.read()
        if not read:
            return frames
        frames.append(frame)


def test_video_writer__pictures_come_back(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 161, 121, 20) as writer:  # odd sides
        for number in range(25):
            picture = np.full((121, 161, 3), 20, np.uint8)
            picture[:, number * 6 : number * 6 + 6] = (0, 0, 200)
            writer.write(picture, number / 20)
    frames = frames_of(tmp_path / "a.mp4")
    assert len(frames) == 25
    for number, frame in enumerate(frames):
        assert abs(int(frame[:, :156, 2].mean(axis=0).argmax()) - (number * 6 + 2.5)) < 4


def test_video_writer__a_picture_of_another_size_is_fitted_in(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 160, 120, 20) as writer:
        writer.write(np.full((120, 160, 3), 90, np.uint8), 0)
        writer.write(np.full((240, 240, 3), 90, np.uint8), 0.05)
    last = frames_of(tmp_path / "a.mp4")[1]
    assert last.shape == (120, 160, 3) and last[60, 60].min() > 70 and last[60, 150].max() < 20


def test_video_writer__times_that_stand_still_are_written_all_the_same(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 160, 120, 20) as writer:
        for _ in range(5):
            writer.write(np.zeros((120, 160, 3), np.uint8), 1.0)
    assert len(frames_of(tmp_path / "a.mp4")) == 5


def test_video_writer__what_was_written_before_a_kill_can_be_played(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None and process.stdout.readline() == b"written\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.05)
    assert len(frames_of(path)) >= 50  # of 90, the last second may be missing


def test_video_writer__folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"a\.mp4: expected a video file that can be written"):
        VideoWriter(tmp_path / "none" / "a.mp4", 160, 120, 20)


def test_lines_writer__each_line_is_there_at_once(tmp_path: Path) -> None:
    writer = LinesWriter(tmp_path / "a.jsonl")
    writer.write({"frame": 0})
    writer.write({"frame": 1})
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert [json.loads(line)["frame"] for line in lines] == [0, 1]
    writer.close()
