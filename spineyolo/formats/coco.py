"""COCO instances: polygons, several parts, RLE or plain boxes; category ids of any start, names like `vertebra_L1`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from pycocotools import mask as coco_mask

from spineyolo.anatomy import CATEGORY_ID, View, parse_level, region_of
from spineyolo.errors import BadInputError, Skipped, UnknownLevelError
from spineyolo.files import read_json, write_atomic
from spineyolo.film import Film, Points, Vertebra
from spineyolo.formats import _common
from spineyolo.polygons import bounding_box, mask_from_polygon
from spineyolo.sources import Source

SPLIT_OF_FOLDER: Final = {"train": "train", "valid": "val", "val": "val", "test": "test"}


def read(root: Path, source: Source, skipped: Skipped) -> Iterator[Film]:
    """Yield the films of the documents that option `annotations` names (a glob, `annotations.json`).

    Images lie in option `images`, or beside their document; a document in a folder named train, valid, val or
    test (or so named itself) gives the split, as in Roboflow's exports. An image's `view`, where it has one, is the
    film's; else the source's is.
    """
    pattern = source.options.get("annotations", "annotations.json")
    documents = sorted(root.glob(pattern))
    if not documents:
        skipped.add(BadInputError(root / pattern, "a COCO document", "none"))
    for path in documents:
        images = root / source.options["images"] if "images" in source.options else path.parent
        split = SPLIT_OF_FOLDER.get(path.parent.name) or SPLIT_OF_FOLDER.get(path.stem)
        try:
            yield from _read_document(path, root, images, split, source, skipped)
        except BadInputError as error:
            skipped.add(error)


def _read_document(
    path: Path, root: Path, folder: Path, split: str | None, source: Source, skipped: Skipped
) -> Iterator[Film]:
    document = read_json(path)
    try:
        categories = {str(category["id"]): str(category["name"]) for category in document["categories"]}
        images = {image["id"]: image for image in document["images"]}
        file_names = {image_id: str(image["file_name"]) for image_id, image in images.items()}
        annotations: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for annotation in document["annotations"]:
            annotations[annotation["image_id"]].append(annotation)
    except (KeyError, TypeError) as error:
        raise BadInputError(path, "a COCO document", f"{type(error).__name__}: {error}") from error
    for image_id in annotations.keys() - images.keys():
        skipped.add(BadInputError(path, "annotations of its own images", f"image_id {image_id!r}"))
    for image_id, image in images.items():
        try:
            film = _common.film(_common.film_path(root, folder / file_names[image_id]), source, (), split)
            _common.check_size(film, image.get("width"), image.get("height"))
            film = replace(film, view=_view(image, film))
            vertebrae = _vertebrae(annotations.get(image_id, []), categories, film, skipped)
            yield _common.with_vertebrae(film, vertebrae)
        except BadInputError as error:
            skipped.add(error)


def _view(image: dict[str, Any], film: Film) -> View | None:
    if not image.get("view"):
        return film.view
    try:
        return View(image["view"])
    except ValueError as error:
        raise BadInputError(film.path, f"view {' or '.join(View)}", repr(image["view"])) from error


def _vertebrae(
    annotations: list[dict[str, Any]], categories: dict[str, str], film: Film, skipped: Skipped
) -> list[Vertebra]:
    vertebrae = []
    for annotation in annotations:
        try:
            vertebrae.append(_vertebra(annotation, categories, film))
        except BadInputError as error:
            skipped.add(error)
    return vertebrae


def _vertebra(annotation: dict[str, Any], categories: dict[str, str], film: Film) -> Vertebra:
    number = str(annotation.get("category_id"))
    name = categories.get(number, f"category {number}")
    try:
        level = parse_level(name)
    except UnknownLevelError as error:
        raise BadInputError(film.path, "a level C1…C7, T1…T12 or L1…L5", repr(name)) from error
    segmentation = annotation.get("segmentation")
    if segmentation:
        return Vertebra(level, _ring(segmentation, film, level), box_only=bool(annotation.get("box_only")))
    if "bbox" not in annotation:
        raise BadInputError(film.path, f"a segmentation or a box for {level}", "neither")
    x, y, width, height = _common.four_numbers(annotation["bbox"], film.path, level)
    return Vertebra(level, _common.rectangle((x, y, x + width, y + height), film.path, level), box_only=True)


def _ring(segmentation: Any, film: Film, level: str) -> Points:
    if isinstance(segmentation, list):
        return _common.joined([_common.outline(part, film.path, level) for part in segmentation], film.path, level)
    try:
        height, width = segmentation["size"]
        if (height, width) != (film.height, film.width):
            expected = f"a mask of {film.width} × {film.height} px for {level}"
            raise BadInputError(film.path, expected, f"{width} × {height} px")
        mask = coco_mask.decode(_compressed(segmentation["counts"], height, width))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadInputError(film.path, f"a run-length mask of {level}", f"{type(error).__name__}: {error}") from error
    return _common.traced(mask, film.path, level)


def _compressed(counts: Any, height: int, width: int) -> Any:
    """Return run lengths, a list or already a string, in pycocotools' form; ValueError if they miss the mask's size."""
    rle = {"size": [height, width], "counts": counts}
    if not isinstance(counts, list):
        return rle
    if sum(counts) != height * width:
        raise ValueError(f"runs of {sum(counts)} px in a mask of {height * width} px")
    return coco_mask.frPyObjects(rle, height, width)


def categories() -> list[dict[str, Any]]:
    """Return the 24 COCO categories, ids 1…24 from C1 to L5."""
    return [
        {"id": number, "name": level, "supercategory": str(region_of(level))} for level, number in CATEGORY_ID.items()
    ]


def write(films: Iterable[Film], path: Path) -> None:
    """Write films as one COCO document, whole or not at all.

    Raises:
        BadInputError: for a vertebra without level.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, film in enumerate(films, start=1):
        image = {"id": image_id, "file_name": film.path.name, "width": film.width, "height": film.height}
        images.append({**image, "view": str(film.view or "")})
        for vertebra in film.vertebrae:
            if vertebra.level is None:
                raise BadInputError(film.path, "a level for each vertebra", "a vertebra without one")
            annotations.append({"id": len(annotations) + 1, "image_id": image_id, **_annotation(vertebra, film)})
    document = {"images": images, "categories": categories(), "annotations": annotations}
    write_atomic(path, json.dumps(document).encode())


def _annotation(vertebra: Vertebra, film: Film) -> dict[str, Any]:
    x0, y0, x1, y1 = bounding_box(vertebra.polygon)
    return {
        "category_id": CATEGORY_ID[vertebra.level or ""],
        "segmentation": [np.round(vertebra.polygon.astype(float), 2).ravel().tolist()],
        "bbox": [round(value, 2) for value in (x0, y0, x1 - x0, y1 - y0)],
        "area": int(mask_from_polygon(vertebra.polygon, film.height, film.width).sum()),
        "iscrowd": 0,
        "box_only": vertebra.box_only,
    }
