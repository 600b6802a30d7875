"""Training films as canvases with boxes, levels and masks, varied at random, the same for the same seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset, Sampler

from spineyolo import imaging
from spineyolo.augment import vary
from spineyolo.detect.canvas import MARGIN_GREY, Placed, canvas_size, place
from spineyolo.errors import BadInputError
from spineyolo.files import read_json
from spineyolo.film import Points
from spineyolo.maskrcnn.recipe import Augmentation
from spineyolo.polygons import bounding_box, clip_polygon, mask_from_polygon, signed_area
from spineyolo.windows import MIN_VISIBLE

Matrix = npt.NDArray[np.float64]
"""Affine map `(2, 3)` of points in px."""

Target = dict[str, torch.Tensor]
"""What torchvision learns from: boxes, labels and masks of a film."""


@dataclass(frozen=True, eq=False)
class LabelledFilm:
    """A film with its vertebrae's outlines `(n, 2)` film px and COCO categories 1…24."""

    path: Path
    polygons: tuple[Points, ...]
    categories: tuple[int, ...]


def read_split(root: Path, split: str) -> list[LabelledFilm]:
    """Return the films that SPLIT.txt of a converted data set lists, as often as it lists them.

    That list is what YOLO learns from: films with flawed labels are not in it, small sources are in it repeatedly.

    Raises:
        BadInputError: if the list or `annotations/SPLIT.json` is missing or lacks a film, or no film has labels.
    """
    listing, document_path = root / f"{split}.txt", root / "annotations" / f"{split}.json"
    try:
        paths = [root / line for line in listing.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise BadInputError(listing, "a converted data set's list of films", error.strerror or "an error") from error
    labels = _labels(document_path)
    if lacking := [path.name for path in paths if path.name not in labels]:
        raise BadInputError(
            document_path, f"the films of {listing.name}", f"{len(lacking)} missing, {lacking[0]} first"
        )
    films = [
        LabelledFilm(path, tuple(polygon for _, polygon in labels[path.name]), tuple(c for c, _ in labels[path.name]))
        for path in paths
        if labels[path.name]
    ]
    if not films:
        raise BadInputError(listing, "films with labels", "none")
    return films


def _labels(path: Path) -> dict[str, list[tuple[int, Points]]]:
    document = read_json(path)
    by_image: dict[Any, list[tuple[int, Points]]] = defaultdict(list)
    try:
        for annotation in document["annotations"]:
            ring = np.asarray(annotation["segmentation"][0], np.float32).reshape(-1, 2)
            by_image[annotation["image_id"]].append((int(annotation["category_id"]), ring))
        return {image["file_name"]: by_image[image["id"]] for image in document["images"]}
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BadInputError(path, "a COCO document with polygons", f"{type(error).__name__}: {error}") from error


class TrainingFilms(Dataset[tuple[torch.Tensor, Target]]):
    """Films on canvases of one size, varied by what an epoch and the film's place in the list say.

    A film is read once and kept at the canvas's size, some 160 kB at 640 px.
    """

    def __init__(self, films: list[LabelledFilm], imgsz: int, augmentation: Augmentation, seed: int) -> None:
        self.films, self.imgsz, self.augmentation, self.seed = films, imgsz, augmentation, seed
        self._read = lru_cache(maxsize=None)(self._place)

    def __getitem__(self, key: tuple[int, int]) -> tuple[torch.Tensor, Target]:
        """Return a film's canvas, uint8 `(height, width)`, and its target; `key` is epoch and place in the list."""
        film = self.films[key[1]]
        placed = self._read(film.path)
        rng = np.random.default_rng([self.seed, *key])
        size = canvas_size(self.imgsz)
        still = _centring(placed, size)
        varied = random_map(self.augmentation, size, rng) @ np.vstack([still, [0, 0, 1]])
        for matrix in (varied, still):  # a map that leaves no vertebra in view teaches nothing
            kept = _visible(film, matrix @ _film_to_placed(placed), size)
            if kept:
                break
        image = vary(np.repeat(_warp(placed.image, matrix, size)[:, :, None], 3, axis=2), rng)[:, :, 0]
        return torch.from_numpy(np.ascontiguousarray(image)), _target(kept, size)

    def _place(self, path: Path) -> Placed:
        return place(imaging.load(path).grey, self.imgsz)


class EpochBatches(Sampler[list[tuple[int, int]]]):
    """Batches of (epoch, place of a film): a shuffle drawn from seed and epoch alone, so that a resumed run agrees."""

    def __init__(self, films: int, per_epoch: int, batch: int, seed: int, rank: int = 0, processes: int = 1) -> None:
        """Draw `per_epoch` of `films` an epoch (0: all); each of `processes` takes its share of every batch."""
        self.films, self.per_epoch, self.batch, self.seed = films, min(per_epoch or films, films), batch, seed
        self.rank, self.processes = rank, processes
        self.epoch = 0

    def __len__(self) -> int:
        return max(1, self.per_epoch // self.batch)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.films)
        order = np.resize(order, len(self) * self.batch)  # fewer films than a batch: some come twice
        for films in order.reshape(len(self), self.batch):
            yield [(self.epoch, int(film)) for film in films[self.rank :: self.processes]]


def collate(samples: list[tuple[torch.Tensor, Target]]) -> tuple[torch.Tensor, list[Target]]:
    """Return canvases as one tensor `(films, height, width)`, and the targets."""
    return torch.stack([image for image, _ in samples]), [target for _, target in samples]


def random_map(augmentation: Augmentation, size: tuple[int, int], rng: np.random.Generator) -> Matrix:
    """Return a random map of canvas points, about the canvas's middle; `size` is its height and width in px."""
    height, width = size
    zoom = float(np.exp(rng.uniform(*np.log(augmentation.zoom))))
    angle = np.deg2rad(rng.uniform(-1, 1) * augmentation.rotation_deg)
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if rng.random() < augmentation.flip:
        turn[:, 0] *= -1
    middle = np.array([width / 2, height / 2])
    moved = middle + rng.uniform(-1, 1, 2) * augmentation.shift * np.array([width, height])
    return np.column_stack([turn, moved - turn @ middle])


def _centring(placed: Placed, size: tuple[int, int]) -> Matrix:
    """Return the map from a placed film to the middle of a full canvas."""
    (height, width), (canvas_height, canvas_width) = placed.image.shape, size
    return np.array([[1.0, 0, (canvas_width - width) // 2], [0, 1.0, (canvas_height - height) // 2]])


def _film_to_placed(placed: Placed) -> Matrix:
    return np.array([[placed.scale, 0, placed.left], [0, placed.scale, placed.top], [0, 0, 1.0]])


def _warp(image: npt.NDArray[np.uint8], matrix: Matrix, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Map an image onto a canvas; OpenCV counts from pixels' middles, our points from their corners."""
    middles = matrix.copy()
    middles[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    warped = cv2.warpAffine(image, middles, size[::-1], borderMode=cv2.BORDER_CONSTANT, borderValue=MARGIN_GREY)
    return np.asarray(warped, np.uint8)


def _visible(film: LabelledFilm, matrix: Matrix, size: tuple[int, int]) -> list[tuple[int, Points]]:
    """Return category and outline in canvas px of each vertebra of which enough is on the canvas."""
    kept = []
    limits = np.array(size[::-1], np.float32)
    for category, polygon in zip(film.categories, film.polygons, strict=True):
        mapped = (polygon @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        if (mapped < 0).any() or (mapped > limits).any():
            inside = clip_polygon(mapped, 0, 0, *limits.tolist())
            if len(inside) < 3 or abs(signed_area(inside)) < MIN_VISIBLE * abs(signed_area(mapped)):
                continue
            mapped = inside
        kept.append((category, mapped))
    return kept


def _target(vertebrae: list[tuple[int, Points]], size: tuple[int, int]) -> Target:
    return {
        "boxes": torch.tensor([bounding_box(polygon) for _, polygon in vertebrae], dtype=torch.float32),
        "labels": torch.tensor([category for category, _ in vertebrae]),
        "masks": torch.from_numpy(np.stack([mask_from_polygon(polygon, *size) for _, polygon in vertebrae])),
    }
