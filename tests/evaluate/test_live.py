from pathlib import Path

import numpy as np
from live.drawn import GreyDetector, film

from spineyolo.evaluate.live import flicker, right_levels, table, watch_video, write
from spineyolo.film import Vertebra
from spineyolo.live.frames import SeenFrame, SeenVertebra
from spineyolo.render.phantom import RenderedFilm
from spineyolo.render.video import Shot

SQUARE = np.float32([[0, 0], [10, 0], [10, 10], [0, 10]])


def seen(*names: tuple[int, str]) -> SeenFrame:
    return SeenFrame(tuple(SeenVertebra(name, track, 0.9, 1.0, SQUARE) for track, name in names), True)


def test_right_levels__level_and_place_must_fit() -> None:
    truth = [Vertebra("L1", SQUARE), Vertebra("L2", SQUARE + np.float32([0, 20])), Vertebra("L3", SQUARE + 50)]
    named = [("L1", SQUARE + 1), ("L2", SQUARE), ("L4", SQUARE + 50)]
    assert right_levels(named, truth) == {"L1"}


def test_flicker__counts_changes_of_linked_tracks_across_gaps() -> None:
    frames = [seen((0, "L1"), (1, "L2")), seen((0, "L1"), (-1, "T5")), seen((-1, "T6")), seen((0, "L2"), (1, "L3"))]
    assert flicker(frames) == (3, 2)


def test_watch_video__a_detector_that_reads_every_grey_is_right_and_fast_enough_to_count(tmp_path: Path) -> None:
    rendered = RenderedFilm(*film(), truth={})
    shot = Shot(width=480, height=270, frames=20, noise_grey=1)
    video = watch_video(GreyDetector(), 640, rendered, shot, tmp_path)
    assert video.shown == video.right_still == 200
    assert video.right > 0.85 * video.shown  # JPEG-like losses of the video are in it
    assert video.changes == 0 and video.links > 150
    assert video.figures.frames == 20 and video.figures.dropped == 0
    assert video.live.frames + video.live.dropped == 20


def test_write__table_and_figures(tmp_path: Path) -> None:
    figures = {
        "videos": 1,
        "identification_still": 0.8,
        "identification_frames": 0.76,
        "flicker": 0.004,
        "frames_with_levels": 1.0,
        "videos_found": 1,
        "first_frame_with_levels": float("nan"),
        "frames_a_second": 24.04,
        "live_delay_p50_ms": 40.0,
        "live_delay_p95_ms": 60.0,
        "live_dropped": 0.1,
    }
    assert table({"pan": figures}).loc[0, "ratio"] == "0.950"
    write({"pan": figures}, tmp_path / "live", {"command": "python benchmarks/live.py"})
    text = (tmp_path / "live.md").read_text()
    assert "| pan | 0.800 | 0.760 | 0.950 | 0.40 % | 100.0 % | nan | 24.0 | 40 / 60 | 10.0 % |" in text
    assert '"first_frame_with_levels": null' in (tmp_path / "live.json").read_text()
