import numpy as np
import pytest
from live.drawn import film

from spineyolo.errors import BadInputError
from spineyolo.polygons import mask_from_polygon
from spineyolo.render.video import Shot, film_video

QUIET = {"width": 640, "height": 360, "noise_grey": 0.0}


@pytest.mark.parametrize(
    "shot",
    [
        Shot(**QUIET, frames=40, sway_deg=12, tilt_deg=10),
        Shot(**QUIET, frames=40, film_share=0.5, offset=(0.2, 0)),
        Shot(**QUIET, frames=40, film_share=1.6),
    ],
    ids=["tilted", "small", "cut"],
)
def test_film_video__outlines_lie_on_the_vertebrae(shot: Shot) -> None:
    grey, vertebrae = film()
    at = {item.level: int(grey[tuple(item.polygon.mean(axis=0).astype(int)[::-1])]) for item in vertebrae}
    frame = list(film_video(grey, vertebrae, shot))[-1]
    assert 4 <= len(frame.vertebrae) <= len(vertebrae)
    assert (len(frame.vertebrae) < len(vertebrae)) == (shot.film_share > 1)
    for item in frame.vertebrae:
        inside = frame.picture[mask_from_polygon(item.polygon, 360, 640)][:, 0]
        assert abs(float(np.median(inside)) - at[item.level]) <= 2
        assert np.mean(np.abs(inside.astype(int) - at[item.level]) < 10) > 0.7


def test_film_video__is_the_same_again_and_moves() -> None:
    shot = Shot(width=320, height=180, frames=8)
    first, again = ([frame.picture for frame in film_video(*film(), shot)] for _ in range(2))
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    assert np.abs(first[0].astype(int) - first[7]).mean() > 5


def test_film_video__what_the_hand_covers_is_no_truth() -> None:
    counts = [len(frame.vertebrae) for frame in film_video(*film(), Shot(**QUIET, frames=30, hand=True))]
    assert counts[0] == counts[-1] == 10 and min(counts) < 7


def test_film_video__hand_before_a_film_that_the_frame_cuts() -> None:
    """Outlines then touch the frame's edge."""
    shot = Shot(**QUIET, frames=12, hand=True, film_share=1.2)
    counts = [len(frame.vertebrae) for frame in film_video(*film(), shot)]
    assert len(counts) == 12 and 0 < min(counts) < max(counts) <= 10


def test_film_video__before_the_film_is_laid_down_there_is_none() -> None:
    frames = list(film_video(*film(), Shot(**QUIET, frames=6, film_from=3)))
    assert [bool(frame.vertebrae) for frame in frames] == [False] * 3 + [True] * 3
    assert frames[0].picture.max() < 120 < frames[3].picture.max()


@pytest.mark.parametrize("name", ["width", "frames", "fps", "film_share"])
def test_shot__impossible_numbers_are_named(name: str) -> None:
    with pytest.raises(BadInputError, match=f"{name}: expected more than 0, found 0"):
        Shot(**{name: 0})
