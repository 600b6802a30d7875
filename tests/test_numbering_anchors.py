import json
from pathlib import Path

import numpy as np
import pytest
from films import prediction_of
from spines import spine

from spineyolo.detect import Detections
from spineyolo.errors import BadInputError
from spineyolo.numbering import AnchorOrderError, number
from spineyolo.numbering.anchors import candidates_of, gather, parse, read

FILM = Path("film.png")


@pytest.mark.parametrize("row", [0, 5, 11])
def test_number__one_anchor_moves_the_whole_chain(row: int) -> None:
    film = spine("T1", "L4").without(3)
    moved = ["C7", *film.names[:-1]] if row == 0 else None
    below = [name for name in spine("T2", "L5").names if name != "T5"]
    anchored = number(film.boxes, film.scores, film.height, anchors={row: below[row]})
    assert list(anchored.names) == below and moved != below


def test_number__anchor_is_kept_although_its_candidate_is_weak() -> None:
    film = spine("T1", "L5")
    film.scores[0] *= 0.05
    numbering = number(film.boxes, film.scores, film.height, anchors={0: "T1"})
    assert numbering.names == film.names


def test_number__two_anchors_open_a_gap_between_them() -> None:
    film = spine("T1", "T10")
    names = number(film.boxes, film.scores, film.height, anchors={2: "T3", 6: "T9"}).names
    assert names[2] == "T3" and names[6] == "T9" and names[:2] == ("T1", "T2") and names[7:] == ("T10", "T11", "T12")


def test_number__margin_does_not_count_chains_that_move_an_anchor() -> None:
    film = spine("T4", "T8")
    blurred = np.full_like(film.scores, 0.3)
    assert number(film.boxes, blurred, film.height).margin < 0.1
    assert number(film.boxes, blurred, film.height, anchors={2: "T6"}).margin > 3


@pytest.mark.parametrize("anchors", [{2: "T5", 6: "T4"}, {2: "T5", 3: "T5"}, {1: "C1", 4: "C2", 5: "C2"}])
def test_number__anchors_that_no_chain_keeps(anchors: dict[int, str]) -> None:
    film = spine("T1", "T10")
    with pytest.raises(AnchorOrderError):
        number(film.boxes, film.scores, film.height, anchors=anchors)


def test_parse__level_and_point() -> None:
    assert parse(" L5@412,1830.5") == ("L5", (412.0, 1830.5))


@pytest.mark.parametrize("text", ["L5", "L5@412", "L6@1,2", "T13@1,2", "@1,2", "L5@1,2,3", "L5@1.2.3,4", "L5@x,y"])
def test_parse__bad_text_is_one_sentence(text: str) -> None:
    with pytest.raises(BadInputError, match=r"^--anchor: expected .*, found .*$"):
        parse(text)


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_read__anchors_by_film(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", {"film.png": {"L5": [412, 1830]}})
    assert read(file) == {"film.png": {"L5": (412.0, 1830.0)}}


@pytest.mark.parametrize("content", [[], {"film.png": [1, 2]}, {"film.png": {"L9": [1, 2]}}])
def test_read__bad_form_is_one_sentence(tmp_path: Path, content: object) -> None:
    with pytest.raises(BadInputError, match=r"a\.json: expected .*, found .*$"):
        read(write(tmp_path / "a.json", content))


@pytest.mark.parametrize("point", [[1], None, ["a", 2], [float("nan"), 2], {"x": 1}, "12"])
def test_read__bad_point_is_one_sentence(tmp_path: Path, point: object) -> None:
    with pytest.raises(BadInputError, match=r"a\.json: expected x, y in px for L5, found .*$"):
        read(write(tmp_path / "a.json", {"film.png": {"L5": point}}))


def test_gather__texts_are_for_a_single_film(tmp_path: Path) -> None:
    assert gather(["L5@1,2", "T1@3,4"], None, [FILM]) == {"film.png": {"L5": (1.0, 2.0), "T1": (3.0, 4.0)}}
    assert gather([], None, [FILM, Path("b.png")]) == {}
    with pytest.raises(BadInputError, match="a single film, found 2"):
        gather(["L5@1,2"], None, [FILM, Path("b.png")])
    with pytest.raises(BadInputError, match="each level once"):
        gather(["L5@1,2", "L5@3,4"], None, [FILM])


def test_gather__file_names_films_that_are_given(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", {"film.png": {"L5": [1, 2]}})
    assert gather(["T1@3,4"], file, [FILM]) == {"film.png": {"L5": (1.0, 2.0), "T1": (3.0, 4.0)}}
    with pytest.raises(BadInputError, match=r"1 others, first film\.png"):
        gather([], file, [Path("b.png")])


def candidates() -> Detections:
    return prediction_of(["T12", "L1", "L2"], height=400, width=300).detections  # 50 px squares every 100 px


def test_candidates_of__the_outline_that_holds_the_point() -> None:
    assert candidates_of({"L5": (150, 200), "T1": (130, 80)}, candidates(), FILM) == {1: "L5", 0: "T1"}


def test_candidates_of__of_several_the_best() -> None:
    found = candidates()
    scores = np.concatenate([found.level_scores[1:2] * 0.5, found.level_scores])
    doubled = Detections(np.concatenate([found.boxes[1:2], found.boxes]), scores, found.polygons[1:2] + found.polygons)
    assert candidates_of({"L5": (150, 200)}, doubled, FILM) == {2: "L5"}


def test_candidates_of__just_outside_the_nearest() -> None:
    assert candidates_of({"L5": (185, 200)}, candidates(), FILM) == {1: "L5"}


@pytest.mark.parametrize("point", [(250, 200), (-400, 200), (150, 5000)])
def test_candidates_of__nothing_there(point: tuple[float, float]) -> None:
    with pytest.raises(BadInputError, match=r"film\.png: expected a vertebra at .* for L5, found no candidate there"):
        candidates_of({"L5": point}, candidates(), FILM)


def test_candidates_of__nothing_found_at_all() -> None:
    with pytest.raises(BadInputError):
        candidates_of({"L5": (1, 2)}, prediction_of([]).detections, FILM)


def test_candidates_of__two_levels_for_one_vertebra() -> None:
    with pytest.raises(BadInputError, match="the same one"):
        candidates_of({"L5": (150, 200), "L4": (151, 201)}, candidates(), FILM)
