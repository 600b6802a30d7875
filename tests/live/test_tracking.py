from itertools import combinations

import cv2
import numpy as np
import pytest

from spineyolo.live.tracking import NAMES, UNLINKED, LevelVotes, Linker, most_votes


def test_names__are_in_order_with_the_extra_ones() -> None:
    assert len(NAMES) == 26
    assert NAMES[NAMES.index("T12") : NAMES.index("L1") + 1] == ("T12", "T13", "L1")
    assert NAMES[-2:] == ("L5", "L6")


@pytest.mark.parametrize("seed", range(5))
def test_most_votes__as_trying_all(seed: int) -> None:
    votes = np.random.default_rng(seed).integers(0, 9, (4, 6)).astype(float)
    tried = [
        sum(votes[row, column] for row, column in zip(rows, columns, strict=True))
        for count in range(5)
        for rows in combinations(range(4), count)
        for columns in combinations(range(6), count)
    ]
    chosen = most_votes(votes)
    columns = [column for column in chosen if column is not None]
    assert columns == sorted(set(columns))
    assert sum(votes[row, column] for row, column in enumerate(chosen) if column is not None) == max(tried)


def test_most_votes__rows_without_votes_get_nothing() -> None:
    assert most_votes(np.array([[0.0, 0.0], [0.0, 1.0]])) == [None, 1]
    assert most_votes(np.zeros((0, 26))) == []


def test_elect__the_majority_holds_against_a_column_read_one_level_off() -> None:
    votes = LevelVotes()
    for frame in range(30):
        names = ("L1", "L2", "L3") if frame % 3 else ("T12", "L1", "L2")
        for track, name in enumerate(names):
            votes.cast(track, name, 1.0)
        if frame > 4:
            assert votes.elect([0, 1, 2]) == {0: "L1", 1: "L2", 2: "L3"}
    assert votes.agreement(0, "L1") == pytest.approx(2 / 3, abs=0.03)


def test_elect__two_tracks_never_share_a_level() -> None:
    votes = LevelVotes()
    for _ in range(9):
        votes.cast(0, "L1", 1.0)
        votes.cast(1, "L1", 0.7)
        votes.cast(1, "L2", 0.6)
    assert votes.elect([0, 1]) == {0: "L1", 1: "L2"}


def test_elect__another_film_in_the_same_place_is_named_anew() -> None:
    votes = LevelVotes()
    for name, frames in (("T5", 300), ("L2", 130)):
        for _ in range(frames):
            votes.cast(0, name, 1.0)
    assert votes.elect([0]) == {0: "L2"}


def test_elect__few_votes_are_no_knowledge_yet() -> None:
    votes = LevelVotes()
    votes.cast(0, "T5", 1.0)
    assert votes.elect([0]) == {}


def column(top: float) -> np.ndarray:
    return np.float32([[100, top + 30 * place, 140, top + 30 * place + 24] for place in range(6)])


def test_link__a_pan_by_a_whole_vertebra_links_no_neighbours() -> None:
    rng = np.random.default_rng(0)
    scene = cv2.GaussianBlur(rng.integers(0, 256, (700, 320, 3)).astype(np.uint8), (0, 0), 2)
    scene = cv2.normalize(scene, None, 0, 255, cv2.NORM_MINMAX)
    linker = Linker()
    for frame, top in enumerate((100, 100, 100, 130, 160, 130)):
        tracks = linker.link(column(top), scene[300 - top : 300 - top + 300], frame / 30)
        if frame == 2:
            first = tracks
    assert UNLINKED not in first and tracks.tolist() == first.tolist()


def test_link__nothing_in_sight() -> None:
    linker = Linker()
    picture = np.zeros((100, 100, 3), np.uint8)
    assert linker.link(np.zeros((0, 4), np.float32), picture, 0.0).tolist() == []
    assert len(linker.expected()[0]) == 0
