"""COCO keypoints with named corners: C3TB = C3 top back (posterior), C3TF = top front, …BB, …BF at the bottom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from spineyolo.errors import BadInputError, Skipped
from spineyolo.files import read_json
from spineyolo.film import Film, Vertebra
from spineyolo.formats import _common
from spineyolo.sources import Source

_RING: Final = ("TB", "TF", "BF", "BB")


def read(root: Path, source: Source, skipped: Skipped) -> Iterator[Film]:
    """Yield the films of `root/annotations.json`, images in `root/images`.

    A level of `source.labelled` with some of its corners hidden is no outline: it is noted and left out.
    """
    path = root / "annotations.json"
    try:
        document = read_json(path)
        names = [str(name) for name in document["categories"][0]["keypoints"]]
        files = {image["id"]: str(image["file_name"]) for image in document["images"]}
        annotations = _by_image(document["annotations"], path, skipped)
    except BadInputError as error:
        skipped.add(error)
        return
    except (KeyError, IndexError, TypeError) as error:
        skipped.add(BadInputError(path, "a COCO keypoints document", f"{type(error).__name__}: {error}"))
        return
    for image_id, file_name in files.items():
        try:
            film_path = _common.film_path(root, root / "images" / file_name)
            if image_id not in annotations:
                raise BadInputError(film_path, f"an annotation in {path.name}", "none")
            vertebrae = list(_vertebrae(annotations[image_id], names, film_path, source, skipped))
            yield _common.film(film_path, source, vertebrae)
        except BadInputError as error:
            skipped.add(error)


def _by_image(annotations: list[dict[str, Any]], path: Path, skipped: Skipped) -> dict[Any, dict[str, Any]]:
    """Return the first annotation of each image id; further ones are noted."""
    first: dict[Any, dict[str, Any]] = {}
    for annotation in annotations:
        image_id = annotation["image_id"]
        if first.setdefault(image_id, annotation) is not annotation:
            skipped.add(BadInputError(path, "one annotation a film", f"another for image {image_id}"))
    return first


def _vertebrae(
    annotation: dict[str, Any], names: list[str], path: Path, source: Source, skipped: Skipped
) -> Iterator[Vertebra]:
    try:
        values = np.asarray(annotation.get("keypoints", []), np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInputError(path, "keypoint numbers", str(error)) from error
    if values.size != 3 * len(names):
        raise BadInputError(path, f"{3 * len(names)} keypoint numbers", str(values.size))
    seen = {name: point[:2] for name, point in zip(names, values.reshape(-1, 3), strict=True) if point[2] > 0}
    for level in source.labelled:
        corners = [seen[level + corner] for corner in _RING if level + corner in seen]
        if len(corners) == len(_RING):
            ring = _common.outline(corners, path, level)
            yield Vertebra(level, ring, corners=ring)
        elif corners:
            skipped.add(BadInputError(path, f"four corners of {level}", str(len(corners))))
