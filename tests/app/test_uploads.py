from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from app.conftest import PATIENT
from films import prediction_of

from spineyolo.app import uploads
from spineyolo.app.session import Session
from spineyolo.detect import Detections


class Drawn:
    """Stands in for a detector: always finds T12, L1, L2."""

    def detect(self, grey: npt.NDArray[np.uint8]) -> Detections:
        return prediction_of(["T12", "L1", "L2"], *grey.shape).detections


def dropped(folder: Path, name: str, content: bytes | None = None) -> Path:
    """A file as Gradio stores it, in a folder of its own."""
    path = folder / str(len(list(folder.iterdir()))) / name
    path.parent.mkdir()
    path.write_bytes(content or cv2.imencode(".png", np.zeros((90, 30), np.uint8))[1].tobytes())
    return path


def test_open_films__neutral_names_and_nothing_left_on_disk(tmp_path: Path) -> None:
    session, told = Session(), []
    paths = [dropped(tmp_path, f"{PATIENT}.png"), dropped(tmp_path, PATIENT)]
    skipped = uploads.open_films(paths, Drawn(), session, tmp_path, lambda share, text: told.append((share, text)))
    assert [film.name for film in session.films] == ["film-1.png", "film-2"] and not skipped.errors
    assert not list(tmp_path.rglob("*"))
    assert told == [(0, "Reading film 1 of 2"), (0.5, "Reading film 2 of 2"), (1.0, "Done")]
    assert session.film is not None and session.film.prediction.numbering.levels == ("T12", "L1", "L2")


def test_open_films__wrong_files_are_sentences_and_the_others_go_on(tmp_path: Path) -> None:
    session = Session()
    wrong = [dropped(tmp_path, f"{PATIENT}{n}.txt", b"no film") for n in range(10)]
    skipped = uploads.open_films([*wrong, dropped(tmp_path, "a.png")], Drawn(), session, tmp_path)
    assert len(skipped) == 10 and [film.name for film in session.films] == ["film-11.png"]
    assert str(skipped.errors[1]).startswith("film-2: expected a PNG, JPEG, TIFF, BMP or DICOM image, found")
    assert not any(PATIENT in str(error) for error in skipped.errors)
    assert not list(tmp_path.rglob("*"))


def test_open_films__a_file_that_is_gone(tmp_path: Path) -> None:
    skipped = uploads.open_films([tmp_path / "x" / "gone.png"], Drawn(), Session(), tmp_path)
    assert "drop it again" in str(skipped.errors[0])


def test_open_films__limits_on_count_size_and_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_FILMS", 2)
    session = Session()
    skipped = uploads.open_films([dropped(tmp_path, f"{n}.png") for n in range(3)], Drawn(), session, tmp_path)
    assert len(session.films) == 2 and "film-3.png: expected up to 2 films" in str(skipped.errors[0])
    monkeypatch.setattr(uploads, "MAX_SESSION_PIXELS", 4000)
    session.films.pop()
    skipped = uploads.open_films([dropped(tmp_path, "d.png")], Drawn(), session, tmp_path)
    assert "million pixels together" in str(skipped.errors[0])
    monkeypatch.setattr(uploads, "MAX_FILE_MB", 0)
    skipped = uploads.open_films([dropped(tmp_path, "e.png")], Drawn(), session, tmp_path)
    assert "a file of up to 0 MB" in str(skipped.errors[0])


def test_open_films__the_first_new_film_is_shown(tmp_path: Path) -> None:
    session = Session()
    for count in (1, 2):
        uploads.open_films([dropped(tmp_path, f"{n}.png") for n in range(count)], Drawn(), session, tmp_path)
    assert session.current == 1
