import numpy as np
import pytest
from live.drawn import GreyDetector, film

from spineyolo.live.frames import FrameNumbering, SeenFrame
from spineyolo.polygons import bounding_box
from spineyolo.render.video import Shot, VideoFrame, film_video

SMALL = {"width": 480, "height": 270, "noise_grey": 2.0, "frames": 42}


def watched(shot: Shot, detector: GreyDetector | None = None) -> list[tuple[VideoFrame, SeenFrame]]:
    numbering = FrameNumbering(detector or GreyDetector(), 640)
    frames = film_video(*film(), shot)
    return [(frame, numbering.see(frame.picture, number / shot.fps)) for number, frame in enumerate(frames)]


def middle(polygon: np.ndarray) -> np.ndarray:
    x0, y0, x1, y1 = bounding_box(polygon)
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2])


def right(frame: VideoFrame, seen: SeenFrame) -> float:
    """Share of a frame's vertebrae that carry their level within a quarter of a step."""
    found = {vertebra.name: middle(vertebra.polygon) for vertebra in seen.vertebrae}
    steps = np.diff([middle(vertebra.polygon) for vertebra in frame.vertebrae], axis=0)
    near = 0.25 * np.median(np.hypot(*steps.T))
    hits = [
        vertebra.level in found and np.hypot(*(found[vertebra.level] - middle(vertebra.polygon))) < near
        for vertebra in frame.vertebrae
    ]
    return float(np.mean(hits))


def changes(watch: list[tuple[VideoFrame, SeenFrame]]) -> int:
    """How often a track had another level than in the frame in which it was seen before."""
    last: dict[int, str] = {}
    count = 0
    for _, seen in watch:
        for vertebra in seen.vertebrae:
            if vertebra.track >= 0:
                count += last.get(vertebra.track, vertebra.name) != vertebra.name
                last[vertebra.track] = vertebra.name
    return count


@pytest.mark.parametrize(
    "shot",
    [
        Shot(**SMALL),
        Shot(**SMALL, tilt_deg=28),
        Shot(**SMALL, tilt_deg=-28, film_share=0.7),
        Shot(**SMALL, film_share=0.45, offset=(-0.25, 0.1)),
        Shot(**SMALL, film_share=1.5, offset=(0.1, 0.2)),
    ],
    ids=["upright", "tilted right", "tilted left", "small", "cut"],
)
def test_see__column_is_found_and_keeps_its_levels(shot: Shot) -> None:
    watch = watched(shot)
    assert np.mean([right(*pair) for pair in watch[30:]]) > 0.95
    assert changes(watch) == 0


def test_see__names_are_unique_and_in_order_in_every_frame() -> None:
    from spineyolo.live.tracking import NAMES  # noqa: PLC0415

    for _, seen in watched(Shot(**SMALL, hand=True), GreyDetector(wrong=3)):
        places = [NAMES.index(vertebra.name) for vertebra in seen.vertebrae]
        assert places == sorted(set(places))


def test_see__frames_that_are_read_one_level_off_are_outvoted() -> None:
    watch = watched(Shot(**SMALL), GreyDetector(wrong=3))
    assert np.mean([right(*pair) for pair in watch[15:]]) > 0.95
    assert changes(watch[15:]) == 0


def test_see__a_hand_hides_vertebrae_and_their_levels_come_back() -> None:
    watch = watched(Shot(**{**SMALL, "frames": 90}, hand=True))
    hidden = [len(frame.vertebrae) for frame, _ in watch]
    assert min(hidden) < 6 < max(hidden)
    assert np.mean([right(*pair) for pair in watch[70:]]) > 0.95
    assert changes(watch) == 0


def test_see__without_a_film_nothing_is_shown_and_one_that_is_laid_down_is_found() -> None:
    watch = watched(Shot(**SMALL, film_from=15))
    assert not any(seen.vertebrae for _, seen in watch[:15])
    assert np.mean([right(*pair) for pair in watch[32:]]) > 0.95


def test_see__frame_of_another_size_starts_anew() -> None:
    numbering = FrameNumbering(GreyDetector(), 640)
    (frame, *_) = film_video(*film(), Shot(**{**SMALL, "frames": 1}))
    for number in range(3):
        assert numbering.see(frame.picture, number / 30).vertebrae
    larger = np.repeat(np.repeat(frame.picture, 2, axis=0), 2, axis=1)
    assert {vertebra.track for vertebra in numbering.see(larger, 0.1).vertebrae} == {-1}
