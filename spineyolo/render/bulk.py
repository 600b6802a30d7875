"""Many rendered films into a folder: PNG or DICOM, a truth record a film, and one COCO document."""

from __future__ import annotations

import io
import json
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from rich.progress import Progress

from spineyolo.anatomy import LEVELS
from spineyolo.errors import BadInputError
from spineyolo.files import read_json, write_atomic, writing_alone
from spineyolo.film import Film, Vertebra
from spineyolo.formats import coco
from spineyolo.render.phantom import RenderedFilm, render
from spineyolo.render.sampling import sample
from spineyolo.render.spec import Projection, Window
from spineyolo.render.truth import VIEW_OF
from spineyolo.workers import end_with_parent

ANNOTATIONS: Final = "annotations.json"
RENDER_VERSION: Final = 1
"""Raised when a seed gives another film than before, so that an interrupted run does not mix both."""

_DX_IMAGE: Final = "1.2.840.10008.5.1.4.1.1.1.1"


@dataclass(frozen=True)
class Order:
    """Which films to render: `count` of them, seeds from `seed` on."""

    count: int
    view: Projection
    window: Window
    seed: int
    degeneration: bool
    dicom: bool

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            BadInputError: naming the one that is impossible.
        """
        if self.count < 1:
            raise BadInputError("count", "one film or more", str(self.count))
        if self.seed < 0:
            raise BadInputError("seed", "0 or more", str(self.seed))

    def name_of(self, seed: int) -> str:
        """Return a film's file stem."""
        worn = "_worn" if self.degeneration else ""
        return f"{self.view.lower()}_{self.window}{worn}_{seed:06d}"


def render_all(order: Order, out: Path, workers: int) -> list[Film]:
    """Render an order's films into `out`, those made before left as they are, and write the COCO document.

    Returns:
        all of its films, labelled. Films of other orders in the same folder stay in the document.

    Raises:
        BadInputError: if `out` holds a truth record that is none.
        NotWrittenError: if `out` cannot be written to, or another run is writing into it.
    """
    with writing_alone(out):
        return _render_all(order, out, workers)


def _render_all(order: Order, out: Path, workers: int) -> list[Film]:
    seeds = range(order.seed, order.seed + order.count)
    missing = [seed for seed in seeds if not _is_done(order, out, seed)]
    # Spawned, not forked: a fork of a process whose libraries run threads may hang.
    context = multiprocessing.get_context("spawn")
    with Progress() as progress, ProcessPoolExecutor(workers, context, end_with_parent) as pool:
        task = progress.add_task("Rendering", total=order.count, completed=order.count - len(missing))
        try:
            for future in as_completed([pool.submit(_render_one, order, out, seed) for seed in missing]):
                future.result()
                progress.advance(task)
        finally:
            pool.shutdown(cancel_futures=True)  # after an interrupt, the films not begun yet stay for the next run
    films = list(_films(out))
    coco.write(films, out / ANNOTATIONS)
    names = {order.name_of(seed) for seed in seeds}
    return [film for film in films if film.path.stem in names]


def _is_done(order: Order, out: Path, seed: int) -> bool:
    record, picture = out / f"{order.name_of(seed)}.truth.json", out / _file_name(order, seed)
    return record.exists() and picture.exists() and read_json(record).get("render_version") == RENDER_VERSION


def _file_name(order: Order, seed: int) -> str:
    return order.name_of(seed) + (".dcm" if order.dicom else ".png")


def _render_one(order: Order, out: Path, seed: int) -> None:
    cv2.setNumThreads(1)
    film = render(*sample(seed, order.view, order.window, order.degeneration))
    name = _file_name(order, seed)
    picture = dicom_bytes(film) if order.dicom else cv2.imencode(".png", film.grey)[1].tobytes()
    write_atomic(out / name, picture)
    record = {
        "render_version": RENDER_VERSION,
        "file_name": name,
        "width": film.grey.shape[1],
        "height": film.grey.shape[0],
        "view": VIEW_OF[order.view],
        "labels": [
            {"level": item.level, "polygon": np.round(item.polygon.astype(float), 2).tolist()}
            for item in film.vertebrae
        ],
        **film.truth,
    }
    write_atomic(out / f"{order.name_of(seed)}.truth.json", json.dumps(record).encode())


def _films(out: Path) -> Iterator[Film]:
    """Yield the films of a folder by their truth records; vertebrae that have no name among the 24 are left out."""
    for path in sorted(out.glob("*.truth.json")):
        record = read_json(path)
        try:
            yield _film(record, out)
        except (KeyError, TypeError, ValueError) as error:
            raise BadInputError(path, "a truth record", f"{type(error).__name__}: {error}") from error


def _film(record: dict[str, Any], out: Path) -> Film:
    vertebrae = tuple(
        Vertebra(label["level"], np.array(label["polygon"], np.float32))
        for label in record["labels"]
        if label["level"] is not None
    )
    view = next((view for view in VIEW_OF.values() if view == record["view"]), None)
    name = record["file_name"]
    return Film(out / name, record["width"], record["height"], view, "phantom", name, vertebrae, LEVELS)


def dicom_bytes(film: RenderedFilm) -> bytes:
    """Return a film as a DICOM file (digital X-ray) with the pixel spacing that holds at the spine."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = _DX_IMAGE
    spec, spacing = film.truth["spec"], film.truth["geometry"]["pixel_spacing_at_spine_mm"]
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[json.dumps(spec, sort_keys=True)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = pydicom.Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID, dataset.SOPInstanceUID = _DX_IMAGE, meta.MediaStorageSOPInstanceUID
    dataset.Modality, dataset.BodyPartExamined = "DX", "SPINE"
    dataset.PatientName, dataset.PatientID = "Phantom", f"phantom-{spec['seed']}"
    dataset.ViewPosition = {"AP": "AP", "lateral": "LL"}.get(str(spec["view"]), "")
    dataset.Rows, dataset.Columns = film.grey.shape
    dataset.PixelSpacing = [round(spacing, 6)] * 2
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    pixels = film.grey.tobytes()
    dataset.PixelData = pixels + b"\0" * (len(pixels) % 2)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
