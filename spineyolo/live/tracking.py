"""Vertebrae linked over frames, and their levels voted on: a level is not guessed anew in each frame."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import supervision as sv
from trackers import CMC, BoTSORTTracker, CMCConfig

from spineyolo.anatomy import LEVELS
from spineyolo.live.source import Picture
from spineyolo.numbering.variants import EXTRA_NAMES

NAMES: Final[tuple[str, ...]] = tuple(
    name for level in LEVELS for name in (level, *(extra for extra, shared in EXTRA_NAMES.items() if shared == level))
)
"""Every name a vertebra can have, from the skull down: the 24 levels, T13 after T12, L6 after L5."""

UNLINKED: Final = -1
"""The track of a vertebra that has been seen in one frame only."""

_PLACE: Final = {name: place for place, name in enumerate(NAMES)}

_LOST_S: Final = 2.0
"""Time for which a vertebra that is out of sight is waited for: a hand moves off."""

_MOTION_WIDTH_PX: Final = 320
"""Width to which frames are scaled down to see how the camera moved."""

_MEMORY: Final = 0.5 ** (1 / 90)
"""What a vote counts when the next is cast: half after 90, some 4 s, so that another film in the same place is named
anew before long."""

_ESTABLISHED: Final = 2.0
"""Votes from which a track's level is taken for known."""

_STAY: Final = 1.25
"""By how much another chain of levels must outvote the present one to replace it."""


class Linker:
    """Links the boxes of one frame to those of the frames before, by BoT-SORT (Aharon et al. 2022).

    ByteTrack's association with the camera's motion taken out first: a pan by one vertebra would otherwise link each
    vertebra to its neighbour.
    """

    def __init__(self) -> None:
        self._tracker: BoTSORTTracker | None = None

    def link(self, boxes: npt.NDArray[np.float32], picture: Picture, time_s: float) -> npt.NDArray[np.intp]:
        """Return the track `(n,)` of each box `(n, 4)` px of a frame; `UNLINKED` until it is seen a second time.

        Args:
            boxes: of vertebrae alone; what is none has been set aside before.
            picture: the frame.
            time_s: the frame's time, rising.
        """
        if self._tracker is None:
            self._tracker = BoTSORTTracker(
                lost_track_buffer=round(30 * _LOST_S),
                instant_first_frame_activation=False,
            )
            self._tracker.cmc = CameraMotion(CMCConfig(downscale=max(1, picture.shape[1] // _MOTION_WIDTH_PX)))
        found = sv.Detections(boxes.reshape(-1, 4), data={"row": np.arange(len(boxes))})
        linked = self._tracker.update(found, frame=picture, timestamp=time_s)
        tracks = np.full(len(boxes), UNLINKED, np.intp)
        if len(linked):
            tracks[linked.data["row"]] = linked.tracker_id
        return tracks

    def expected(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]:
        """Return boxes `(n, 4)` px and tracks `(n,)` of all vertebrae, those out of sight where they should be."""
        if self._tracker is None:
            return np.zeros((0, 4), np.float32), np.zeros(0, np.intp)
        known = self._tracker.tracked_objects
        return np.asarray(known.xyxy, np.float32).reshape(-1, 4), np.asarray(known.tracker_id, np.intp).reshape(-1)


class CameraMotion(CMC):
    """The camera's motion by sparse optical flow, believed where it brings the boxes of the frame before to this one's.

    A hand that moves before the film misleads the flow, and all tracks would be lost.
    """

    def __init__(self, config: CMCConfig) -> None:
        super().__init__(config)
        self._before = np.zeros((0, 4), np.float32)

    def estimate(
        self, frame_bgr: npt.NDArray[np.uint8], dets_xyxy: npt.NDArray[np.float32] | None = None
    ) -> npt.NDArray[np.float32]:
        """Return the map `(2, 3)` from the frame before to this one, with boxes `(n, 4)` px; the identity if in doubt.

        After a pan by just one vertebra all boxes but one are where others were. So a motion that fits as well as
        standing still, but for one box, is taken.
        """
        still, motion = np.eye(2, 3, dtype=np.float32), np.asarray(super().estimate(frame_bgr, dets_xyxy), np.float32)
        before, self._before = self._before, np.zeros((0, 4), np.float32) if dets_xyxy is None else dets_xyxy
        fits = _fit(before, motion, self._before) > _fit(before, still, self._before) - 1
        return motion if fits and len(before) and len(self._before) else still


def _fit(before: npt.NDArray[np.float32], motion: npt.NDArray[np.float32], now: npt.NDArray[np.float32]) -> float:
    """Return how many boxes `now` lie where a motion brings one of those `before`; in part counts in part, by IoU."""
    if not len(before) or not len(now):
        return 0.0
    moved = (before.reshape(-1, 2) @ motion[:, :2].T + motion[:, 2]).reshape(-1, 4)
    return float(sv.box_iou_batch(moved, now).max(axis=0).sum())


class LevelVotes:
    """For each track, how often each name was given to it, older votes counting less."""

    def __init__(self) -> None:
        self._votes: dict[int, npt.NDArray[np.float64]] = {}
        self._elected: dict[int, str] = {}

    def cast(self, track: int, name: str, weight: float) -> None:
        """Give a track's name `weight` votes, 0…1."""
        votes = self._votes.setdefault(track, np.zeros(len(NAMES)))
        votes *= _MEMORY
        votes[_PLACE[name]] += weight

    def is_known(self, track: int) -> bool:
        """Return whether a track has been voted on often enough."""
        return track in self._votes and bool(self._votes[track].sum() >= _ESTABLISHED)

    def forget_all_but(self, tracks: npt.NDArray[np.intp]) -> None:
        """Drop the votes of all other tracks."""
        kept = set(tracks.tolist())
        self._votes = {track: votes for track, votes in self._votes.items() if track in kept}
        self._elected = {track: name for track, name in self._elected.items() if track in kept}

    def elect(self, tracks: list[int]) -> dict[int, str]:
        """Return the names of those of some tracks, in order down the column, whose level is known by now.

        Together they get the most votes among all names that keep their order, each once. So a track may get a name
        that others gave it less often than another, or none.
        """
        known = [track for track in tracks if self.is_known(track)]
        votes = np.array([self._votes[track] for track in known]).reshape(-1, len(NAMES))
        for row, track in enumerate(known):
            if track in self._elected:
                votes[row, _PLACE[self._elected[track]]] *= _STAY
        chosen = most_votes(votes)
        elected = {track: NAMES[place] for track, place in zip(known, chosen, strict=True) if place is not None}
        self._elected.update(elected)
        return elected

    def agreement(self, track: int, name: str) -> float:
        """Return the share of a track's votes that are for a name, 0…1; 0 where there are none."""
        votes = self._votes.get(track)
        return float(votes[_PLACE[name]] / votes.sum()) if votes is not None and votes.sum() > 0 else 0.0


def most_votes(votes: npt.NDArray[np.float64]) -> list[int | None]:
    """Return for each row of votes `(n, k)` a column, further right from row to row, that add up to the most.

    None where a row is better left out, or has no votes. By dynamic programming, O(n k).
    """
    count, names = votes.shape
    best = np.zeros((count + 1, names + 1))  # of the first i rows within the first a columns
    for row in range(count):
        taken = np.concatenate([[0.0], best[row, :-1] + votes[row]])
        best[row + 1] = np.maximum.accumulate(np.maximum(best[row], taken))
    chosen: list[int | None] = [None] * count
    column = names
    for row in range(count - 1, -1, -1):
        while column and best[row + 1, column] == best[row + 1, column - 1]:
            column -= 1
        if best[row + 1, column] > best[row, column]:
            column -= 1
            chosen[row] = column
    return chosen
