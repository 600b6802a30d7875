"""Pascal VOC: one XML of boxes a film."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from spineyolo.anatomy import parse_level
from spineyolo.errors import BadInputError, Skipped, UnknownLevelError
from spineyolo.film import Film, Vertebra
from spineyolo.formats import _common
from spineyolo.sources import Source


def read(root: Path, source: Source, skipped: Skipped) -> Iterator[Film]:
    """Yield the films of every `*.xml` under `root`, images in option `images` (JPEGImages) or beside the XML."""
    for path in sorted(root.rglob("*.xml")):
        try:
            document = _parse(path)
            name = Path(document.findtext("filename", "").replace("\\", "/")).name
            beside, folder = path.parent / name, root / source.options.get("images", "JPEGImages") / name
            film_path = folder if folder.is_file() else beside
            yield _common.film(film_path, source, _vertebrae(document, path, skipped))
        except BadInputError as error:
            skipped.add(error)


def _parse(path: Path) -> Element:
    try:
        root: Element = ElementTree.parse(path).getroot()
    except (OSError, ParseError, DefusedXmlException) as error:
        raise BadInputError(path, "a Pascal VOC file", f"{type(error).__name__}: {error}") from error
    return root


def _vertebrae(document: Element, path: Path, skipped: Skipped) -> list[Vertebra]:
    vertebrae = []
    for element in document.iter("object"):
        name = element.findtext("name", "")
        try:
            sides = [float(element.findtext(f"bndbox/{key}", "nan")) for key in ("xmin", "ymin", "xmax", "ymax")]
            ring = _common.rectangle(sides, path, name)
            vertebrae.append(Vertebra(parse_level(name), ring, box_only=True))
        except ValueError as error:
            skipped.add(BadInputError(path, f"numbers in the box of {name}", str(error)))
        except UnknownLevelError:
            skipped.add(BadInputError(path, "a level C1…C7, T1…T12 or L1…L5", repr(name)))
        except BadInputError as error:
            skipped.add(error)
    return vertebrae
