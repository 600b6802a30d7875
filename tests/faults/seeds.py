"""Small, sound files of every kind that is read: what the fuzz tests garble."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom
from PIL import Image
from pycocotools import mask as coco_mask
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, RLELossless, SecondaryCaptureImageStorage, generate_uid
from scipy.io import savemat

from spineyolo import imaging
from spineyolo.anatomy import View
from spineyolo.errors import BadInputError, Skipped
from spineyolo.formats import READERS
from spineyolo.sources import Source

HEIGHT, WIDTH = 60, 40
RING = [5, 5, 30, 5, 30, 20, 5, 20]


@dataclass(frozen=True)
class Target:
    """A sound folder of one format.

    Attributes:
        name: of the reader, or of the image's kind.
        files: path below the folder to content.
        garbled: those of them that are garbled.
        options: of the source.
    """

    name: str
    files: dict[str, bytes]
    garbled: tuple[str, ...]
    options: dict[str, Any]

    def write(self, folder: Path) -> None:
        """Write the folder."""
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    def read(self, folder: Path) -> tuple[int, int]:
        """Return how many films were read and how many refusals were noted; any other error is a fault."""
        if self.name not in READERS:
            return _read_image(folder / self.garbled[0])
        source = Source("seed", "", "", "", "", View.AP, None, ("T1", "L1", "L2"), "", options=self.options)
        skipped = Skipped()
        films = list(READERS[self.name](folder, source, skipped))
        for error in skipped.errors:
            str(error).encode()  # printable, whatever the file holds
        return len(films), len(skipped)


def _read_image(path: Path) -> tuple[int, int]:
    try:
        imaging.film_size(path)
        imaging.load(path)
    except BadInputError as error:
        str(error).encode()
        return 0, 1
    return 1, 0


def _png(values: np.ndarray) -> bytes:
    return cv2.imencode(".png", values)[1].tobytes()


FILM = _png(np.zeros((HEIGHT, WIDTH), np.uint8))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _coco() -> Target:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[25:40, 5:30] = 1
    packed = coco_mask.encode(np.asfortranarray(mask))
    runs = {"size": [HEIGHT, WIDTH], "counts": [300, 20, HEIGHT * WIDTH - 320]}
    document = {
        "images": [{"id": 1, "file_name": "film.png", "width": WIDTH, "height": HEIGHT, "view": "AP"}],
        "categories": [{"id": 1, "name": "L1"}, {"id": 2, "name": "L2"}],
        "annotations": [
            {"image_id": 1, "category_id": 1, "segmentation": [RING, [5, 30, 20, 30, 20, 40]]},
            {"image_id": 1, "category_id": 2, "segmentation": {**packed, "counts": packed["counts"].decode()}},
            {"image_id": 1, "category_id": 2, "segmentation": runs},
            {"image_id": 1, "category_id": 2, "bbox": [5, 5, 20, 10]},
        ],
    }
    return Target("coco", {"film.png": FILM, "annotations.json": _json(document)}, ("annotations.json",), {})


def _coco_keypoints() -> Target:
    names = [f"L1{corner}" for corner in ("TB", "TF", "BB", "BF")]
    document = {
        "images": [{"id": 1, "file_name": "film.png"}],
        "categories": [{"keypoints": names}],
        "annotations": [{"image_id": 1, "keypoints": [5, 5, 2, 30, 5, 2, 5, 20, 2, 30, 20, 2]}],
    }
    files = {"images/film.png": FILM, "annotations.json": _json(document)}
    return Target("coco_keypoints", files, ("annotations.json",), {})


def _csxa() -> Target:
    corners = {"top_left": [5, 5], "top_right": [30, 5], "bottom_left": [5, 20], "bottom_right": [30, 20]}
    document = {"cases": {"film": {"landmarks": {"L1": corners}}}}
    return Target("csxa", {"images/film.png": FILM, "labels.json": _json(document)}, ("labels.json",), {})


def _labelme() -> Target:
    shapes = [
        {"label": "L1", "group_id": 1, "points": [[5, 5], [30, 5], [30, 20]], "shape_type": "polygon"},
        {"label": "L1", "group_id": 1, "points": [[5, 30], [30, 30], [30, 40]], "shape_type": "polygon"},
        {"label": "L2", "group_id": None, "points": [[5, 42], [30, 50]], "shape_type": "rectangle"},
    ]
    document = {"imagePath": "film.png", "imageWidth": WIDTH, "imageHeight": HEIGHT, "shapes": shapes}
    return Target("labelme", {"film.png": FILM, "film.json": _json(document)}, ("film.json",), {})


def _masks() -> Target:
    ids = np.zeros((HEIGHT, WIDTH), np.uint8)
    ids[5:20, 5:30], ids[25:40, 5:30] = 1, 2
    files = {"images/film.png": FILM, "masks/film.png": _png(ids)}
    return Target("masks", files, ("masks/film.png",), {"labels": {1: "L1", 2: "L2"}})


def _voc() -> Target:
    box = "<bndbox><xmin>5</xmin><ymin>5</ymin><xmax>30</xmax><ymax>20</ymax></bndbox>"
    size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height></size>"
    text = f"<annotation><filename>film.png</filename>{size}<object><name>L1</name>{box}</object></annotation>"
    return Target("voc", {"film.png": FILM, "film.xml": text.encode()}, ("film.xml",), {})


def _yolo() -> Target:
    files = {
        "data.yaml": b"names:\n  0: L1\n  1: L2\n",
        "train/images/film.png": FILM,
        "train/labels/film.txt": b"0 0.1 0.1 0.7 0.1 0.7 0.3 0.1 0.3\n1 0.5 0.6 0.4 0.2\n",
    }
    return Target("yolo", files, ("data.yaml", "train/labels/film.txt"), {})


def _aasce_table() -> Target:
    row = ",".join(f"{value:.3f}" for value in np.linspace(0.1, 0.9, 136))
    files: dict[str, bytes] = {}
    for folder in ("training", "test"):
        files[f"data/{folder}/film.png"] = FILM
        files[f"labels/{folder}/filenames.csv"] = b"film.png\n"
        files[f"labels/{folder}/landmarks.csv"] = f"{row}\n".encode()
    return Target("aasce", files, ("labels/training/filenames.csv", "labels/training/landmarks.csv"), {})


def _aasce_mat() -> Target:
    buffer = io.BytesIO()
    savemat(buffer, {"p2": np.linspace(1, 39, 136).reshape(68, 2)})
    files = {name: content for name, content in _aasce_table().files.items() if "landmarks" not in name}
    files |= {f"labels/{folder}/film.png.mat": buffer.getvalue() for folder in ("training", "test")}
    return Target("aasce", files, ("labels/training/film.png.mat",), {})


def dicom(syntax: UID = ExplicitVRLittleEndian, **tags: Any) -> bytes:
    """Return a small DICOM film, 16 bit grey."""
    dataset = pydicom.Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["seed"])
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    dataset.Rows, dataset.Columns, dataset.PixelSpacing = HEIGHT, WIDTH, [0.1, 0.1]
    dataset.WindowCenter, dataset.WindowWidth, dataset.RescaleSlope, dataset.RescaleIntercept = 1000, 2000, 1, 0
    dataset.PixelData = np.arange(HEIGHT * WIDTH, dtype=np.uint16).tobytes()
    if syntax == RLELossless:
        dataset.compress(RLELossless)
    for name, value in tags.items():
        setattr(dataset, name, value)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _picture(kind: str, dtype: type = np.uint8, **options: Any) -> bytes:
    buffer = io.BytesIO()
    values = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(dtype)
    Image.fromarray(values).save(buffer, kind, **options)
    return buffer.getvalue()


def _images() -> Iterator[Target]:
    contents = {
        "film.png": FILM,
        "deep.png": _picture("PNG", np.uint16),
        "film.jpg": _picture("JPEG"),
        "film.tif": _picture("TIFF", np.uint16, compression="tiff_lzw"),
        "film.bmp": _picture("BMP"),
        "film.dcm": dicom(),
        "rle.dcm": dicom(RLELossless),
    }
    for name, content in contents.items():
        yield Target(name, {name: content}, (name,), {})


_MAKERS: tuple[Callable[[], Target], ...] = (
    _aasce_table,
    _aasce_mat,
    _coco,
    _coco_keypoints,
    _csxa,
    _labelme,
    _masks,
    _voc,
    _yolo,
)

TARGETS: dict[str, Target] = {maker.__name__.strip("_"): maker() for maker in _MAKERS} | {
    target.name: target for target in _images()
}
"""What is fuzzed: the readers (AASCE's twice, tables and MATLAB files) and the kinds of image."""
