"""From a film's file to its numbered vertebrae."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Final

from spineyolo import imaging
from spineyolo.detect import Detections, Detector
from spineyolo.errors import BadInputError, Skipped
from spineyolo.numbering import AnchorOrderError, Numbering, number
from spineyolo.numbering.anchors import Anchors, candidates_of

_AHEAD: Final = 2
"""Films that may wait decoded; a whole-spine film takes some 3 MB."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What was found on one film.

    Attributes:
        path: the film's file.
        height, width: px.
        detections: every candidate, best first.
        numbering: their names; None where a candidate was set aside.
    """

    path: Path
    height: int
    width: int
    detections: Detections
    numbering: Numbering


def predict(detector: Detector, path: Path, anchors: Anchors | None = None) -> tuple[Prediction, imaging.Radiograph]:
    """Find and number the vertebrae on one film; its pixels come along, to draw on.

    The levels of `anchors` are kept, and the chain follows.

    Raises:
        BadInputError: if the file is no readable film, or an anchor is on no vertebra or in the wrong order.
    """
    return predict_radiograph(detector, path, imaging.load(path), anchors)


def predict_all(
    detector: Detector, paths: Iterable[Path], skipped: Skipped, anchors: Mapping[str, Anchors] | None = None
) -> Iterator[tuple[Prediction, imaging.Radiograph]]:
    """Predict film by film, with the anchors of each by its file name; the next films are decoded meanwhile.

    A film that cannot be read, or whose anchors do not fit it, is noted in `skipped` and the others go on.
    """
    for path, reading in _read_ahead(paths):
        try:
            yield predict_radiograph(detector, path, reading.result(), (anchors or {}).get(path.name))
        except BadInputError as error:
            skipped.add(error)


def predict_radiograph(
    detector: Detector, path: Path, radiograph: imaging.Radiograph, anchors: Anchors | None = None
) -> tuple[Prediction, imaging.Radiograph]:
    """Find and number the vertebrae on a film that is decoded already; `path` is its name, and is not read.

    Raises:
        BadInputError: if an anchor is on no vertebra or in the wrong order.
    """
    height, width = radiograph.grey.shape
    detections = detector.detect(radiograph.grey)
    known = candidates_of(anchors or {}, detections, path)
    try:
        numbering = number(detections.boxes, detections.level_scores, height, anchors=known)
    except AnchorOrderError as error:
        given = ", ".join(f"{level} at y {y:g} px" for level, (_, y) in (anchors or {}).items())
        raise BadInputError(path, "anchors in their order down the spine, with room between them", given) from error
    return Prediction(path, height, width, detections, numbering), radiograph


def _read_ahead(paths: Iterable[Path]) -> Iterator[tuple[Path, Future[imaging.Radiograph]]]:
    """Yield each film in turn while a thread decodes up to `_AHEAD` films more."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        waiting: deque[tuple[Path, Future[imaging.Radiograph]]] = deque()
        for path in paths:
            waiting.append((path, reader.submit(imaging.load, path)))
            if len(waiting) > _AHEAD:
                yield waiting.popleft()
        yield from waiting


def find_films(patterns: Iterable[str], skipped: Skipped) -> list[Path]:
    """Return the films that files, folders and globs name, sorted, each once.

    A pattern that names nothing, and a folder without films, are noted in `skipped`.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(pattern)
        if path.is_dir():
            films = [file for file in path.rglob("*") if file.suffix.lower() in imaging.IMAGE_SUFFIXES]
        elif path.exists():
            films = [path]
        else:
            matches = glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob refuses absolute patterns
            films = [Path(file) for file in matches if Path(file).is_file()]
        if not films:
            skipped.add(BadInputError(pattern, "a film, or a folder or pattern with films", "none"))
        found.update(dict.fromkeys(sorted(films)))
    return list(found)
