"""One version of a Roboflow project into `datasets/`, pinned by its hash in a lock file."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import yaml

from spineyolo.errors import BadInputError, NotWrittenError
from spineyolo.files import sha256_of, write_atomic, writing_alone
from spineyolo.roboflow_sync.api import RoboflowProject, number_of
from spineyolo.unzip import MAX_BYTES, replace_folder, unzip

LOCK_FILE: Final = "roboflow.lock.yaml"
FOLDER: Final = "roboflow"
_WORK: Final = ".roboflow"

SOURCES: Final = {"yolov8": "roboflow", "coco-segmentation": "roboflow_coco"}
"""Roboflow's export formats that hold outlines and that a reader of ours takes, each with its datasets/sources YAML."""

_LABELS: Final = {"yolov8": "data.yaml", "coco-segmentation": "*/_annotations.coco.json"}
_HEADING: Final = "# Which version of which Roboflow project this is; written by tools/roboflow_sync.py pull.\n"


@dataclass(frozen=True)
class Lock:
    """A version of a project in a format; `sha256` is that of the exported zip file, empty until it was pulled."""

    workspace: str
    project: str
    version: int
    format: str
    sha256: str = ""

    def write(self, path: Path) -> None:
        """Write the lock file, whole or not at all."""
        write_atomic(path, (_HEADING + yaml.safe_dump(asdict(self), sort_keys=False)).encode())


def read_lock(path: Path) -> Lock | None:
    """Return what a lock file pins; None if there is none.

    Raises:
        BadInputError: if the file is no lock file.
    """
    try:
        lock = Lock(**yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, TypeError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise BadInputError(path, "a lock file of tools/roboflow_sync.py", str(error)) from error
    if not (isinstance(lock.version, int) and lock.format in SOURCES):
        raise BadInputError(path, f"a version's number and a format of {', '.join(SOURCES)}", str(asdict(lock)))
    return lock


def pull(project: RoboflowProject, wanted: Lock, datasets: Path) -> tuple[Path, bool]:
    """Fetch a version into `datasets/roboflow`, pin it in `datasets/roboflow.lock.yaml`.

    Where the lock file pins the wanted version, the export must have its hash; where it pins another one, that one is
    replaced. What is in the folder is replaced at the end, as a whole.

    Returns the folder, and whether it was fetched now: False if it was there.

    Raises:
        BadInputError: if there is no such version, its export's hash differs from the pinned one, or it is no archive
            that may be unpacked.
        RoboflowCallError: if it cannot be had.
        NotWrittenError: if the folder cannot be written to, or the disk is full.
    """
    pinned, folder = read_lock(datasets / LOCK_FILE), datasets / FOLDER
    same = pinned is not None and replace(pinned, sha256="") == replace(wanted, sha256="")
    if pinned is not None and same and read_lock(folder / LOCK_FILE) == pinned:
        return folder, False
    there = sorted(number_of(version) for version in project.info()["versions"])
    if wanted.version not in there:
        raise BadInputError(f"{project}/{wanted.version}", f"one of the versions {there}", "none of this number")
    project.wait_for_version(wanted.version)
    link = project.wait_for_export(wanted.version, wanted.format)
    work = datasets / _WORK
    with writing_alone(work):
        try:
            lock = _unpacked(project, link, pinned if pinned is not None and same else wanted, work)
            replace_folder(work / FOLDER, folder)
            lock.write(datasets / LOCK_FILE)
        finally:
            _clear(work)
    return folder, True


def _unpacked(project: RoboflowProject, link: str, wanted: Lock, work: Path) -> Lock:
    """Download, check and unpack an export into `work` and return it, pinned."""
    _clear(work)  # what a killed run left
    zip_path, unpacked, what = work / "export.zip", work / FOLDER, f"{project}/{wanted.version}"
    try:
        project.download(link, zip_path, MAX_BYTES)
        unpacked.mkdir()
        lock = replace(wanted, sha256=sha256_of(zip_path))
    except OSError as error:
        raise NotWrittenError(work, error.strerror or str(error)) from error
    if wanted.sha256 not in ("", lock.sha256):
        raise BadInputError(what, f"an export of SHA-256 {wanted.sha256} as {LOCK_FILE} pins it", lock.sha256)
    unzip(zip_path, unpacked)
    if not list(unpacked.glob(_LABELS[lock.format])):
        raise BadInputError(what, f"an export with {_LABELS[lock.format]}", "one without")
    lock.write(unpacked / LOCK_FILE)
    return lock


def _clear(work: Path) -> None:
    (work / "export.zip").unlink(missing_ok=True)
    shutil.rmtree(work / FOLDER, ignore_errors=True)
