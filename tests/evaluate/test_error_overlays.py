from pathlib import Path

import cv2
import numpy as np
from drawn_errors import BODY_PX, PITCH_PX, TOP_PX, at, film, grey_film

from spineyolo.evaluate import error_overlays, errors
from spineyolo.evaluate.error_plots import COLOURS
from spineyolo.evaluate.errors import Kind

COLUMN = ("T4", "T5", "T6")
SCALE = 1000 / 800  # small films are enlarged


def tint(picture: np.ndarray, place: int) -> np.ndarray:
    """Mean colour, RGB, of a vertebra's left half on the overlay."""
    y0 = TOP_PX + PITCH_PX * place
    rows, columns = (slice(round(a * SCALE), round(b * SCALE)) for a, b in ((y0 + 5, y0 + BODY_PX - 5), (75, 95)))
    return picture[rows, columns].mean(axis=(0, 1))[::-1]


def is_tinted(colour: np.ndarray, kind: Kind) -> bool:
    """Whether it leans from grey towards the kind's colour."""
    wanted = np.array([int(COLOURS[kind][i : i + 2], 16) for i in (1, 3, 5)], float)
    lean, towards = colour - colour.mean(), wanted - wanted.mean()
    return bool(np.linalg.norm(lean) > 10 and lean @ towards / np.linalg.norm(lean) / np.linalg.norm(towards) > 0.9)


def test_overlay__each_vertebra_in_the_colour_of_its_kind() -> None:
    pair = film(COLUMN, [at(0, "T4"), at(1, "T6")])
    picture = error_overlays.overlay(grey_film(noise=0), pair, errors.find(pair))
    assert is_tinted(tint(picture, 0), Kind.RIGHT) and is_tinted(tint(picture, 1), Kind.SHIFTED)
    assert np.ptp(tint(picture, 2)) < 3  # missed: nothing is filled


def test_overlay__names_at_the_edge_stay_on_the_film() -> None:
    pair = film(COLUMN, [])
    for truth in pair.truths:
        truth["bbox"][0] = 0.0
    picture = error_overlays.overlay(grey_film(noise=0), pair, errors.find(pair))
    dark = picture.max(axis=2) < 20
    assert dark.sum() > 500 and not dark[:, 0].any()  # the black names begin on the film


def test_write__numbers_films_and_removes_the_last_run_s(tmp_path: Path) -> None:
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), grey_film())
    pairs = [film(COLUMN, [at(0, "T4")], f"{name}.png") for name in ("a", "b")]
    found = [errors.find(pair) for pair in pairs]
    out = tmp_path / "out"
    error_overlays.write(pairs, found, tmp_path, out)
    assert sorted(path.name for path in out.iterdir()) == ["001_a.png", "002_b.png"]
    error_overlays.write(pairs[1:], found[1:], tmp_path, out)
    assert [path.name for path in out.iterdir()] == ["001_b.png"]


def test_write__run_lengths_are_drawn_as_boxes(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "film.png"), grey_film())
    pair = film(COLUMN, [])
    y0 = TOP_PX
    mask = np.zeros((800, 200), np.uint8)
    mask[y0 : y0 + BODY_PX, 70:130] = 1
    edges = np.flatnonzero(np.diff(mask.ravel(order="F"))) + 1
    counts = np.diff([0, *edges, mask.size]).tolist()
    pair.predictions.append({**at(0, "T4"), "segmentation": {"size": [800, 200], "counts": counts}})
    picture = error_overlays.overlay(grey_film(noise=0), pair, errors.find(pair))
    assert is_tinted(tint(picture, 0), Kind.RIGHT)
