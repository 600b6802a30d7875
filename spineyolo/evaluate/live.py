"""Live numbering measured on videos of rendered films, whose levels are known in every frame."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from spineyolo.detect import Detector
from spineyolo.evaluate.levels import MATCH_IOU
from spineyolo.evaluate.tables import json_value, markdown
from spineyolo.files import write_atomic
from spineyolo.film import Points, Vertebra
from spineyolo.live.frames import FrameNumbering, SeenFrame
from spineyolo.live.session import Figures, FileOutput, watch
from spineyolo.live.source import Frame, Picture, Reader, open_source
from spineyolo.live.tracking import UNLINKED
from spineyolo.live.writer import VideoWriter
from spineyolo.numbering import number
from spineyolo.render.phantom import RenderedFilm, render
from spineyolo.render.sampling import sample
from spineyolo.render.spec import Projection, Window
from spineyolo.render.video import Shot, film_video

FILMS: Final = (
    (Projection.AP, Window.WHOLE),
    (Projection.AP, Window.LUMBAR),
    (Projection.LATERAL, Window.WHOLE),
    (Projection.LATERAL, Window.LUMBAR),
    (Projection.LATERAL, Window.CERVICAL),
)
"""The kinds of film that are shown."""

SCENES: Final[Mapping[str, Shot]] = {
    "pan and tilt": Shot(sway_deg=6),
    "a hand in front": Shot(hand=True),
    "tilted by 25°": Shot(tilt_deg=25, film_share=0.8),
    "small, half of the frame": Shot(film_share=0.5, offset=(0.15, 0.1)),
    "cut by the frame": Shot(film_share=1.4),
    "no film": Shot(),
}
"""How they are shown, at 1280 x 720 px and 30 frames a second."""


@dataclass(frozen=True)
class Order:
    """What to measure: so many films of each kind, rendered from `seed` on, each scene so many frames long."""

    films: int
    frames: int
    seed: int


@dataclass(frozen=True, eq=False)
class Seen:
    """One video as it was numbered.

    Attributes:
        shown: vertebrae that its frames show, all frames together.
        right: those that carried their level, IoU ≥ `MATCH_IOU`.
        right_still: those that carry their level on the film itself.
        links, changes: how often a track was seen again, and with another level than before.
        first: first frame in which a level was shown, None if none was.
        with_levels: frames in which one was.
        figures: speed when every frame was numbered.
        live: speed when it was played in real time.
    """

    shown: int
    right: int
    right_still: int
    links: int
    changes: int
    first: int | None
    with_levels: int
    figures: Figures
    live: Figures


def measure(detector: Detector, imgsz: int, order: Order) -> dict[str, Any]:
    """Return the figures of every scene: identification in frames beside that on the film, flicker, speed.

    Each video goes through a file: written, then read, numbered, drawn and written again as `tools/live.py` does, once
    frame by frame and once in real time.
    """
    films = [
        render(*sample(order.seed + place, view, window, degeneration=False))
        for view, window in FILMS
        for place in range(order.films)
    ]
    return {name: _scene(detector, imgsz, films, name, shot, order.frames) for name, shot in SCENES.items()}


def _scene(
    detector: Detector, imgsz: int, films: Sequence[RenderedFilm], name: str, shot: Shot, frames: int
) -> dict[str, Any]:
    shot = replace(shot, frames=frames, film_from=frames if name == "no film" else 0)
    videos = []
    with tempfile.TemporaryDirectory() as folder:
        for seed, film in enumerate(films):
            videos.append(watch_video(detector, imgsz, film, replace(shot, seed=seed), Path(folder)))
    shown = sum(video.shown for video in videos)
    found = [video.first for video in videos if video.first is not None]
    every = [video.figures for video in videos]
    delays = [delay for video in videos for delay in video.live.delays_s] or [float("nan")]
    return {
        "videos": len(videos),
        "identification_still": _share(sum(video.right_still for video in videos), shown),
        "identification_frames": _share(sum(video.right for video in videos), shown),
        "flicker": _share(sum(video.changes for video in videos), sum(video.links for video in videos)),
        "frames_with_levels": _share(sum(video.with_levels for video in videos), sum(run.frames for run in every)),
        "videos_found": len(found),
        "first_frame_with_levels": float(np.median(found)) if found else float("nan"),
        "frames_a_second": _share(sum(run.frames for run in every), sum(run.seconds for run in every)),
        "live_delay_p50_ms": float(np.percentile(delays, 50)) * 1000,
        "live_delay_p95_ms": float(np.percentile(delays, 95)) * 1000,
        "live_dropped": _share(
            sum(video.live.dropped for video in videos),
            sum(video.live.dropped + video.live.frames for video in videos),
        ),
    }


def watch_video(detector: Detector, imgsz: int, film: RenderedFilm, shot: Shot, folder: Path) -> Seen:
    """Return how one shot of a film is numbered; `folder` takes the videos."""
    path = folder / "shot.mp4"
    truths = []
    with VideoWriter(path, shot.width, shot.height, shot.fps) as writer:
        for place, shown in enumerate(film_video(film.grey, film.vertebrae, shot)):
            writer.write(shown.picture, place / shot.fps)
            truths.append([item for item in shown.vertebrae if item.level is not None])
    seen, figures = _run(detector, imgsz, path, folder, real_time=False)
    live = _run(detector, imgsz, path, folder, real_time=True)[1]
    on_film = right_levels(_still(detector, film), film.vertebrae)
    with_levels = [place for place, frame in enumerate(seen) if frame.vertebrae]
    links, changes = flicker(seen)
    return Seen(
        shown=sum(map(len, truths)),
        right=sum(
            len(right_levels([(item.name, item.polygon) for item in frame.vertebrae], truth))
            for frame, truth in zip(seen, truths, strict=True)
        ),
        right_still=sum(item.level in on_film for truth in truths for item in truth),
        links=links,
        changes=changes,
        first=with_levels[0] if with_levels else None,
        with_levels=len(with_levels),
        figures=figures,
        live=live,
    )


class _Kept(FileOutput):
    """Files as `tools/live.py` writes them; what was seen is kept besides."""

    def __init__(self, folder: Path, fps: float) -> None:
        super().__init__(folder, "shot", fps)
        self.seen: list[SeenFrame] = []

    def put(self, picture: Picture, frame: Frame, seen: SeenFrame, figures: Figures) -> bool:
        self.seen.append(seen)
        return super().put(picture, frame, seen, figures)


def _run(detector: Detector, imgsz: int, path: Path, folder: Path, real_time: bool) -> tuple[list[SeenFrame], Figures]:
    source = open_source(str(path))
    output = _Kept(folder, source.fps)
    with output:
        figures = watch(Reader(source, real_time), FrameNumbering(detector, imgsz), output, threading.Event())
    return output.seen, figures


def _still(detector: Detector, film: RenderedFilm) -> list[tuple[str, Points]]:
    detections = detector.detect(film.grey)
    names = number(detections.boxes, detections.level_scores, film.grey.shape[0]).names
    return [(name, detections.polygons[place]) for place, name in enumerate(names) if name is not None]


def right_levels(named: Sequence[tuple[str, Points]], truth: Sequence[Vertebra]) -> set[str]:
    """Return the levels among the truth that a vertebra of this name covers with IoU ≥ `MATCH_IOU`."""
    outlines = {name: shapely.make_valid(shapely.Polygon(polygon)) for name, polygon in named if len(polygon) >= 3}
    return {
        item.level
        for item in truth
        if item.level in outlines and _iou(outlines[item.level], shapely.Polygon(item.polygon)) >= MATCH_IOU
    }


def _iou(outline: Any, truth: Any) -> float:
    truth = shapely.make_valid(truth)
    both = float(shapely.intersection(outline, truth).area)
    return both / max(float(outline.area) + float(truth.area) - both, 1e-6)


def flicker(seen: Sequence[SeenFrame]) -> tuple[int, int]:
    """Return how often a track was seen again, and how often its level was another than when it was seen before."""
    links, changes = 0, 0
    last: dict[int, str] = {}
    for frame in seen:
        for item in frame.vertebrae:
            if item.track != UNLINKED:
                links += item.track in last
                changes += last.get(item.track, item.name) != item.name
                last[item.track] = item.name
    return links, changes


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def table(results: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return the figures as a table of text, a row a scene."""
    return pd.DataFrame(list(_rows(results)))


def _rows(results: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    for name, found in results.items():
        ratio = _share(found["identification_frames"], found["identification_still"])
        yield {
            "scene": name,
            "on the film": f"{found['identification_still']:.3f}",
            "in the frames": f"{found['identification_frames']:.3f}",
            "ratio": f"{ratio:.3f}",
            "flicker": f"{100 * found['flicker']:.2f} %",
            "frames with levels": f"{100 * found['frames_with_levels']:.1f} %",
            "first such frame": f"{found['first_frame_with_levels']:.0f}",
            "frames a second": f"{found['frames_a_second']:.1f}",
            "delay p50 / p95, ms": f"{found['live_delay_p50_ms']:.0f} / {found['live_delay_p95_ms']:.0f}",
            "dropped": f"{100 * found['live_dropped']:.1f} %",
        }


def write(results: Mapping[str, Mapping[str, Any]], path: Path, about: Mapping[str, str]) -> None:
    """Write `PATH.json` (every figure) and `PATH.md` (the table, and what its columns mean)."""
    document = json.dumps(json_value({"about": dict(about), "results": dict(results)}), indent=1)
    write_atomic(path.with_suffix(".json"), document.encode())
    lines = [
        "# live",
        "",
        *(f"- {key}: `{value}`" for key, value in about.items()),
        "",
        *markdown(table(results)),
        "",
        "Vertebrae with the right level and mask IoU ≥ 0.5, of all that the frames show: on the film itself, and in",
        "the frames, those before the column was found included. Flicker: a track's level differs from that in the",
        "frame in which it was seen before. Frames a second: every frame read, numbered, drawn and written. Delay and",
        "dropped frames: the same video played in real time, 30 frames a second.",
    ]
    write_atomic(path.with_suffix(".md"), ("\n".join(lines) + "\n").encode())
