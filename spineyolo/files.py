"""Files written whole or not at all, folders with one writer at a time, and text read with a sentence on its faults."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from spineyolo.errors import BadInputError, NotWrittenError

MAX_TEXT_BYTES: Final = 200_000_000
"""Largest label file that is read: CSXA's 5000 films with all their corners are some 10 MB of JSON."""

LOCK_WAIT_S: Final = 10.0
"""How long a run waits for another that writes into the same folder, before it says so and ends."""

_LOCK: Final = ".lock"
_PARTIAL: Final = ".partial"


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file by way of a temporary sibling, so that no reader ever sees half of it.

    Raises:
        NotWrittenError: if the folder cannot be written to or the disk is full; the old file, if any, is untouched.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=_PARTIAL)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise NotWrittenError(path, error.strerror or str(error)) from error


def make_folder(folder: Path) -> Path:
    """Make a folder and those above it, if they are not there yet, and return it.

    Raises:
        NotWrittenError: if it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWrittenError(folder, error.strerror or str(error)) from error
    return folder


@contextmanager
def writing_alone(folder: Path, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """Make a folder and hold it for this run alone; what a killed run left half-written in it is removed first.

    The lock ends with the process, however that ends.

    Raises:
        NotWrittenError: if the folder cannot be written to, or another run still holds it after `wait_s`.
    """
    lock = FileLock(make_folder(folder) / _LOCK)
    try:
        lock.acquire(timeout=wait_s)
    except Timeout as error:
        raise NotWrittenError(folder, "another run is writing into it; wait for that one to end") from error
    except OSError as error:
        raise NotWrittenError(folder, error.strerror or str(error)) from error
    try:
        for left in folder.rglob(f".*{_PARTIAL}"):
            left.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


def read_text(path: Path, what: str, largest: int = MAX_TEXT_BYTES) -> str:
    """Return a text file's content, a byte order mark left out.

    Args:
        path: the file.
        what: what it should be, for the sentence if it is not.
        largest: bytes.

    Raises:
        BadInputError: if it is missing, no regular file, larger than `largest` or not in UTF-8.
    """
    try:
        return read_bytes(path, what, largest).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInputError(path, f"{what} in UTF-8", str(error)) from error


def read_bytes(path: Path, what: str, largest: int) -> bytes:
    """Return a file's content.

    A pipe or a device is refused: it may never end.

    Raises:
        BadInputError: if it is missing, no regular file or larger than `largest` bytes.
    """
    try:
        check_file(path, what, largest)
        return path.read_bytes()
    except OSError as error:
        raise BadInputError(path, what, error.strerror or str(error)) from error


def check_file(path: Path, what: str, largest: int) -> None:
    """Check that a file can be opened without harm: a pipe or a device may never end.

    Raises:
        BadInputError: if it is missing, no regular file or larger than `largest` bytes.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a name with a null in it
        raise BadInputError(path, what, getattr(error, "strerror", None) or str(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise BadInputError(path, what, "a folder, a pipe or a device")
    if status.st_size > largest:
        raise BadInputError(path, f"{what} of up to {largest} bytes", f"{status.st_size} bytes")


def read_json(path: Path) -> Any:
    """Return a JSON file's content.

    Raises:
        BadInputError: if it is missing, no JSON or larger than `MAX_TEXT_BYTES`.
    """
    try:
        return json.loads(read_text(path, "a JSON file"))
    except (ValueError, RecursionError) as error:
        raise BadInputError(path, "JSON", f"{type(error).__name__}: {error}") from error


def shown(path: Path) -> str:
    """Return a path as a report shows it: from this folder on if it is in it, so that no report names a machine's."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
