"""CSXA: `labels.json` with four corners a level, named by the sides of the image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from spineyolo.errors import BadInputError, Skipped
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
        cases = _common.read_json(path)["cases"].items()
    except BadInputError as error:
        skipped.add(error)
        return
    except (KeyError, TypeError, AttributeError) as error:
        skipped.add(BadInputError(path, "cases by film name", f"{type(error).__name__}: {error}"))
        return
    ring = _RINGS[source.options.get("anterior", "left")]
    for name, case in cases:
        film_path = root / "images" / f"{name}.png"
        try:
            yield _common.film(film_path, source, _vertebrae(case, ring, film_path, source))
        except BadInputError as error:
            skipped.add(error)


def _vertebrae(case: dict[str, Any], ring: tuple[str, ...], path: Path, source: Source) -> Iterator[Vertebra]:
    for level in source.labelled:
        corners = case.get("landmarks", {}).get(level)
        if corners is None:
            continue
        missing = [name for name in ring if name not in corners]
        if missing:
            raise BadInputError(path, f"four corners of {level}", f"none for {', '.join(missing)}")
        points = _common.outline([corners[name] for name in ring], path, level)
        yield Vertebra(level, points, corners=points)
