"""Files made to do harm, each with how it is read: it must be refused or read, soon and in bounded memory."""

import io
import json
import multiprocessing
import os
import resource
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGBaseline8Bit

from tests.faults.seeds import HEIGHT, TARGETS, WIDTH, Target, dicom

MEMORY_BOUND_BYTES = 2_000_000_000
"""What reading one file may add to the process."""

TIME_BOUND_S = 60.0


def _png_header(width: int, height: int, extra: bytes = b"") -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(min(width * height + height, 2_000_000))))
    return b"\x89PNG\r\n\x1a\n" + header + (chunk(b"zTXt", extra) if extra else b"") + pixels + chunk(b"IEND", b"")


def _tiff(width: int, height: int, next_directory: int = 0) -> bytes:
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, 64)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", next_directory)


def _jpeg(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, height)).save(buffer, "JPEG")
    return buffer.getvalue()


def _image(name: str, content: bytes) -> Target:
    return Target(name, {name: content}, (name,), {})


def _with(name: str, file: str, content: bytes) -> Target:
    """Return a sound folder of a format with one file swapped."""
    target = TARGETS[name]
    return Target(target.name, {**target.files, file: content}, (file,), target.options)


def _coco(segmentation: object) -> Target:
    document = json.loads(TARGETS["coco"].files["annotations.json"])
    document["annotations"] = [{"image_id": 1, "category_id": 1, "segmentation": segmentation}]
    return _with("coco", "annotations.json", json.dumps(document).encode())


def _labelme(name: str, value: object) -> Target:
    document = json.loads(TARGETS["labelme"].files["film.json"])
    return _with("labelme", "film.json", json.dumps({**document, name: value}).encode())


def _laughs() -> bytes:
    lines = ["a0: &a0 [L1, L1]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    return "\n".join([*lines, "names: [*a29]"]).encode()


def _noise(side: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 2, (side, side), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _noise_masks() -> Target:
    blank = io.BytesIO()
    Image.new("L", (600, 600)).save(blank, "PNG")
    files = {"images/film.png": blank.getvalue(), "masks/film.png": _noise(600)}
    return Target("masks", files, ("masks/film.png",), {"labels": {1: "L1"}})


def _scribble(points: int) -> list[float]:
    return np.random.default_rng(0).uniform(-20, HEIGHT, points * 2).round(2).tolist()


def _there_and_back(points: int) -> list[float]:
    return np.stack([np.tile([0, 30], points // 2) + np.linspace(0, 1, points), np.full(points, 5)], 1).ravel().tolist()


def _deflated() -> bytes:
    sound = dicom()
    head = sound.index(b"1.2.840.10008.1.2.1\x00")
    renamed = sound[:head] + DeflatedExplicitVRLittleEndian.encode() + b"\0" + sound[head + 20 :]
    length = 144  # of the file's meta information, as far as its own length says
    end = length + struct.unpack("<I", sound[140:144])[0] + len(renamed) - len(sound)
    meta = renamed[:140] + struct.pack("<I", end - length) + renamed[length:end]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return meta + packer.compress(bytes(200_000_000)) + packer.flush()


def _jpeg_in_dicom() -> bytes:
    content = dicom(PhotometricInterpretation="MONOCHROME2", BitsAllocated=8, BitsStored=8, HighBit=7)
    dataset = dcmread(io.BytesIO(content))
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.PixelData = encapsulate([_jpeg(9000, 9000)])
    dataset["PixelData"].is_undefined_length = True
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _huge_length() -> bytes:
    sound = dicom()
    return sound.replace(b"OW\0\0" + struct.pack("<I", HEIGHT * WIDTH * 2), b"OW\0\0" + struct.pack("<I", 0xFFFFFFF0))


CASES: dict[str, Callable[[], Target]] = {
    "PNG of 100,000 × 100,000 px": lambda: _image("bomb.png", _png_header(100_000, 100_000)),
    "PNG of 20,000 × 20,000 px": lambda: _image("bomb.png", _png_header(20_000, 20_000)),
    "PNG whose comment unpacks to 500 MB": lambda: _image(
        "bomb.png", _png_header(40, 60, b"a\0\0" + zlib.compress(bytes(500_000_000), 1))
    ),
    "PNG with fewer pixels than it says": lambda: _image("short.png", _png_header(9_000, 9_000)),
    "mask of 100,000 × 100,000 px": lambda: _with("masks", "masks/film.png", _png_header(100_000, 100_000)),
    "mask of noise": _noise_masks,
    "TIFF of 100,000 × 100,000 px": lambda: _image("bomb.tif", _tiff(100_000, 100_000)),
    "TIFF whose pages go in a circle": lambda: _image("circle.tif", _tiff(40, 60, next_directory=8)),
    "PostScript that calls itself PNG": lambda: _image(
        "film.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    ),
    "DICOM of 65,535 × 65,535 px": lambda: _image("bomb.dcm", dicom(Rows=65535, Columns=65535)),
    "DICOM of a million frames": lambda: _image("frames.dcm", dicom(NumberOfFrames=1_000_000)),
    "DICOM whose pixels are 4 GB long, it says": lambda: _image("long.dcm", _huge_length()),
    "DICOM that inflates to 200 MB": lambda: _image("deflated.dcm", _deflated()),
    "DICOM with a far larger JPEG in it": lambda: _image("jpeg.dcm", _jpeg_in_dicom()),
    "COCO polygon of a million points": lambda: _coco([[1.0, 2.0] * 1_000_000]),
    "COCO polygon of a thousand parts": lambda: _coco([[5, 5, 30, 5, 30, 20]] * 1000),
    "COCO polygon that is a scribble": lambda: _coco([_scribble(7_900)]),
    "COCO polygon there and back on one line": lambda: _coco([_there_and_back(7_900)]),
    "COCO polygon 10³⁰ px away": lambda: _coco([[5, 5, 1e30, 5, 1e30, 20]]),
    "COCO run lengths beyond their mask": lambda: _coco({"size": [HEIGHT, WIDTH], "counts": "o" * 10_000}),
    "COCO run lengths that say nothing": lambda: _coco({"size": [HEIGHT, WIDTH], "counts": ""}),
    "COCO images and films outside the folder": lambda: _with(
        "coco",
        "annotations.json",
        TARGETS["coco"].files["annotations.json"].replace(b"film.png", b"../../../../etc/passwd"),
    ),
    "JSON 100,000 deep": lambda: _with("csxa", "labels.json", b'{"cases":' * 100_000),
    "JSON lists 100,000 deep": lambda: _with("labelme", "film.json", b"[" * 100_000),
    "JSON number of a million digits": lambda: _with("csxa", "labels.json", b'{"cases":' + b"9" * 1_000_000 + b"}"),
    "labelme film in a device": lambda: _labelme("imagePath", "/dev/zero"),
    "labelme name with a null in it": lambda: _labelme("imagePath", "film\0.png"),
    "labelme text that a terminal would obey": lambda: _labelme("imagePath", "\x1b[2J\ud800.png"),
    "YAML whose aliases multiply": lambda: _with("yolo", "data.yaml", _laughs()),
    "YAML tag that names a program": lambda: _with(
        "yolo", "data.yaml", b"names: !!python/object/apply:os.system [true]"
    ),
    "YAML lists 30,000 deep": lambda: _with("yolo", "data.yaml", b"names: " + b"[" * 30_000),
    "YOLO line of a million points": lambda: _with("yolo", "train/labels/film.txt", b"0" + b" 0.5" * 2_000_000),
    "XML whose entities multiply": lambda: _with(
        "voc", "film.xml", b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;&b;">]><annotation>&c;</annotation>'
    ),
    "XML 200,000 deep": lambda: _with("voc", "film.xml", b"<a>" * 200_000 + b"</a>" * 200_000),
    "MATLAB file of 2³¹ numbers": lambda: _with(
        "aasce_mat",
        "labels/training/film.png.mat",
        TARGETS["aasce_mat"]
        .files["labels/training/film.png.mat"]
        .replace(struct.pack("<ii", 68, 2), struct.pack("<ii", 2**30, 2)),
    ),
}
"""Name of the harm to a folder that holds it."""


@dataclass(frozen=True)
class Outcome:
    """What came of a hostile file.

    Attributes:
        said: how many films were read and how many refusals noted; or what went wrong.
        seconds: it took.
        memory_mb: what reading it added to the process's largest size.
        harmless: it was read or refused, in time and memory.
    """

    said: str
    seconds: float
    memory_mb: float
    harmless: bool


def attack(name: str, folder: Path) -> Outcome:
    """Read one hostile folder in a process of its own, which may take no more than the bounds."""
    target = CASES[name]()
    target.write(folder)
    return measured(lambda: "{} read, {} refused".format(*target.read(folder)))


def measured(work: Callable[[], str]) -> Outcome:
    """Do something in a forked process within the bounds of time and memory, and say what came of it."""
    context = multiprocessing.get_context("fork")  # has the libraries loaded, so that only the reading is measured
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_in_bounds, args=(work, sender))
    began = time.perf_counter()
    process.start()
    sender.close()
    process.join(TIME_BOUND_S)
    seconds = time.perf_counter() - began
    if process.is_alive():
        process.kill()
        process.join()
        return Outcome(f"no end after {TIME_BOUND_S:g} s", seconds, 0.0, False)
    if not receiver.poll():
        return Outcome(f"the process died, exit code {process.exitcode}", seconds, 0.0, False)
    said, memory_mb, harmless = receiver.recv()
    return Outcome(said, seconds, memory_mb, harmless)


def _in_bounds(work: Callable[[], str], sender: Connection) -> None:
    before = _size_bytes()
    resource.setrlimit(resource.RLIMIT_AS, (before + MEMORY_BOUND_BYTES,) * 2)
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        said, harmless = work(), True
    except BaseException as error:  # whatever it is, it is the finding
        said, harmless = f"{type(error).__name__}: {error}"[:200], False
    added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) / 1024
    sender.send((said, added, harmless))


def _size_bytes() -> int:
    """Return the process's address space."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def pipes_and_devices(folder: Path) -> dict[str, Target]:
    """Return folders whose film or label is a pipe, a device or a folder; reading one might never end."""
    os.mkfifo(folder / "pipe.png")
    (folder / "device.png").symlink_to("/dev/zero")
    (folder / "folder.png").mkdir()
    return {name: Target(name, {}, (name,), {}) for name in ("pipe.png", "device.png", "folder.png")}
