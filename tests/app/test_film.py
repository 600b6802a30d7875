from dataclasses import replace

import numpy as np
import pytest
from films import prediction_of

from spineyolo.app import film as films
from spineyolo.app.film import CorrectionError, OpenFilm
from spineyolo.imaging import Radiograph


def opened(levels: list[str | None]) -> OpenFilm:
    return OpenFilm(prediction_of(levels, name="film-1.png"), Radiograph(np.zeros((900, 300), np.uint8)))


def names(film: OpenFilm) -> tuple[str | None, ...]:
    return film.prediction.numbering.names


def test_set_level__the_column_follows() -> None:
    film = films.set_level(opened(["T12", "L1", "L2"]), 1, "L4")
    assert names(film) == ("L3", "L4", "L5") and film.anchors == {1: "L4"}


def test_set_level__a_level_given_to_another_vertebra_moves_there() -> None:
    film = films.set_level(opened(["T12", "L1", "L2"]), 0, "L2")
    assert names(films.set_level(film, 1, "L2")) == ("L1", "L2", "L3")


def test_set_level__contradiction_is_a_sentence_and_changes_nothing() -> None:
    film = films.set_level(opened(["T12", "L1", "L2"]), 0, "L2")
    with pytest.raises(CorrectionError, match=r"T5 does not fit here beside the levels you gave \(L2\)"):
        films.set_level(film, 2, "T5")
    assert names(film) == ("L2", "L3", "L4")
    with pytest.raises(CorrectionError, match="found S1"):
        films.set_level(film, 2, "S1")


def test_shift__up_and_down_and_no_further_than_the_last() -> None:
    film = opened(["T12", "L1", "L2"])
    assert names(films.shift(film, 0, down=False)) == ("T11", "T12", "L1")
    assert names(films.shift(film, 0, down=True)) == ("L1", "L2", "L3")
    low = films.set_level(film, 2, "L5")
    with pytest.raises(CorrectionError, match="no level below L5"):
        films.shift(low, 2, down=True)


@pytest.mark.parametrize(("down", "level"), [(False, "T12"), (True, "L1")])
def test_shift__a_thirteenth_thoracic_vertebra_is_the_12th_or_the_first_lumbar_one(down: bool, level: str) -> None:
    film = opened(["T12", "T13", "L1"])
    assert names(films.shift(film, 1, down))[1] == level


def test_shift__what_was_set_aside_has_no_level_to_shift() -> None:
    with pytest.raises(CorrectionError, match="carries no level yet"):
        films.shift(opened(["L1", None, "L2"]), 1, down=True)


def test_delete__the_rest_is_numbered_without_it() -> None:
    film = films.set_level(opened(["T12", "L1", "L2", "L3"]), 0, "T12")
    film = films.delete(film, 3)
    assert names(film)[3] is None and names(film)[:3] == ("T12", "L1", "L2")
    film = films.delete(film, 0)
    assert film.anchors == {} and film.deleted == {0, 3} and names(film)[0] is None


def test_delete__all_of_them_leaves_an_empty_column() -> None:
    film = opened(["L1", "L2"])
    film = films.delete(films.delete(film, 0), 1)
    assert names(film) == (None, None) and not film.prediction.numbering.is_sure()


def test_set_level__brings_a_deleted_vertebra_back() -> None:
    film = films.set_level(films.delete(opened(["T12", "L1", "L2"]), 1), 1, "L1")
    assert names(film) == ("T12", "L1", "L2") and not film.deleted


def test_undo_and_reset__give_back_what_was_before_and_keep_the_view() -> None:
    first = opened(["T12", "L1", "L2"])
    film = films.delete(films.set_level(first, 0, "L1"), 2)
    film = replace(film, anterior_right=True)
    assert names(films.undo(film)) == ("L1", "L2", "L3")
    assert names(films.reset(film)) == ("T12", "L1", "L2") and films.reset(film).anterior_right
    with pytest.raises(CorrectionError, match="nothing to take back"):
        films.undo(first)
