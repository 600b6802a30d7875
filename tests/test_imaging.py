from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from spineyolo import imaging
from spineyolo.errors import BadInputError

RAMP = np.tile(np.linspace(0, 60000, 600).astype(np.uint16), (80, 1))


def write_dicom(path: Path, pixels: np.ndarray | None, **tags: object) -> Path:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    if pixels is not None:
        dataset.Rows, dataset.Columns = pixels.shape[-2:]
        dataset.PixelData = pixels.tobytes()
    for name, value in tags.items():
        setattr(dataset, name, value)
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_load__16_bit_is_windowed_not_cut(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"ramp{suffix}"
    cv2.imwrite(str(path), RAMP)
    film = imaging.load(path)
    assert len(np.unique(film.grey)) > 200 and (np.diff(film.grey[0].astype(int)) >= 0).all()
    assert "windowed" in film.notes[0]


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_load__colour_becomes_grey(tmp_path: Path, channels: int, dtype: type) -> None:
    ramp = (RAMP // 257).astype(np.uint8) if dtype is np.uint8 else RAMP
    path = tmp_path / "colour.png"
    cv2.imwrite(str(path), np.repeat(ramp[..., None], channels, axis=2))
    grey = imaging.load(path).grey
    assert grey.shape == ramp.shape and len(np.unique(grey)) > 200


def test_load__exif_orientation_is_honoured(tmp_path: Path) -> None:
    picture = Image.fromarray(np.zeros((40, 100), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif)
    assert imaging.load(tmp_path / "turned.jpg").grey.shape == (100, 40)
    assert imaging.film_size(tmp_path / "turned.jpg") == (40, 100)


def test_load__dicom_monochrome1_is_inverted(tmp_path: Path) -> None:
    plain = imaging.load(write_dicom(tmp_path / "two.dcm", RAMP)).grey
    inverted = imaging.load(
        write_dicom(tmp_path / "one.dcm", RAMP, PhotometricInterpretation="MONOCHROME1", PixelSpacing=[0.14, 0.14])
    )
    assert (inverted.grey == 255 - plain).all()
    assert inverted.pixel_spacing_mm == (0.14, 0.14)


def test_load__dicom_window_is_applied(tmp_path: Path) -> None:
    grey = imaging.load(write_dicom(tmp_path / "w.dcm", RAMP, WindowCenter=30000, WindowWidth=10000)).grey
    assert grey[0, 200] == 0 and grey[0, 400] == 255 and 110 < grey[0, 300] < 145


def test_load__dicom_first_frame_with_a_note(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "m.dcm", np.stack([RAMP, RAMP[::-1, ::-1]]), NumberOfFrames=2)
    film = imaging.load(path)
    assert film.grey.shape == RAMP.shape and film.grey[0, 0] < film.grey[0, -1]
    assert film.notes[0] == "first of 2 frames"


def test_film_size__is_width_then_height(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 20), np.uint8))
    assert imaging.film_size(tmp_path / "a.png") == (20, 30)
    assert imaging.film_size(write_dicom(tmp_path / "a.dcm", RAMP)) == (600, 80)


def bad_files(folder: Path) -> dict[str, Path]:
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.jpg").write_text("not an image")
    Image.new("L", (200, 200)).save(folder / "whole.png")
    (folder / "cut.png").write_bytes((folder / "whole.png").read_bytes()[:90])
    Image.new("CMYK", (20, 20)).save(folder / "cmyk.jpg")
    Image.new("1", (40_000, 10)).save(folder / "wide.png")
    write_dicom(folder / "blank.dcm", None)
    (folder / "text.dcm").write_text("not a DICOM file")
    names = ["empty.png", "text.jpg", "cut.png", "cmyk.jpg", "wide.png", "blank.dcm", "text.dcm", "missing.png"]
    return {name: folder / name for name in names}


def test_load__bad_files_are_named(tmp_path: Path) -> None:
    for name, path in bad_files(tmp_path).items():
        with pytest.raises(BadInputError, match=name):
            imaging.load(path)


def test_load__dicom_without_pixels_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="without pixels"):
        imaging.load(write_dicom(tmp_path / "blank.dcm", None))
