"""Pixels from a film's file: 8 bit grey, windowed on purpose, upright, in its own aspect ratio."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import pydicom
from PIL import Image, ImageOps, UnidentifiedImageError
from pydicom.encaps import get_frame
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.multival import MultiValue
from pydicom.pixels import apply_rescale, apply_voi_lut, pixel_array
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from spineyolo.anatomy import View
from spineyolo.errors import BadInputError
from spineyolo.files import check_file, read_bytes

MAX_SIDE_PX: Final = 20_000
"""Longest side that is decoded; a scanned whole-spine film has some 4000."""

MAX_PIXELS: Final = 100_000_000
"""Largest film that is decoded; a detector of 43 × 129 cm at 0.1 mm gives 55 million pixels."""

MAX_FILE_BYTES: Final = 1_000_000_000
"""Largest file that is read: 16 bit colour of `MAX_PIXELS` takes 600 million bytes."""

WINDOW_PERCENTILES: Final = (0.5, 99.5)
"""Grey values mapped to 0 and 255 where the file states no window."""

_DICOM_SUFFIXES: Final = frozenset({".dcm", ".dicom"})
_PICTURE_FORMATS: Final = ("PNG", "JPEG", "TIFF", "BMP")  # Pillow reads more, PostScript by a program of its own
IMAGE_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}) | _DICOM_SUFFIXES

_VIEW_POSITIONS: Final = {"AP": View.AP, "PA": View.AP, "LL": View.LATERAL, "RL": View.LATERAL}
"""Of DICOM PS3.3 C.8.1.2; its decubitus views and obliques are neither."""

_EXIF_ORIENTATION: Final = 0x0112
_EXIF_SIDEWAYS: Final = frozenset({5, 6, 7, 8})
_TIFF_PHOTOMETRIC: Final = 0x0106
_TIFF_WHITE_IS_ZERO: Final = 0
DECODE_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    TypeError,
    NotImplementedError,
    RuntimeError,
    ImportError,  # a codec that is not installed
    EOFError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    struct.error,
    BytesLengthException,
    zlib.error,
    cv2.error,
    Image.DecompressionBombError,
)
"""What Pillow and pydicom raise on files that are cut short or garbled."""

_UNKNOWN_FORMAT: Final = (UnidentifiedImageError, ModuleNotFoundError)
"""Ultralytics, once imported, has Pillow look for pi_heif before it says that it does not know a format."""

Image.MAX_IMAGE_PIXELS = None  # MAX_PIXELS stands in, checked on the header before anything is decoded


@dataclass(frozen=True, eq=False)
class Radiograph:
    """A film's pixels.

    Attributes:
        grey: `(height, width)`, 8 bit.
        notes: what was decided on the way (a window, the first of several frames).
        pixel_spacing_mm: row and column spacing, where the file states both as numbers above 0.
        view: where the file states it (DICOM's View Position).
    """

    grey: npt.NDArray[np.uint8]
    notes: tuple[str, ...] = ()
    pixel_spacing_mm: tuple[float, float] | None = None
    view: View | None = None


def load(path: Path) -> Radiograph:
    """Read a PNG, JPEG, TIFF, BMP or DICOM film.

    Raises:
        BadInputError: if the file is missing, empty, cut short, too large or of a kind that is not read.
    """
    return _load_dicom(path) if _is_dicom(path) else _load_picture(path)


def film_size(path: Path) -> tuple[int, int]:
    """Return a film's width and height in px, upright, from its header.

    Raises:
        BadInputError: as `load` does.
    """
    if _is_dicom(path):
        dataset = _read_dicom(path, header_only=True)
        return int(dataset.Columns), int(dataset.Rows)
    with open_picture(path) as picture:
        width, height = picture.size
        sideways = picture.getexif().get(_EXIF_ORIENTATION) in _EXIF_SIDEWAYS
    return (height, width) if sideways else (width, height)


def to_8bit(values: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.uint8]:
    """Map `low`…`high` of grey values `(height, width)` linearly to 0…255; what lies outside is clipped."""
    scaled = (values.astype(np.float32) - low) * (255.0 / max(high - low, 1e-6))
    return np.asarray(np.clip(np.round(scaled), 0, 255), np.uint8)


def _is_dicom(path: Path) -> bool:
    check_file(path, "a readable film", MAX_FILE_BYTES)
    if path.suffix.lower() in _DICOM_SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError as error:
        raise BadInputError(path, "a readable film", error.strerror or "an error") from error


def _check_size(path: Path, width: int, height: int) -> None:
    if min(width, height) < 1 or max(width, height) > MAX_SIDE_PX or width * height > MAX_PIXELS:
        limits = f"sides of up to {MAX_SIDE_PX} px and up to {MAX_PIXELS // 1_000_000} million pixels"
        raise BadInputError(path, limits, f"{width} × {height} px")


def open_picture(path: Path) -> Image.Image:
    """Open a PNG, JPEG, TIFF or BMP file, its size checked and its pixels not decoded yet.

    Raises:
        BadInputError: as `load` does.
    """
    content = read_bytes(path, "a readable image", MAX_FILE_BYTES)
    if not content:
        raise BadInputError(path, "an image", "an empty file")
    try:
        picture = Image.open(io.BytesIO(content), formats=_PICTURE_FORMATS)
        _check_size(path, *picture.size)
        picture.getexif()  # decodes a PNG, whose EXIF may lie behind its pixels
    except _UNKNOWN_FORMAT as error:
        raise BadInputError(path, "a PNG, JPEG, TIFF, BMP or DICOM image", "another or a broken format") from error
    except DECODE_ERRORS as error:
        raise BadInputError(path, "a readable image", f"{type(error).__name__}: {error}") from error
    return picture


def _load_picture(path: Path) -> Radiograph:
    with open_picture(path) as opened:
        if opened.mode == "CMYK":
            raise BadInputError(path, "a grey or RGB image", "CMYK, a printer's colours; convert it first")
        try:
            notes = ["first of several frames"] if getattr(opened, "n_frames", 1) > 1 else []
            picture = ImageOps.exif_transpose(opened)
            values = _grey_values(path, picture)
            if _is_deep_white_is_zero(opened):
                values = 65535 - values
                notes.append("white is zero, inverted")
        except DECODE_ERRORS as error:
            raise BadInputError(path, "a readable image", f"{type(error).__name__}: {error}") from error
    if values.dtype == np.uint8:
        return Radiograph(values, tuple(notes))
    if not np.isfinite(values).all():
        raise BadInputError(path, "finite grey values", "some that are not")
    grey, note = _window_by_percentiles(values)
    return Radiograph(grey, (*notes, note))


def _grey_values(path: Path, picture: Image.Image) -> npt.NDArray[Any]:
    """Return grey values `(height, width)` in the file's own depth; colour is weighted, alpha left out."""
    if picture.mode in {"I", "F"} or picture.mode.startswith("I;16"):
        return np.asarray(picture)
    if picture.mode in {"RGB", "RGBA"}:
        deep = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        if deep is not None and deep.dtype == np.uint16:  # Pillow cuts 16 bit colour down to 8
            return np.asarray(cv2.cvtColor(deep[..., :3], cv2.COLOR_BGR2GRAY))
    return np.asarray(picture.convert("RGB").convert("L") if picture.mode != "L" else picture, np.uint8)


def _is_deep_white_is_zero(picture: Image.Image) -> bool:
    """Tell whether 0 means white in a 16 bit TIFF; Pillow turns only shallower ones bright on dark."""
    deep = picture.format == "TIFF" and picture.mode.startswith("I;16")
    return deep and picture.getexif().get(_TIFF_PHOTOMETRIC) == _TIFF_WHITE_IS_ZERO


def _window_by_percentiles(values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.uint8], str]:
    low, high = (float(value) for value in np.percentile(values, WINDOW_PERCENTILES))
    return to_8bit(values, low, high), f"{values.dtype} windowed to 8 bit, {low:g}…{high:g}"


def _read_dicom(path: Path, header_only: bool) -> pydicom.Dataset:
    try:
        if read_file_meta_info(path).get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
            raise BadInputError(path, "a DICOM file that is not deflated", "one that is; convert it first")
        dataset = pydicom.dcmread(path, stop_before_pixels=header_only)
        width, height = int(dataset.get("Columns", 0)), int(dataset.get("Rows", 0))
    except InvalidDicomError as error:
        raise BadInputError(path, "a DICOM file", "another or a broken format") from error
    except DECODE_ERRORS as error:
        raise BadInputError(path, "a readable DICOM file", f"{type(error).__name__}: {error}") from error
    if not width or not height or not (header_only or "PixelData" in dataset):
        raise BadInputError(path, "a DICOM image", "a DICOM file without pixels")
    _check_size(path, width, height)
    return dataset


def _load_dicom(path: Path) -> Radiograph:
    dataset = _read_dicom(path, header_only=False)
    notes = []
    try:  # pydicom decodes each tag when it is asked for
        if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
            raise BadInputError(path, "a grey or RGB DICOM image", "palette colour; convert it first")
        frames = int(dataset.get("NumberOfFrames", 1) or 1)
        _check_codestream(path, dataset)
        values = pixel_array(dataset, index=0, decoding_plugin=_decoder(dataset))
        if frames > 1:
            notes.append(f"first of {frames} frames")
        if dataset.get("SamplesPerPixel", 1) == 3:
            values = cv2.cvtColor(values, cv2.COLOR_RGB2GRAY)
        grey, note = _window_dicom(values, dataset)
        spacing = _pixel_spacing(dataset)
        view = _VIEW_POSITIONS.get(str(dataset.get("ViewPosition", "")).upper())
    except DECODE_ERRORS as error:
        raise BadInputError(path, "a DICOM image", f"{type(error).__name__}: {error}") from error
    return Radiograph(grey, (*notes, note), spacing, view)


def _decoder(dataset: pydicom.Dataset) -> str:
    """Return which decoder of pydicom's to take; "" for its own choice, but pylibjpeg's run lengths abort on errors."""
    return "pydicom" if dataset.file_meta.TransferSyntaxUID == RLELossless else ""


def _check_codestream(path: Path, dataset: pydicom.Dataset) -> None:
    """Compare the size that a JPEG or JPEG 2000 inside a DICOM file states with the file's: decoders go by theirs.

    Raises:
        BadInputError: if they differ.
    """
    if not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return
    try:
        frame = Image.open(io.BytesIO(get_frame(dataset.PixelData, 0)), formats=("JPEG", "JPEG2000"))
    except _UNKNOWN_FORMAT:
        return  # run lengths and JPEG-LS, which do not outgrow the file's own size
    size = (int(dataset.Columns), int(dataset.Rows))
    if frame.size != size:
        raise BadInputError(path, f"an image of {size[0]} × {size[1]} px in it", f"{frame.size[0]} × {frame.size[1]}")


def _pixel_spacing(dataset: pydicom.Dataset) -> tuple[float, float] | None:
    spacing = dataset.get("PixelSpacing") or dataset.get("ImagerPixelSpacing")
    if not isinstance(spacing, MultiValue) or len(spacing) != 2:
        return None
    row, column = float(spacing[0]), float(spacing[1])
    return (row, column) if row > 0 and column > 0 else None


def _window_dicom(values: npt.NDArray[Any], dataset: pydicom.Dataset) -> tuple[npt.NDArray[np.uint8], str]:
    """Apply rescale and the first VOI LUT or window, else percentiles; MONOCHROME1 is turned bright on dark."""
    values = apply_rescale(values, dataset)
    has_window = dataset.get("WindowCenter") is not None and dataset.get("WindowWidth") is not None
    if dataset.get("VOILUTSequence") or has_window:
        values = apply_voi_lut(values, dataset)
        low, high = float(values.min()), float(values.max())
        grey, note = to_8bit(values, low, high), "windowed as the DICOM file says"
    else:
        grey, note = _window_by_percentiles(values)
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        return 255 - grey, f"{note}, MONOCHROME1 inverted"
    return grey, note
