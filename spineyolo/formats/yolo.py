"""YOLO text labels: a line a vertebra, `class x y x y …` or a plain box, shares of width and height."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import yaml

from spineyolo.anatomy import INDEX, LEVELS, parse_level
from spineyolo.errors import BadInputError, Skipped, UnknownLevelError
from spineyolo.files import read_text, write_atomic
from spineyolo.film import Film, Vertebra
from spineyolo.formats import _common
from spineyolo.formats.coco import SPLIT_OF_FOLDER
from spineyolo.imaging import IMAGE_SUFFIXES
from spineyolo.sources import Source

_BOX_NUMBERS: Final = 5
_MAX_LABEL_BYTES: Final = 20_000_000  # 100 outlines of the most points that are read
_MAX_YAML_BYTES: Final = 100_000  # 24 names take some 500


def read(root: Path, source: Source, skipped: Skipped) -> Iterator[Film]:
    """Yield the films of a YOLO data set: `data.yaml` names the classes, `…/images/…` pairs with `…/labels/…`.

    Both layouts are read, `train/images` (Roboflow) and `images/train`; the folder gives the split. An empty
    label file means a film without vertebrae; a missing one, or one without film, is noted.
    """
    try:
        levels = _class_levels(root / "data.yaml")
    except BadInputError as error:
        skipped.add(error)
        return
    images = sorted(path for path in _files_below(root, "images") if path.suffix.lower() in IMAGE_SUFFIXES)
    label_files = {_label_path(path, root) for path in images}
    for orphan in sorted({path for path in _files_below(root, "labels") if path.suffix == ".txt"} - label_files):
        skipped.add(BadInputError(orphan, "a film of the same name under images/", "none"))
    for path in images:
        split = next((SPLIT_OF_FOLDER[part] for part in path.relative_to(root).parts if part in SPLIT_OF_FOLDER), None)
        try:
            film = _common.film(path, source, (), split)
            yield _common.with_vertebrae(film, _vertebrae(_label_path(path, root), film, levels, skipped))
        except BadInputError as error:
            skipped.add(error)


def _files_below(root: Path, folder: str) -> Iterator[Path]:
    """Yield what lies in any folder of this name under `root`, whatever the folders above `root` are called."""
    return (path for path in root.rglob("*") if folder in path.relative_to(root).parent.parts)


def _label_path(image: Path, root: Path) -> Path:
    parts = ["labels" if part == "images" else part for part in image.relative_to(root).parts]
    return root.joinpath(*parts).with_suffix(".txt")


def _class_levels(path: Path) -> dict[int, str]:
    """Return the names of the classes by number, as `data.yaml` gives them."""
    text = read_text(path, "the names of the classes", _MAX_YAML_BYTES)
    try:
        names = yaml.safe_load(text)["names"]
        pairs = list(names.items() if isinstance(names, Mapping) else enumerate(names))
        if nested := [number for number, name in pairs if isinstance(name, (list, dict))]:  # perhaps many times over
            raise BadInputError(path, "names that are words", f"a list or a mapping for class {nested[0]}")
        return {int(number): str(name) for number, name in pairs}
    except (yaml.YAMLError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadInputError(path, "YAML with names", f"{type(error).__name__}: {error}") from error


def _vertebrae(path: Path, film: Film, names: dict[int, str], skipped: Skipped) -> list[Vertebra]:
    text = read_text(path, f"labels of {film.path.name}, lines of numbers", _MAX_LABEL_BYTES)
    vertebrae = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                vertebrae.append(_vertebra(line.split(), film, names, path, f"line {number}"))
            except BadInputError as error:
                skipped.add(error)
    return vertebrae


def _vertebra(words: list[str], film: Film, names: dict[int, str], path: Path, what: str) -> Vertebra:
    try:
        number, values = int(float(words[0])), np.array([float(word) for word in words[1:]])
        level = parse_level(names[number])
    except (ValueError, OverflowError) as error:
        raise BadInputError(path, f"numbers in {what}", str(error)) from error
    except KeyError as error:
        raise BadInputError(path, f"a class of data.yaml in {what}", words[0]) from error
    except UnknownLevelError as error:
        raise BadInputError(path, f"a level C1…C7, T1…T12 or L1…L5 in {what}", repr(error.name)) from error
    size = np.array([film.width, film.height])
    if len(words) == _BOX_NUMBERS:
        centre, side = values[:2] * size, values[2:] * size
        box = [*(centre - side / 2).tolist(), *(centre + side / 2).tolist()]
        return Vertebra(level, _common.rectangle(box, path, what), box_only=True)
    ring = _common.outline(values, path, what)
    return Vertebra(level, _common.outline(ring * size, path, what))


def read_labels(folder: Path, film: Film, skipped: Skipped) -> list[Vertebra]:
    """Return the vertebrae of one film by its label file in `folder`, classes 0…23 as `lines` writes them."""
    return _vertebrae(folder / f"{film.path.stem}.txt", film, dict(enumerate(LEVELS)), skipped)


def lines(film: Film) -> str:
    """Return a film's labels as YOLO text: class 0…23 and the outline, cut to the film, as shares of its size.

    Raises:
        BadInputError: for a vertebra without level or wholly outside the film.
    """
    rows = []
    for vertebra in film.vertebrae:
        if vertebra.level is None:
            raise BadInputError(film.path, "a level for each vertebra", "a vertebra without one")
        ring = _common.cut_to_film(vertebra.polygon, film)
        if not len(ring):
            raise BadInputError(film.path, "vertebrae on the film", f"{vertebra.level} outside it")
        shares = ring / np.array([film.width, film.height])
        rows.append(f"{INDEX[vertebra.level]} " + " ".join(f"{share:.6f}" for share in shares.ravel()))
    return "".join(f"{row}\n" for row in rows)


def write(films: Iterable[Film], root: Path) -> None:
    """Write one label file a film, `root/labels/<split>/<film>.txt`; films without a split go to train."""
    for film in films:
        folder = root / "labels" / (film.split or "train")
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / f"{film.path.stem}.txt", lines(film).encode())
