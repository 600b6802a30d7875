from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from spineyolo.errors import BadInputError
from spineyolo.film import Film, Vertebra
from spineyolo.formats import coco
from spineyolo.maskrcnn.films import EpochBatches, LabelledFilm, TrainingFilms, read_split
from spineyolo.maskrcnn.recipe import Augmentation

BOXES = {"L1": (40, 60, 90, 100), "L2": (60, 140, 120, 190), "L3": (30, 250, 100, 300)}
STILL = Augmentation(flip=0, rotation_deg=0, zoom=(1, 1), shift=0)
LIVELY = Augmentation(flip=0.5, rotation_deg=20, zoom=(0.7, 1.5), shift=0.2)


def _film(folder: Path) -> Film:
    """White rectangles on black, labelled."""
    grey = np.zeros((400, 160), np.uint8)
    vertebrae = []
    for level, (x0, y0, x1, y1) in BOXES.items():
        grey[y0:y1, x0:x1] = 255
        vertebrae.append(Vertebra(level, np.float32([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])))
    cv2.imwrite(str(folder / "film.png"), grey)
    return Film(folder / "film.png", 160, 400, None, "made", "one", tuple(vertebrae))


def _labelled(folder: Path) -> LabelledFilm:
    film = _film(folder)
    return LabelledFilm(film.path, tuple(vertebra.polygon for vertebra in film.vertebrae), (20, 21, 22))


@pytest.mark.parametrize("epoch", range(8))
def test_getitem__labels_follow_the_pixels(tmp_path: Path, epoch: int) -> None:
    canvas, target = TrainingFilms([_labelled(tmp_path)], 320, LIVELY, seed=0)[epoch, 0]
    assert canvas.shape == (320, 128) and canvas.dtype == torch.uint8
    assert 0 < len(target["boxes"]) == len(target["labels"]) == len(target["masks"]) <= 3
    for box, mask in zip(target["boxes"], target["masks"], strict=True):
        inner = cv2.erode(mask.numpy().astype(np.uint8), np.ones((5, 5)), borderValue=0).astype(bool)
        ring = cv2.dilate(mask.numpy().astype(np.uint8), np.ones((9, 9))).astype(bool)
        ring &= ~cv2.dilate(mask.numpy().astype(np.uint8), np.ones((5, 5))).astype(bool)
        assert canvas[inner].float().mean() > canvas[ring].float().mean() + 80
        y, x = np.nonzero(mask.numpy())
        assert box.numpy() == pytest.approx([x.min(), y.min(), x.max() + 1, y.max() + 1], abs=1.5)


def test_getitem__without_variation_boxes_are_the_films_own(tmp_path: Path) -> None:
    _, target = TrainingFilms([_labelled(tmp_path)], 320, STILL, seed=0)[0, 0]
    assert target["boxes"].numpy() == pytest.approx(np.float32(list(BOXES.values())) * 0.8, abs=1e-3)


def test_getitem__same_seed_epoch_and_film_same_sample(tmp_path: Path) -> None:
    films = [_labelled(tmp_path)]
    first, again = (TrainingFilms(films, 320, LIVELY, seed=3)[2, 0] for _ in range(2))
    assert torch.equal(first[0], again[0]) and torch.equal(first[1]["boxes"], again[1]["boxes"])
    assert not torch.equal(first[0], TrainingFilms(films, 320, LIVELY, seed=3)[3, 0][0])


def test_epoch_batches__processes_share_each_batch() -> None:
    alone = EpochBatches(films=20, per_epoch=12, batch=4, seed=1)
    shares = [EpochBatches(20, 12, 4, 1, rank, 2) for rank in range(2)]
    for batches in (alone, *shares):
        batches.epoch = 5
    assert len(alone) == 3
    for whole, *parts in zip(alone, *shares, strict=True):
        assert sorted(whole) == sorted(key for part in parts for key in part)
    places = [place for batch in alone for _, place in batch]
    assert len(set(places)) == 12
    alone.epoch = 6
    assert places != [place for batch in alone for _, place in batch]


def test_read_split__films_as_often_as_listed_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    coco.write([_film(tmp_path)], tmp_path / "annotations" / "train.json")
    (tmp_path / "train.txt").write_text("./film.png\n./film.png\n")
    films = read_split(tmp_path, "train")
    assert [film.path for film in films] == [tmp_path / "film.png"] * 2
    assert films[0].categories == (20, 21, 22)
    (tmp_path / "train.txt").write_text("./other.png\n")
    with pytest.raises(BadInputError, match=r"other\.png"):
        read_split(tmp_path, "train")
