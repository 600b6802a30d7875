"""Archives unpacked without trust: nothing leaves the folder, nothing links, nothing grows without bound."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from spineyolo.errors import BadInputError, NotWrittenError

MAX_FILES: Final = 200_000
"""Files in an archive: two a film, for ten times the films of all public sources together."""

MAX_BYTES: Final = 64 * 2**30
"""Bytes that an archive may unpack to: 10,000 whole-spine films of 6 Mpx, uncompressed."""

MAX_RATIO: Final = 50
"""How many times its own size an archive may unpack to: films shrink 1 to 3 times, label text 4 to 10 times."""

_CHUNK_BYTES: Final = 2**20


def unzip(path: Path, folder: Path, max_bytes: int = MAX_BYTES) -> int:
    """Unpack a zip file into an empty folder and return how many files it held.

    Every member is looked at before the first one is written, and its bytes are counted as they come: what a zip
    file states of its sizes is not believed.

    Raises:
        BadInputError: if the file is no zip file, damaged or encrypted; if a member's path leaves the folder, is a
            link or a device, or is there twice; or if it is beyond MAX_FILES, `max_bytes` or MAX_RATIO.
        NotWrittenError: if the folder cannot be written to, or the disk is full.
    """
    left = min(max_bytes, MAX_RATIO * path.stat().st_size)
    try:
        with zipfile.ZipFile(path) as archive:
            members = _checked(path, archive.infolist(), left)
            for member in members:
                target = folder.joinpath(*PurePosixPath(member.filename).parts)
                left -= _extract(path, archive, member, target, left)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise BadInputError(path, "a whole zip file", str(error) or type(error).__name__) from error
    return len(members)


def _checked(path: Path, members: list[zipfile.ZipInfo], max_bytes: int) -> list[zipfile.ZipInfo]:
    """Return an archive's files, without its folders."""
    if len(members) > MAX_FILES:
        raise BadInputError(path, f"at most {MAX_FILES} files", f"{len(members)}")
    if (stated := sum(member.file_size for member in members)) > max_bytes:
        raise BadInputError(path, f"at most {max_bytes} bytes unpacked", f"{stated}")
    names: set[str] = set()
    for member in members:
        if member.flag_bits & 1:
            raise BadInputError(path, "files without encryption", repr(member.filename))
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise BadInputError(path, "plain files and folders", f"{member.filename!r}, a link or a device")
        _check_inside(path, member.filename)
        name = member.filename.rstrip("/").casefold()  # as one file on systems that do not tell a from A
        if name in names:
            raise BadInputError(path, "each file once", f"{member.filename!r} twice")
        names.add(name)
    return [member for member in members if not member.is_dir()]


def _check_inside(path: Path, name: str) -> None:
    """Refuse a member's name that leads out of its folder on this system or another."""
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    outside = posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts
    if outside or not posix.parts or "\\" in name or not name.isprintable():
        raise BadInputError(path, "paths within the archive's folder", repr(name))


def _extract(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, max_bytes: int) -> int:
    """Write one member and return its bytes."""
    size = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as source, target.open("xb") as file:
            while chunk := source.read(_CHUNK_BYTES):
                size += len(chunk)
                if size > max_bytes:
                    raise BadInputError(path, "an archive that unpacks to the size it states", "a larger one")
                file.write(chunk)
    except FileExistsError as error:
        raise BadInputError(path, "each path as a file or as a folder", repr(member.filename)) from error
    except OSError as error:
        raise NotWrittenError(target, error.strerror or str(error)) from error
    return size


def replace_folder(new: Path, folder: Path) -> None:
    """Put a whole new folder in the place of another one on the same disk, which is removed afterwards.

    Raises:
        NotWrittenError: if it cannot be moved there; the old folder, if any, is still in its place.
    """
    old = folder.with_name(f".{folder.name}.old")
    try:
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    except OSError as error:
        raise NotWrittenError(folder, error.strerror or str(error)) from error
    shutil.rmtree(old, ignore_errors=True)
