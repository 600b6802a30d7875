"""The vertebrae of one frame after another: found, linked, numbered by vote."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import cycle
from typing import Final

import numpy as np
import numpy.typing as npt

from spineyolo.anatomy import INDEX
from spineyolo.detect import Detector
from spineyolo.film import Points
from spineyolo.live.region import Region, around, strips
from spineyolo.live.source import Picture
from spineyolo.live.tracking import NAMES, UNLINKED, LevelVotes, Linker
from spineyolo.numbering import AnchorOrderError, Numbering, number
from spineyolo.numbering.column import USUAL_SCORE
from spineyolo.polygons import bounding_box

_MIN_SCORE: Final = 0.05
"""Candidates below it are not offered to numbering: in a film they may close a gap, in a room they are furniture."""

_MIN_VERTEBRAE: Final = 3
"""So many that score `USUAL_SCORE` make a column; less is taken for a frame without a spine."""

_PATIENCE: Final = 15
"""Frames without a vertebra for which the column's region is watched on: a hand covers all of it."""

_SURE_MEMORY: Final = 0.9
"""What the frame before counts in whether the numbering is sure: half after 7 frames, so that the words hold still."""


@dataclass(frozen=True, eq=False)
class SeenVertebra:
    """One vertebra in one frame.

    Attributes:
        name: one of the 24 levels, T13 or L6.
        track: the same number from frame to frame; `UNLINKED` in the first.
        score: how surely it is a vertebra, 0…1.
        agreement: share of its track's votes that are for this name, 0…1.
        polygon: outline `(k, 2)` px of the frame.
    """

    name: str
    track: int
    score: float
    agreement: float
    polygon: Points


@dataclass(frozen=True, eq=False)
class SeenFrame:
    """What one frame shows: its vertebrae from the top of the column down, and whether their numbering is sure."""

    vertebrae: tuple[SeenVertebra, ...]
    is_sure: bool


class FrameNumbering:
    """Numbers the vertebrae in frame after frame of one video.

    Until a column is found, one part of the frame after another is looked at (`region.strips`), one a frame; then the
    region around the column, cut out upright, follows it. A frame's own chain of levels is one vote for the tracks it
    names, the surer the heavier: with a margin of m nats, chains are right with odds of exp(m) to 1 against the next
    best, so the vote counts 1 - exp(-m). The tracks whose level is known by vote are anchors of the chain that is
    shown, so that levels are unique, in order, and fit the spacing in every frame.
    """

    def __init__(self, detector: Detector, height_px: int) -> None:
        """Take a detector, and the height in px at which the column's region is shown to it."""
        self._detector = detector
        self._height_px = height_px
        self._start_anew((1, 1))  # no frame has this size

    def _start_anew(self, size: tuple[int, int]) -> None:
        """Forget all frames; those that follow have `size`, height and width in px."""
        self._size = size
        self._linker, self._votes = Linker(), LevelVotes()
        self._region: Region | None = None
        self._search = cycle(list(strips(*self._size)))
        self._misses = 0
        self._sureness = 0.0

    def see(self, picture: Picture, time_s: float) -> SeenFrame:
        """Return the vertebrae of the next frame, shown `time_s` after the first.

        A frame of another size starts anew.
        """
        if picture.shape[:2] != self._size:
            self._start_anew((picture.shape[0], picture.shape[1]))
        region = self._region or next(self._search)
        column = self._find(region.cut(picture, self._height_px), region)
        tracks = self._linker.link(column.boxes, picture, time_s).tolist()
        names = self._vote(column, tracks)
        self._region = self._follow(column.boxes)
        self._sureness = _SURE_MEMORY * self._sureness + (1 - _SURE_MEMORY) * column.numbering.is_sure()
        vertebrae = [
            SeenVertebra(name, track, score, self._votes.agreement(track, name), polygon)
            for name, track, score, polygon in zip(names, tracks, column.scores, column.polygons, strict=True)
            if name is not None
        ]
        return SeenFrame(tuple(vertebrae), self._sureness >= 0.5)

    def _find(self, crop: npt.NDArray[np.uint8], region: Region) -> _Column:
        """Return the column in a crop, its outlines in px of the frame; an empty one if there is none."""
        detections = self._detector.detect(crop)
        kept = np.flatnonzero(detections.scores >= _MIN_SCORE)
        if (detections.scores >= USUAL_SCORE).sum() < _MIN_VERTEBRAE:
            kept = kept[:0]
        boxes, level_scores, scores = detections.boxes[kept], detections.level_scores[kept], detections.scores[kept]
        numbering = number(boxes, level_scores, self._height_px)
        named = [row for row, name in enumerate(numbering.names) if name is not None]
        if (scores[named] >= USUAL_SCORE).sum() < _MIN_VERTEBRAE:
            named = []
        named.sort(key=lambda row: NAMES.index(numbering.names[row] or ""))
        polygons = tuple(region.to_frame(detections.polygons[int(kept[row])], self._height_px) for row in named)
        return _Column(boxes, level_scores, self._height_px, numbering, tuple(named), polygons)

    def _vote(self, column: _Column, tracks: list[int]) -> list[str | None]:
        """Return a name for each vertebra of a column, by vote where its track is known."""
        weight = float(1 - np.exp(-column.numbering.margin))
        for name, track in zip(column.names, tracks, strict=True):
            if track != UNLINKED:
                self._votes.cast(track, name, weight)
        elected = self._votes.elect([track for track in tracks if track != UNLINKED])
        known = {place: elected[track] for place, track in enumerate(tracks) if track in elected}
        others = column.names_around({place: name for place, name in known.items() if name in INDEX})
        return [known.get(place, other) for place, other in enumerate(others)]

    def _follow(self, boxes: npt.NDArray[np.float32]) -> Region | None:
        """Return the region of the next frame: around what this one shows, and what is known but out of sight.

        Without a column it stays for some frames, and is None then, so that the whole frame is searched again.
        """
        expected, tracks = self._linker.expected()
        self._votes.forget_all_but(tracks)
        if len(boxes):
            self._misses = 0
            return around(boxes, expected[[self._votes.is_known(track) for track in tracks.tolist()]])
        self._misses += 1
        return self._region if self._misses <= _PATIENCE else None


@dataclass(frozen=True, eq=False)
class _Column:
    """The candidates of one crop, and those that are named, from the top down.

    Attributes:
        candidate_boxes, level_scores: `(n, 4)` px of the crop, `(n, 24)`: all that were offered to numbering.
        height: of the crop, px.
        numbering: the crop's own.
        rows: `(m)` which candidates are named.
        polygons: `(m)` their outlines in px of the frame.
    """

    candidate_boxes: npt.NDArray[np.float32]
    level_scores: npt.NDArray[np.float32]
    height: int
    numbering: Numbering
    rows: tuple[int, ...]
    polygons: tuple[Points, ...]

    @property
    def names(self) -> list[str]:
        return [name for row in self.rows if (name := self.numbering.names[row]) is not None]

    @property
    def scores(self) -> list[float]:
        return [min(float(self.level_scores[row].sum()), 1.0) for row in self.rows]

    @cached_property
    def boxes(self) -> npt.NDArray[np.float32]:
        """`(m, 4)` px of the frame."""
        return np.array([bounding_box(polygon) for polygon in self.polygons], np.float32).reshape(-1, 4)

    def names_around(self, known: dict[int, str]) -> list[str | None]:
        """Return names for all where those of some are known, by place in `rows`; None where they leave no room."""
        anchors = {self.rows[place]: name for place, name in known.items()}
        if not anchors:
            return list(self.names)
        try:
            names = number(self.candidate_boxes, self.level_scores, self.height, anchors=anchors).names
        except AnchorOrderError:
            return [None] * len(self.rows)
        return [names[row] for row in self.rows]
