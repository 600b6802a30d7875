import numpy as np
from films import prediction_of

from spineyolo.app.film import OpenFilm
from spineyolo.app.session import MAX_SESSIONS, Sessions
from spineyolo.imaging import Radiograph


def opened() -> OpenFilm:
    return OpenFilm(prediction_of(["L1", "L2"], name="film-1.png"), Radiograph(np.zeros((900, 300), np.uint8)))


def test_sessions__each_page_has_its_own_films() -> None:
    sessions = Sessions()
    one, other = sessions.open("a"), sessions.open("b")
    one.films.append(opened())
    assert sessions.get("b") is other and other.film is None and sessions.get("a") is one
    assert sessions.by_token(one.token) is one and sessions.by_token("") is None and one.token != other.token


def test_close__films_are_gone() -> None:
    sessions = Sessions()
    session = sessions.open("a")
    session.films.append(opened())
    sessions.close("a")
    assert not session.films and sessions.get("a") is None and sessions.by_token(session.token) is None
    sessions.close("a")


def test_open__the_page_unused_longest_gives_way() -> None:
    sessions = Sessions()
    for number in range(MAX_SESSIONS):
        sessions.open(str(number))
    assert sessions.get("0") is not None
    sessions.open("new")
    assert len(sessions) == MAX_SESSIONS
    assert sessions.get("0") is not None and sessions.get("1") is None


def test_show_and_pick__what_is_not_there_is_left_alone() -> None:
    session = Sessions().open("a")
    session.pick(0)
    assert session.picked is None
    session.films += [opened(), opened()]
    session.pick(1)
    session.pick(2)
    session.show(5)
    assert (session.picked, session.current) == (1, 0)
    session.show(1)
    assert (session.picked, session.current) == (None, 1)
