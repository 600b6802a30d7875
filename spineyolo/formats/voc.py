"""Pascal VOC: one XML of boxes a film."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree

from spineyolo.anatomy import parse_level
from spineyolo.errors import BadInputError, Skipped, UnknownLevelError
from spineyolo.files import MAX_TEXT_BYTES, read_bytes
from spineyolo.film import Film, Vertebra
from spineyolo.formats import _common
from spineyolo.sources import Source


def read(root: Path, source: Source, skipped: Skipped) -> Iterator[Film]:
    """Yield the films of every `*.xml` under `root`, images in option `images` (JPEGImages) or beside the XML.

    A film that no XML names is noted.
    """
    stems: set[str] = set()
    for path in sorted(root.rglob("*.xml")):
        stems.add(path.stem)
        try:
            document = _parse(path)
            name = Path(document.findtext("filename", "").replace("\\", "/")).name
            if not name:
                raise BadInputError(path, "a film's name in <filename>", "none")
            beside, folder = path.parent / name, root / source.options.get("images", "JPEGImages") / name
            film_path = folder if folder.is_file() else beside
            stems.add(film_path.stem)
            film = _common.film(film_path, source, ())
            _common.check_size(film, *_stated_size(document, path))
            yield _common.with_vertebrae(film, _vertebrae(document, path, skipped))
        except BadInputError as error:
            skipped.add(error)
    _common.note_unlabelled(root, stems, skipped)


def _parse(path: Path) -> Element:
    content = read_bytes(path, "a Pascal VOC file", MAX_TEXT_BYTES)
    try:
        root: Element = ElementTree.fromstring(content, forbid_dtd=True)
    except (ParseError, LookupError, ValueError) as error:  # defusedxml's refusals are ValueErrors
        raise BadInputError(path, "a Pascal VOC file", f"{type(error).__name__}: {error}") from error
    return root


def _stated_size(document: Element, path: Path) -> list[int]:
    """Return the width and height in px that `<size>` states, 0 where it does not."""
    try:
        return [int(document.findtext(f"size/{side}") or 0) for side in ("width", "height")]
    except ValueError as error:
        raise BadInputError(path, "whole numbers in <size>", str(error)) from error


def _vertebrae(document: Element, path: Path, skipped: Skipped) -> list[Vertebra]:
    vertebrae = []
    for element in document.iter("object"):
        name = element.findtext("name", "")
        try:
            sides = [element.findtext(f"bndbox/{key}") for key in ("xmin", "ymin", "xmax", "ymax")]
            ring = _common.rectangle(sides, path, name)
            vertebrae.append(Vertebra(parse_level(name), ring, box_only=True))
        except UnknownLevelError:
            skipped.add(BadInputError(path, "a level C1…C7, T1…T12 or L1…L5", repr(name)))
        except BadInputError as error:
            skipped.add(error)
    return vertebrae
