"""CSXA: `labels.json` with four corners a level, named by the sides of the image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from spineyolo.errors import BadInputError, Skipped
from spineyolo.files import read_json
from spineyolo.film import Film, Vertebra
from spineyolo.formats import _common
from spineyolo.sources import Source

# Superior posterior, superior anterior, inferior anterior, inferior posterior, by the side anterior lies on.
_RINGS: Final = {
    "left": ("top_right", "top_left", "bottom_left", "bottom_right"),
    "right": ("top_left", "top_right", "bottom_right", "bottom_left"),
}


def read(root: Path, source: Source, skipped: Skipped) -> Iterator[Film]:
    """Yield the films of `root/labels.json`, images in `root/images`; option `anterior` (left) is the side."""
    path = root / "labels.json"
    try:
        cases = read_json(path)["cases"].items()
    except BadInputError as error:
        skipped.add(error)
        return
    except (KeyError, TypeError, AttributeError) as error:
        skipped.add(BadInputError(path, "cases by film name", f"{type(error).__name__}: {error}"))
        return
    side = source.options.get("anterior", "left")
    if side not in _RINGS:
        skipped.add(BadInputError(path, "left or right as the source's option anterior", repr(side)))
        return
    for name, case in cases:
        try:
            film_path = _common.film_path(root, root / "images" / f"{name}.png")
            yield _common.film(film_path, source, _vertebrae(case, _RINGS[side], film_path, source))
        except BadInputError as error:
            skipped.add(error)


def _vertebrae(case: Any, ring: tuple[str, ...], path: Path, source: Source) -> Iterator[Vertebra]:
    landmarks = case.get("landmarks") if isinstance(case, dict) else None
    if not isinstance(landmarks, dict):
        raise BadInputError(path, "landmarks by level in labels.json", repr(landmarks))
    for level in source.labelled:
        if level not in landmarks:
            continue
        corners = landmarks[level]
        if not isinstance(corners, dict):
            raise BadInputError(path, f"named corners of {level}", repr(corners))
        missing = [name for name in ring if name not in corners]
        if missing:
            raise BadInputError(path, f"four corners of {level}", f"none for {', '.join(missing)}")
        points = _common.outline([corners[name] for name in ring], path, level)
        yield Vertebra(level, points, corners=points)
