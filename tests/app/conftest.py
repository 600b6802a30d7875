"""A served page, a browser and small rendered films, shared by the tests of the page."""

import io
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import pydicom
import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from spineyolo.app.session import Sessions
from spineyolo.detect import Detector
from spineyolo.detect.load import load_detector
from spineyolo.render.phantom import render
from spineyolo.render.sampling import sample
from spineyolo.render.spec import Projection, Window

PATIENT = "Hohenzollern^Ottilie"
"""A name that occurs nowhere else: where it turns up, a patient's tags or a file's name got out."""

_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass
class Served:
    """A page that runs, and what is behind it."""

    url: str
    sessions: Sessions
    folder: Path


@pytest.fixture(scope="session")
def film_png(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lateral lumbar phantom of some 480 × 620 px, under a patient's name."""
    spec, style = sample(95000, Projection.LATERAL, Window.LUMBAR, degeneration=False)
    grey = render(replace(spec, width=spec.width // 2, height=spec.height // 2), style).grey
    path = tmp_path_factory.mktemp("films") / f"{PATIENT}.png"
    cv2.imwrite(str(path), grey)
    return path


@pytest.fixture(scope="session")
def film_dicom(film_png: Path) -> Path:
    """The same film as DICOM, with a patient's tags."""
    grey = cv2.imread(str(film_png), cv2.IMREAD_GRAYSCALE)
    dataset = pydicom.Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.PatientName, dataset.PatientID = PATIENT, f"{PATIENT}-7"
    dataset.Rows, dataset.Columns = grey.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelSpacing = [0.5, 0.5]
    dataset.PixelData = grey.tobytes() + b"\0" * (grey.size % 2)
    packed = io.BytesIO()
    dataset.save_as(packed, enforce_file_format=True)
    path = film_png.with_suffix(".dcm")
    path.write_bytes(packed.getvalue())
    return path


@pytest.fixture(scope="session")
def detector() -> Detector:
    return load_detector(imgsz=480)


@pytest.fixture(scope="session")
def served(detector: Detector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page on a free port of this machine."""
    import uvicorn  # noqa: PLC0415 - with Gradio it takes seconds to import, and only tests of the page need it

    from spineyolo.app.server import make_app  # noqa: PLC0415

    folder, sessions = tmp_path_factory.mktemp("uploads"), Sessions()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = make_app(detector, folder, sessions)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started)
    yield Served(f"http://127.0.0.1:{port}/", sessions, folder)
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install -r requirements-dev.txt")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no browser: apt-get install chromium, or name one in the environment's CHROMIUM")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=path, args=_FLAGS)
        yield chromium
        chromium.close()


def wait_for(condition: Any, seconds: float = 60.0) -> None:
    """Wait until a condition holds; fail if it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
