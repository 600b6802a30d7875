"""What a film and its vertebrae are like, apart from any prediction: what errors may depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
from pycocotools import mask as coco_mask

from spineyolo import imaging
from spineyolo.anatomy import INDEX, LEVEL_OF_CATEGORY, LEVELS, Region, View, region_of
from spineyolo.errors import BadInputError
from spineyolo.evaluate.coco import encoded
from spineyolo.evaluate.report import FilmPair
from spineyolo.files import read_json
from spineyolo.film import Points
from spineyolo.measure import cobb
from spineyolo.measure.column import covered_by_metal
from spineyolo.measure.geometry import caudal_directions, fit_body
from spineyolo.polygons import bounding_box, bridge, mask_from_polygon, polygon_from_mask
from spineyolo.render.spec import Hardware
from spineyolo.sources import load_source

SOURCES: Final = Path(__file__).parents[2] / "datasets" / "sources"

WHOLE_SPINE: Final = "whole spine"
WHOLE_FROM: Final = 15
"""Labelled vertebrae from which a film is taken for a whole spine: AASCE's have 17, a random part view at most 12."""

REGION_FROM: Final = 3
"""Labelled vertebrae from which a part view is said to show a region: a neck film shows T1 and T2 as well."""

RING: Final = 0.25
"""Width of the surroundings that a vertebra's contrast is taken against, in vertebra heights."""

Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a film comes from: source, view and flaw as the manifest has them, and the levels its source labels."""

    source: str
    view: View | None
    flawed: bool
    labelled: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Covariates:
    """One film.

    Attributes:
        origin: where it comes from.
        field: the part of the spine it shows, told from its labelled levels: `whole spine`, or its regions.
        cobb_deg: largest Cobb angle of the true outlines (AP films with sound labels); None where there is none.
        contrast: of each true vertebra, see `contrast_to_noise`.
        implant: whether it shows one, see `has_implant`.
        height_px: of each true vertebra's box.
    """

    origin: Origin
    field: str
    cobb_deg: float | None
    contrast: tuple[float, ...]
    implant: bool
    height_px: tuple[float, ...]


def origins(films: Sequence[FilmPair], manifest: Path) -> list[Origin]:
    """Return each film's origin; films of no converted data set have no source, and all levels count as labelled.

    Raises:
        BadInputError: if there is a manifest that is none, or lacks a film.
    """
    if not manifest.exists():
        return [Origin("", _view(film.image.get("view")), False, LEVELS) for film in films]
    try:
        table = pd.read_csv(manifest, keep_default_na=False).set_index("film")[["source", "view", "flaw"]]
    except (OSError, ValueError, KeyError) as error:
        raise BadInputError(manifest, "a manifest with columns film, source, view and flaw", str(error)) from error
    if unknown := [film.stem for film in films if film.stem not in table.index]:
        raise BadInputError(manifest, "a row for each film", f"{len(unknown)} missing, first {unknown[0]}")
    labelled = {str(name): _labelled(str(name)) for name in table["source"].unique()}
    rows: dict[Any, dict[Any, str]] = table.astype(str).to_dict(orient="index")
    return [
        Origin(row["source"], _view(row["view"]), row["flaw"] != "", labelled[row["source"]])
        for row in (rows[film.stem] for film in films)
    ]


def _view(name: str | None) -> View | None:
    return View(name) if name else None


def _labelled(source: str) -> tuple[str, ...]:
    path = SOURCES / f"{source}.yaml"
    return load_source(path).labelled if path.exists() else LEVELS


def covariates(film: FilmPair, origin: Origin, images: Path) -> Covariates:
    """Return what a film is like, from its truth and its pixels.

    Args:
        film: its image entry and true annotations, one ring or run lengths each.
        origin: of the film.
        images: the folder with its file.

    Raises:
        BadInputError: if the file is no readable film, or of another size than its entry says.
    """
    grey = imaging.load(images / film.image["file_name"]).grey
    size = (film.image["width"], film.image["height"])
    if grey.shape != size[::-1]:
        expected = f"{size[0]} × {size[1]} px, as the truth says"
        raise BadInputError(images / film.image["file_name"], expected, f"{grey.shape[1]} × {grey.shape[0]} px")
    levels = [LEVEL_OF_CATEGORY[truth["category_id"]] for truth in film.truths]
    rings = [_ring(truth, size) for truth in film.truths]
    return Covariates(
        origin=origin,
        field=field_of(levels),
        cobb_deg=_largest_cobb_deg(levels, rings, size[1]) if origin.view is View.AP and not origin.flawed else None,
        contrast=tuple(contrast_to_noise(grey, rings, place) for place in range(len(rings))),
        implant=has_implant(grey, rings, images / f"{film.stem}.truth.json"),
        height_px=tuple(float(truth["bbox"][3]) for truth in film.truths),
    )


def _largest_cobb_deg(levels: Sequence[str], rings: Sequence[Points], film_height: int) -> float | None:
    """Return the largest angle between two bodies from T1 down, deg; None for fewer than `cobb.MIN_BODIES`.

    A ring of four points is taken for the body's corners in `film.Vertebra`'s order, as AASCE has them.
    """
    order = [place for place in np.argsort([INDEX[level] for level in levels]) if INDEX[levels[place]] >= INDEX["T1"]]
    if len(order) < cobb.MIN_BODIES:
        return None
    outlines = [rings[place].astype(np.float64) for place in order]
    ways = caudal_directions(np.array([outline.mean(axis=0) for outline in outlines]))
    corners = [
        outline if len(outline) == 4 else None if (fit := fit_body(outline, way)) is None else fit.corners
        for outline, way in zip(outlines, ways, strict=True)
    ]
    usable = [four for four in corners if four is not None]
    return float(cobb.aasce_angles(np.array(usable), film_height)[0]) if len(usable) >= cobb.MIN_BODIES else None


def has_implant(grey: Grey, rings: Sequence[Points], record: Path) -> bool:
    """Return whether a film shows an implant: a rendered one's truth record says so, else metal on a vertebra does.

    Rods beside the bodies, and metal that is not white on the film, are not seen.

    Args:
        grey: film `(height, width)`.
        rings: outlines of its labelled vertebrae.
        record: its truth record, which only a rendered film has.

    Raises:
        BadInputError: if the record is none.
    """
    if not record.exists():
        return any(covered_by_metal(ring.astype(np.float64), grey) for ring in rings)
    try:
        return bool(read_json(record)["spec"]["hardware"] != Hardware.NONE)
    except (KeyError, TypeError) as error:
        raise BadInputError(record, "a truth record of tools/render.py phantom", repr(error)) from error


def _ring(truth: Mapping[str, Any], size: tuple[int, int]) -> Points:
    segmentation = truth["segmentation"]
    if isinstance(segmentation, list):
        return bridge([np.reshape(np.asarray(ring, np.float32), (-1, 2)) for ring in segmentation])
    runs = encoded([dict(truth)], size[1], size[0])[0]["segmentation"]
    return polygon_from_mask(coco_mask.decode(runs))


def field_of(levels: Sequence[str]) -> str:
    """Return the part of the spine that a film with these labelled levels shows, `cervical`, `thoracic and lumbar`."""
    if len(levels) >= WHOLE_FROM:
        return WHOLE_SPINE
    counts = {region: sum(region_of(level) is region for level in levels) for region in Region}
    shown = [region for region, count in counts.items() if count >= REGION_FROM]
    return " and ".join(shown or [max(Region, key=lambda region: counts[region])])


def contrast_to_noise(grey: Grey, rings: Sequence[Points], place: int) -> float:
    """Return a vertebra's contrast-to-noise ratio against a ring round it; NaN where one of them is not on the film.

    |mean inside - mean outside| over the root of the mean of both variances, in 8-bit grey: the usual definition for
    two areas of one image (Timischl, Scanning 2015;37:54-62, discusses it). The ring is a quarter of the vertebra's
    height wide, and leaves out the other vertebrae.

    Args:
        grey: film `(height, width)`.
        rings: outlines of its labelled vertebrae.
        place: whose contrast, among `rings`.
    """
    x0, y0, x1, y1 = bounding_box(rings[place])
    reach = max(2, round(RING * (y1 - y0)))
    left, top = max(0, int(x0) - reach), max(0, int(y0) - reach)
    part = grey[top : int(y1) + reach + 1, left : int(x1) + reach + 1]
    if not part.size:
        return float("nan")
    corner = np.array([left, top], np.float32)
    masks = [mask_from_polygon(ring - corner, *part.shape) for ring in rings]
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    near = cv2.dilate(masks[place].astype(np.uint8), kernel).astype(np.bool_)
    body, around = part[masks[place]].astype(float), part[near & ~np.any(masks, axis=0)].astype(float)
    if not len(body) or not len(around):
        return float("nan")
    noise = np.sqrt((body.var() + around.var()) / 2)
    return float(abs(body.mean() - around.mean()) / max(noise, 1.0))
