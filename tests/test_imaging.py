import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from spineyolo import imaging
from spineyolo.anatomy import View
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


@pytest.mark.parametrize(
    ("position", "view"), [("PA", View.AP), ("LL", View.LATERAL), ("LLD", None), ("", None), ("ll", View.LATERAL)]
)
def test_load__dicom_states_its_view(tmp_path: Path, position: str, view: View | None) -> None:
    assert imaging.load(write_dicom(tmp_path / "v.dcm", RAMP, ViewPosition=position)).view is view


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


def test_film_size__dicom_whose_first_number_has_half_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(bytes(128) + b"DICM" + struct.pack("<HH2sH", 2, 0, b"UL", 14) + bytes(14))
    with pytest.raises(BadInputError, match=r"a\.dcm: expected a readable DICOM file"):
        imaging.film_size(path)


def test_load__dicom_tag_of_a_kind_that_does_not_exist(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", np.zeros((20, 10), np.uint16))
    content = path.read_bytes()
    photometric = struct.pack("<HH", 0x28, 4)
    assert photometric + b"CS" in content
    path.write_bytes(content.replace(photometric + b"CS", photometric + b"BS"))
    with pytest.raises(BadInputError, match="Unknown Value Representation"):
        imaging.load(path)


def test_load__dicom_without_pixels_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="without pixels"):
        imaging.load(write_dicom(tmp_path / "blank.dcm", None))


def white_is_zero_tiff(values: np.ndarray) -> bytes:
    """A bare 16 bit TIFF in which 0 means white; Pillow writes none."""
    height, width = values.shape
    tags = [(256, width), (257, height), (258, 16), (259, 1), (262, 0), (273, 0), (277, 1), (278, height), (279, 0)]
    start = 8 + 2 + 12 * len(tags) + 4
    data = dict(tags) | {273: start, 279: values.nbytes}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in data.items())
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    return head + entries + struct.pack("<I", 0) + values.astype("<u2").tobytes()


def test_load__16_bit_tiff_white_is_zero_is_inverted(tmp_path: Path) -> None:
    (tmp_path / "scan.tif").write_bytes(white_is_zero_tiff(RAMP))
    film = imaging.load(tmp_path / "scan.tif")
    assert film.grey[0, 0] == 255 and film.grey[0, -1] == 0
    assert "inverted" in film.notes[0]


def test_load__tiff_with_values_that_are_not_finite_is_refused(tmp_path: Path) -> None:
    values = RAMP.astype(np.float32)
    values[3, 3] = np.nan
    Image.fromarray(values).save(tmp_path / "nan.tif")
    with pytest.raises(BadInputError, match="finite"):
        imaging.load(tmp_path / "nan.tif")


def test_load__dicom_16_bit_colour_is_not_cut(tmp_path: Path) -> None:
    path = write_dicom(
        tmp_path / "rgb.dcm",
        None,
        SamplesPerPixel=3,
        PhotometricInterpretation="RGB",
        PlanarConfiguration=0,
        Rows=RAMP.shape[0],
        Columns=RAMP.shape[1],
        PixelData=np.repeat(RAMP[..., None], 3, axis=2).tobytes(),
    )
    grey = imaging.load(path).grey
    assert (np.diff(grey[0].astype(int)) >= 0).all() and len(np.unique(grey)) > 200


def test_load__dicom_palette_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="palette"):
        imaging.load(write_dicom(tmp_path / "p.dcm", RAMP, PhotometricInterpretation="PALETTE COLOR"))


def test_load__dicom_rescale_comes_before_the_window(tmp_path: Path) -> None:
    tags = {"RescaleSlope": 0.5, "RescaleIntercept": 1000, "WindowCenter": 16000, "WindowWidth": 5000}
    grey = imaging.load(write_dicom(tmp_path / "r.dcm", RAMP, **tags)).grey
    assert grey[0, 240] == 0 and grey[0, 360] == 255 and 110 < grey[0, 300] < 145


@pytest.mark.parametrize("tags", [{"WindowCenter": None, "WindowWidth": None}, {"WindowCenter": 30000}])
def test_load__dicom_with_half_a_window_uses_percentiles(tmp_path: Path, tags: dict[str, object]) -> None:
    assert "uint16 windowed" in imaging.load(write_dicom(tmp_path / "w.dcm", RAMP, **tags)).notes[0]


@pytest.mark.parametrize("spacing", [0.14, [0.0, 0.14]])
def test_load__dicom_spacing_that_means_nothing_is_left_out(tmp_path: Path, spacing: object) -> None:
    assert imaging.load(write_dicom(tmp_path / "s.dcm", RAMP, PixelSpacing=spacing)).pixel_spacing_mm is None


def test_load__dicom_imager_spacing_stands_in(tmp_path: Path) -> None:
    film = imaging.load(write_dicom(tmp_path / "s.dcm", RAMP, ImagerPixelSpacing=[0.1, 0.2]))
    assert film.pixel_spacing_mm == (0.1, 0.2)


def test_load__unicode_path(tmp_path: Path) -> None:
    Image.fromarray(np.full((20, 30), 77, np.uint8)).save(tmp_path / "film Ü 胸.png")
    assert (imaging.load(tmp_path / "film Ü 胸.png").grey == 77).all()


def test_film_size__too_large_is_refused_from_the_header(tmp_path: Path) -> None:
    # A header alone: there are no pixels behind it that could be decoded.
    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    (tmp_path / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT")
    for read in (imaging.film_size, imaging.load):
        with pytest.raises(BadInputError, match="40000 × 40000"):
            read(tmp_path / "huge.png")
