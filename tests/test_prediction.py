from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from films import prediction_of

from spineyolo.detect import Detections
from spineyolo.errors import BadInputError, Skipped
from spineyolo.prediction import find_films, predict, predict_all


class Drawn:
    """Stands in for a detector: always finds T12, L1, L2."""

    def detect(self, grey: npt.NDArray[np.uint8]) -> Detections:
        return prediction_of(["T12", "L1", "L2"], *grey.shape).detections


def test_predict_all__bad_film_is_noted_and_the_others_go_on(tmp_path: Path) -> None:
    for name in ("a.png", "c.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((900, 300), np.uint8))
    (tmp_path / "b.png").write_bytes(b"")
    skipped = Skipped()
    films = find_films([str(tmp_path)], skipped)
    predictions = [prediction for prediction, _ in predict_all(Drawn(), films, skipped)]
    assert [prediction.path.name for prediction in predictions] == ["a.png", "c.png"]
    assert predictions[0].numbering.levels == ("T12", "L1", "L2")
    assert len(skipped) == 1 and "b.png" in str(skipped.errors[0])


def written(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        cv2.imwrite(str(path), np.zeros((900, 300), np.uint8))
    return paths


def test_predict__the_chain_follows_an_anchor(tmp_path: Path) -> None:
    (film,) = written(tmp_path, "a.png")
    assert predict(Drawn(), film)[0].numbering.levels == ("T12", "L1", "L2")
    assert predict(Drawn(), film, {"L4": (150, 450)})[0].numbering.levels == ("L3", "L4", "L5")


def test_predict__anchors_against_their_order_are_one_sentence(tmp_path: Path) -> None:
    (film,) = written(tmp_path, "a.png")
    with pytest.raises(BadInputError, match=r"a\.png: expected anchors in their order .*, found L4 at y 225 px, L2 at"):
        predict(Drawn(), film, {"L4": (150, 225), "L2": (150, 675)})


def test_predict_all__anchors_by_film_and_a_bad_one_is_noted(tmp_path: Path) -> None:
    films = written(tmp_path, "a.png", "b.png", "c.png")
    skipped = Skipped()
    anchors = {"b.png": {"L4": (150.0, 450.0)}, "c.png": {"L4": (20.0, 20.0)}}
    predictions = [prediction for prediction, _ in predict_all(Drawn(), films, skipped, anchors)]
    assert [prediction.numbering.levels[0] for prediction in predictions] == ["T12", "L3"]
    assert len(skipped) == 1 and "c.png: expected a vertebra at x 20, y 20 px for L4" in str(skipped.errors[0])


def test_find_films__files_folders_and_globs_each_once(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.png", "b.JPG", "sub/c.dcm", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    skipped = Skipped()
    films = find_films([str(tmp_path), str(tmp_path / "*.png"), str(tmp_path / "a.png")], skipped)
    assert [film.name for film in films] == ["a.png", "b.JPG", "c.dcm"] and not skipped.errors


def test_find_films__nothing_named_is_noted(tmp_path: Path) -> None:
    skipped = Skipped()
    assert find_films([str(tmp_path / "missing.png"), str(tmp_path)], skipped) == []
    assert len(skipped) == 2


def test_predict_all__decodes_ahead_but_not_far(tmp_path: Path) -> None:
    """While a film is looked at, two more are read at most; a folder of any size fits in memory."""
    films, asked = written(tmp_path, *(f"{number}.png" for number in range(8))), []

    def naming() -> Iterator[Path]:
        for film in films:
            asked.append(film)
            yield film

    for done, (prediction, _) in enumerate(predict_all(Drawn(), naming(), Skipped())):
        assert prediction.path == films[done]
        assert len(asked) == min(done + 3, len(films))
