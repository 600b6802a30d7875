"""Dropped files become open films; the files themselves are gone before anything is shown.

Neither a file's name nor any of a DICOM file's tags goes further than this module: films are called by the number in
which they were dropped.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from spineyolo import imaging
from spineyolo.app.film import OpenFilm
from spineyolo.app.session import Session
from spineyolo.detect import Detector
from spineyolo.errors import BadInputError, Skipped
from spineyolo.prediction import predict

MAX_FILMS: Final = 12
"""Films open on a page at a time."""

MAX_FILE_MB: Final = 200
"""Largest file that is taken: a digital radiograph of 4300 × 12900 px at 16 bit has 110 MB."""

MAX_SESSION_PIXELS: Final = 300_000_000
"""Pixels of all films of a page together, a byte each."""

_one_at_a_time = Lock()  # the network uses all cores by itself

Report = Callable[[float, str], object]
"""Takes how much is done, 0…1, and what is being done."""


def open_films(
    paths: Sequence[Path], detector: Detector, session: Session, folder: Path, report: Report = lambda share, text: None
) -> Skipped:
    """Read dropped files into a session, delete them, and return what could not be read, and why.

    Args:
        paths: the files, as the server stored them.
        detector: finds the vertebrae.
        session: gets the films.
        folder: where files lie while they are read; on the disk of `paths`.
        report: is told how far it is.
    """
    skipped = Skipped()
    with tempfile.TemporaryDirectory(dir=folder) as private:
        taken = [_take(path, Path(private), session.dropped + nth) for nth, path in enumerate(paths, start=1)]
        session.dropped += len(taken)
        first = len(session.films)
        for done, path in enumerate(taken):
            report(done / len(taken), f"Reading film {done + 1} of {len(taken)}")
            try:
                _check_room(path, session)
                with _one_at_a_time:
                    prediction, radiograph = predict(detector, path)
            except BadInputError as error:
                skipped.add(BadInputError(path.name, error.expected, error.found))
                continue
            finally:
                path.unlink(missing_ok=True)
            session.films.append(OpenFilm(prediction, radiograph))
        report(1.0, "Done")
    session.show(first)
    return skipped


def _take(path: Path, private: Path, number: int) -> Path:
    """Move a dropped file away from where it was stored, under a neutral name."""
    suffix = path.suffix.lower() if path.suffix.lower() in imaging.IMAGE_SUFFIXES else ""
    taken = private / f"film-{number}{suffix}"
    if path.is_file():
        path.replace(taken)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    return taken


def _check_room(path: Path, session: Session) -> None:
    """Check what a page may hold before anything is decoded.

    Raises:
        BadInputError: if the film is one too many, or as `imaging.film_size` does.
    """
    if not path.exists():
        raise BadInputError(path, "a dropped file", "none: the transfer was cut off, drop it again")
    if len(session.films) >= MAX_FILMS:
        raise BadInputError(path, f"up to {MAX_FILMS} films at a time", "one more; forget some first")
    if path.stat().st_size > MAX_FILE_MB * 1_000_000:
        raise BadInputError(path, f"a file of up to {MAX_FILE_MB} MB", f"{path.stat().st_size / 1e6:.0f} MB")
    width, height = imaging.film_size(path)
    held = sum(film.radiograph.grey.size for film in session.films)
    if held + width * height > MAX_SESSION_PIXELS:
        raise BadInputError(
            path,
            f"films of up to {MAX_SESSION_PIXELS // 1_000_000} million pixels together",
            f"{(held + width * height) / 1e6:.0f} million; forget some first",
        )
