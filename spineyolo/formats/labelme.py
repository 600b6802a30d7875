"""labelme: one JSON a film; shapes of one group are parts of one vertebra."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spineyolo.anatomy import parse_level
from spineyolo.errors import BadInputError, Skipped, UnknownLevelError
from spineyolo.files import read_json
from spineyolo.film import Film, Points, Vertebra
from spineyolo.formats import _common
from spineyolo.sources import Source


def read(root: Path, source: Source, skipped: Skipped) -> Iterator[Film]:
    """Yield the films of every `*.json` under `root`; other shapes than polygons and rectangles are noted.

    A film that no JSON names is noted too.
    """
    stems: set[str] = set()
    for path in sorted(root.rglob("*.json")):
        stems.add(path.stem)
        try:
            document = read_json(path)
            film_path = _common.film_path(root, path.parent / document["imagePath"].replace("\\", "/"))
            stems.add(film_path.stem)
            film = _common.film(film_path, source, ())
            _common.check_size(film, document.get("imageWidth"), document.get("imageHeight"))
            yield _common.with_vertebrae(film, _vertebrae(document["shapes"], path, skipped))
        except BadInputError as error:
            skipped.add(error)
        except (KeyError, TypeError, AttributeError) as error:
            skipped.add(BadInputError(path, "a labelme document", f"{type(error).__name__}: {error}"))
    _common.note_unlabelled(root, stems, skipped)


def _vertebrae(shapes: list[dict[str, Any]], path: Path, skipped: Skipped) -> list[Vertebra]:
    parts: dict[tuple[str, Any], list[Points]] = defaultdict(list)
    outlined: set[tuple[str, Any]] = set()
    for number, shape in enumerate(shapes):
        try:
            group = shape.get("group_id")
            key = (parse_level(str(shape["label"])), number if group is None else f"group {group}")
            parts[key].append(_ring(shape, path))
            if shape.get("shape_type") != "rectangle":
                outlined.add(key)
        except UnknownLevelError as error:
            skipped.add(BadInputError(path, "a level C1…C7, T1…T12 or L1…L5", repr(error.name)))
        except BadInputError as error:
            skipped.add(error)
        except (KeyError, TypeError, AttributeError) as error:
            skipped.add(BadInputError(path, f"a labelme shape at {number}", f"{type(error).__name__}: {error}"))
    return [
        Vertebra(level, _common.joined(rings, path, level), box_only=(level, group) not in outlined)
        for (level, group), rings in parts.items()
        if rings
    ]


def _ring(shape: dict[str, Any], path: Path) -> Points:
    kind, points, label = shape.get("shape_type", "polygon"), shape.get("points", []), str(shape["label"])
    if kind == "polygon":
        return _common.outline(points, path, label)
    if kind == "rectangle" and len(points) == 2:
        xa, ya, xb, yb = _common.four_numbers(points, path, label)
        return _common.rectangle((min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)), path, label)
    raise BadInputError(path, f"a polygon or a rectangle for {label}", f"{kind} of {len(points)} points")
