"""An archive run: list the films, leave out what is done, and keep what the engine gives back."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from spineyolo.archive.ledger import Ledger
from spineyolo.archive.result import FilmResult, Model
from spineyolo.errors import BadInputError
from spineyolo.files import writing_alone
from spineyolo.imaging import IMAGE_SUFFIXES

PART_FILMS: Final = 256
"""Films a part: what is done again at most, for each worker, after a kill; its Parquet files take some 1 MB."""

RESULT_VERSION: Final = 1
"""Raised when the same film would give other rows, so that a folder does not mix both."""

Engine = Callable[[Iterable[str]], Iterator[FilmResult]]


@dataclass
class Summary:
    """What a run did.

    Attributes:
        done: films written by this run, those in quarantine among them.
        before: films that earlier runs had done.
        quarantined: films in quarantine, of this run and earlier ones.
        left_out: files that are no films, by suffix, and links, counted.
    """

    done: int = 0
    before: int = 0
    quarantined: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


def run(
    source: Path,
    out: Path,
    model: Model,
    engine: Engine,
    part_films: int = PART_FILMS,
    advance: Callable[[], None] = lambda: None,
) -> Summary:
    """Put every film below `source` through an engine, and what it finds into `out`.

    Films that an earlier run into the same folder has done are left as they are.

    Args:
        source: the archive.
        out: folder for the tables and the ledger.
        model: what the engine loads; a folder is of one model.
        engine: film paths below `source` in, a result for each out.
        part_films: films a part.
        advance: called after each film.

    Raises:
        BadInputError: if `source` is no folder, or `out` was made with other settings.
        NotWrittenError: if `out` cannot be written to, or another run is writing into it.
    """
    if not source.is_dir():
        raise BadInputError(source, "a folder with films", "none")
    summary = Summary()
    with writing_alone(out):
        settings = {"weights_sha256": _digest(model.weights), "imgsz": model.imgsz, "version": RESULT_VERSION}
        ledger = Ledger(out, settings)
        summary.before = len(ledger.done)
        found = find_films(source, summary.left_out)
        for part in _parts(engine, (film for film in found if film not in ledger.done), part_films, advance):
            ledger.commit(part)
            summary.done += len(part)
        summary.quarantined = ledger.quarantined
    return summary


def find_films(source: Path, left_out: Counter[str]) -> Iterator[str]:
    """Yield the paths of the films below a folder, sorted folder by folder; what else lies there is counted.

    A file without suffix may be a film: archives name DICOM files so. Links are not followed: they may lead out of
    the archive, or in a circle.
    """
    for folder, below, names in os.walk(source):
        below.sort()
        left_out["links"] += sum(Path(folder, name).is_symlink() for name in below)
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_symlink():
                left_out["links"] += 1
            elif path.suffix.lower() in IMAGE_SUFFIXES or not path.suffix:
                yield str(path.relative_to(source))
            else:
                left_out[path.suffix.lower()] += 1


def _parts(
    engine: Engine, films: Iterator[str], part_films: int, advance: Callable[[], None]
) -> Iterator[list[FilmResult]]:
    """Yield the results of so many films at a time, which lie together, whatever order the engine did them in."""
    part_of: dict[str, int] = {}
    sizes: dict[int, int] = {}
    done: dict[int, list[FilmResult]] = {}

    def planned() -> Iterator[str]:
        while part := list(islice(films, part_films)):
            number = len(sizes)
            sizes[number] = len(part)
            part_of.update(dict.fromkeys(part, number))
            yield from part

    for result in engine(planned()):
        number = part_of.pop(result.film)
        done.setdefault(number, []).append(result)
        advance()
        if len(done[number]) == sizes[number]:
            yield done.pop(number)


def _digest(weights: Path) -> str:
    """Return the SHA-256 of a weights file, or of all files of a weights folder; "" if there is none."""
    digest = hashlib.sha256()
    files = sorted(path for path in weights.rglob("*") if path.is_file()) if weights.is_dir() else [weights]
    for path in files:
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()
