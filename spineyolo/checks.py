"""Doubtful labels and films, found by geometry and by looks, to be judged by a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import cv2
import imagehash
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
import yaml
from PIL import Image

from spineyolo import imaging
from spineyolo.anatomy import INDEX, colour_of
from spineyolo.errors import Skipped
from spineyolo.files import write_atomic
from spineyolo.film import Film, Vertebra
from spineyolo.formats import yolo

HEIGHT_RATIO: Final = (0.5, 1.7)
"""A vertebra's height over the median of the five around it. Wedge fractures seldom go below 0.6."""

SPACING_RATIO: Final = (0.55, 1.6)
"""A centre distance over the median of the five around it."""

MAX_HASH_DISTANCE: Final = 4
"""Bits in which the 256-bit perceptual hashes of two copies of a film may differ."""

_NO_FLAW: Final = ("duplicate", "off film")
"""Kinds that say nothing against learning from the film: conversion cuts off what lies beyond the film."""

_TILE_HEIGHT_PX: Final = 700
_TILES_A_ROW: Final = 8
_MAX_TILES: Final = 64


@dataclass(frozen=True)
class Finding:
    """One doubt about one film."""

    film: str
    source: str
    original: str
    split: str
    kind: str
    detail: str


def check(out: Path) -> list[Finding]:
    """Check every whole film of a converted data set; writes `checks.csv`, `checks.png` and `flaws/*.yaml` there.

    Raises:
        BadInputError: if a label file of the set is gone or garbled: convert again.
    """
    manifest = pd.read_csv(out / "manifest.csv", keep_default_na=False)
    rows = manifest[manifest["window"] == ""]
    findings: list[Finding] = []
    for row in rows.to_dict("records"):
        path = out / "images" / row["split"] / f"{row['film']}.png"
        film = Film(path, row["width"], row["height"], None, row["source"], str(row["subject"]))
        vertebrae = yolo.read_labels(out / "labels" / row["split"], film, Skipped())
        about = (row["film"], row["source"], row["original"], row["split"])
        doubts = [*label_doubts(vertebrae), *(("off film", f"outline of {level}") for level in row["off_film"].split())]
        findings += [Finding(*about, kind, detail) for kind, detail in doubts]
    findings += _near_duplicates(out, rows)
    _write(out, findings)
    return findings


def label_doubts(vertebrae: list[Vertebra]) -> Iterator[tuple[str, str]]:
    """Yield (kind, detail) for what is odd about one film's labels.

    Kinds: crossing (an outline crosses itself), order (a level lies above the one before it), height and
    spacing (a sudden jump, by `HEIGHT_RATIO` and `SPACING_RATIO`).
    """
    named = sorted((v for v in vertebrae if v.level), key=lambda v: INDEX[v.level or ""])
    for vertebra in named:
        if not shapely.Polygon(vertebra.polygon).is_valid:
            yield "crossing", f"outline of {vertebra.level}"
    if len(named) < 5:
        return
    levels = [vertebra.level for vertebra in named]
    centres = np.array([vertebra.polygon.mean(axis=0) for vertebra in named])
    for upper, lower, rise in zip(levels, levels[1:], np.diff(centres[:, 1]), strict=False):
        if rise <= 0:
            yield "order", f"{lower} above {upper}"
    down = np.argsort(centres[:, 1])
    heights = np.array([_height(vertebra) for vertebra in named])[down]
    spacings = np.linalg.norm(np.diff(centres[down], axis=0), axis=1)
    for kind, values, (low, high) in (("height", heights, HEIGHT_RATIO), ("spacing", spacings, SPACING_RATIO)):
        ratios = values / _running_median(values)
        for place in np.flatnonzero((ratios < low) | (ratios > high)):
            yield kind, f"{ratios[place]:.2f} times its surroundings at {levels[down[place]]}"


def _height(vertebra: Vertebra) -> float:
    """Return area over width: the mean height in px, whatever the number of points."""
    box = shapely.minimum_rotated_rectangle(shapely.Polygon(vertebra.polygon))
    if box.geom_type != "Polygon":
        return 1e-6
    corners = np.array(box.exterior.coords)
    width = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[1]))
    return float(max(shapely.make_valid(shapely.Polygon(vertebra.polygon)).area / width, 1e-6))


def _running_median(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.array([np.median(values[max(0, i - 2) : i + 3]) for i in range(len(values))])


def _near_duplicates(out: Path, rows: pd.DataFrame) -> list[Finding]:
    """Find pairs of films in different splits that look the same."""
    hashes = []
    for row in rows.itertuples():
        with Image.open(out / "images" / str(row.split) / f"{row.film}.png") as picture:
            hashes.append(imagehash.phash(picture, hash_size=16).hash.ravel())
    bits = np.array(hashes)
    found = []
    for first in range(len(bits)):
        distances = (bits[first + 1 :] != bits[first]).sum(axis=1)
        for second in np.flatnonzero(distances <= MAX_HASH_DISTANCE) + first + 1:
            one, other = rows.iloc[first], rows.iloc[second]
            if one["split"] != other["split"]:
                about = (one["film"], one["source"], one["original"], one["split"])
                found.append(Finding(*about, "duplicate", f"looks like {other['film']} ({other['split']})"))
    return found


def _write(out: Path, findings: list[Finding]) -> None:
    columns = list(Finding.__dataclass_fields__)
    table = pd.DataFrame([asdict(finding) for finding in findings], columns=columns)
    write_atomic(out / "checks.csv", table.to_csv(index=False).encode())
    (out / "flaws").mkdir(exist_ok=True)
    for earlier in (out / "checks.png", *(out / "flaws").glob("*.yaml")):
        earlier.unlink(missing_ok=True)
    for source, group in table[~table["kind"].isin(_NO_FLAW)].groupby("source"):
        reasons = {
            str(original): "; ".join(f"{row.kind}: {row.detail}" for row in part.itertuples())
            for original, part in group.groupby("original")
        }
        content = yaml.safe_dump(reasons, allow_unicode=True, width=1000)
        write_atomic(out / "flaws" / f"{source}.flaws.yaml", content.encode())
    worst = table.groupby(["film", "split"]).size().sort_values(ascending=False).index[:_MAX_TILES]
    tiles = [_tile(out, str(film), str(split)) for film, split in worst]
    if tiles:
        write_atomic(out / "checks.png", cv2.imencode(".png", _sheet(tiles))[1].tobytes())


def _tile(out: Path, film: str, split: str) -> npt.NDArray[np.uint8]:
    path = out / "images" / split / f"{film}.png"
    picture = cv2.cvtColor(imaging.load(path).grey, cv2.COLOR_GRAY2BGR)
    height, width = picture.shape[:2]
    for vertebra in yolo.read_labels(out / "labels" / split, Film(path, width, height, None, "", ""), Skipped()):
        colour = colour_of(vertebra.level or "")[::-1]
        cv2.polylines(picture, [np.round(vertebra.polygon).astype(np.int32)], True, colour, max(2, height // 500))
    tile = cv2.resize(picture, (round(width * _TILE_HEIGHT_PX / height), _TILE_HEIGHT_PX), interpolation=cv2.INTER_AREA)
    cv2.putText(tile, film[-28:], (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 255), 1, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)


def _sheet(tiles: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
    rows = [np.hstack(tiles[start : start + _TILES_A_ROW]) for start in range(0, len(tiles), _TILES_A_ROW)]
    width = max(row.shape[1] for row in rows)
    return np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows])
