"""Which data set a figure, a run or a set of weights stands on: a hash of everything a conversion wrote."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from spineyolo.errors import BadInputError
from spineyolo.files import make_folder, read_json, write_atomic

FILE: Final = "version.json"
"""Beside a data set's films, what it is now; beside a run's weights, what the run learnt from."""

HISTORY: Final = "versions"
"""Folder of a data set with one record of every version it has been, film by film."""

UNKNOWN: Final = "none recorded"

_ID_DIGITS: Final = 12


@dataclass(frozen=True)
class Version:
    """One state of a data set.

    Attributes:
        id: the first 12 hexadecimal digits of `sha256`.
        sha256: hash of every film's pixels, labels, split and flaw, and of the settings it was converted by.
        dataset: name of the data set's folder.
        splits: films (windows cut from films among them) a split.
        vertebrae: how many are labelled.
        config: seed, form of the conversion, and what each source's YAML says that changes the outcome.
    """

    id: str
    sha256: str
    dataset: str
    splits: dict[str, int]
    vertebrae: int
    config: dict[str, Any]

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {split}" for split, count in self.splits.items())
        return f"{self.dataset} {self.id} ({counts})"


@dataclass(frozen=True)
class FilmRecord:
    """What one film adds to a version: its split, its flaw if any, and hashes of its image file and its labels."""

    split: str
    flaw: str
    image: str
    labels: str


def write(out: Path, rows: Sequence[Mapping[str, Any]], config: Mapping[str, Any]) -> Version:
    """Write `version.json` and `versions/ID.json` for a data set from its manifest's rows.

    An image's hash is the one the manifest holds, of the PNG as it was written; labels are hashed here. The same
    films converted by the same settings and releases have the same version, wherever and in whatever order.

    Raises:
        BadInputError: if a label file is gone.
        NotWrittenError: if the folder cannot be written to.
    """
    films = {str(row["film"]): _record(out, row) for row in rows}
    text = json.dumps({"films": {name: asdict(film) for name, film in films.items()}, "config": config}, sort_keys=True)
    digest, content = hashlib.sha256(text.encode()).hexdigest(), json.loads(text)
    counts = Counter(str(row["split"]) for row in rows)
    splits = {split: counts[split] for split in ("train", "val", "test")}
    vertebrae = sum(int(row["vertebrae"]) for row in rows)
    version = Version(digest[:_ID_DIGITS], digest, out.resolve().name, splits, vertebrae, content["config"])
    make_folder(out / HISTORY)
    record = {**asdict(version), "films": content["films"]}
    write_atomic(out / HISTORY / f"{version.id}.json", json.dumps(record, indent=0, ensure_ascii=False).encode())
    write_atomic(out / FILE, json.dumps(asdict(version), indent=1, ensure_ascii=False).encode())
    return version


def _record(out: Path, row: Mapping[str, Any]) -> FilmRecord:
    path = out / "labels" / str(row["split"]) / f"{row['film']}.txt"
    try:
        labels = hashlib.sha256(path.read_bytes())
    except OSError as error:
        raise BadInputError(path, "the labels of a film in the manifest", error.strerror or "an error") from error
    labels.update(f"{row['view']}/{row['box_only']}".encode())  # the two things the COCO documents say beyond it
    return FilmRecord(str(row["split"]), str(row["flaw"]), str(row["sha256"]), labels.hexdigest())


def read(folder: Path) -> Version:
    """Return the version of a data set, or the one a run learnt from, by the folder of either.

    Raises:
        BadInputError: if there is no `version.json`, or it is none.
    """
    return from_json(folder / FILE)


def from_json(path: Path) -> Version:
    """Return a version from its file, a `version.json` or a record of the history.

    Raises:
        BadInputError: if the file is missing or is none.
    """
    content = read_json(path)
    try:
        return Version(**{key: value for key, value in content.items() if key != "films"})
    except (AttributeError, TypeError) as error:
        raise BadInputError(path, "a data set version", str(error)) from error


def describe(path: Path) -> str:
    """Return a line on the version of the data set that a file or folder belongs to, for tables and cards.

    The nearest folder above that has a `version.json` counts, as `datasets/spine` does for
    `datasets/spine/annotations/val.json`. Where there is none, `UNKNOWN`.

    Raises:
        BadInputError: if a `version.json` is there and is none.
    """
    for folder in (path, *path.resolve().parents):
        if (folder / FILE).is_file():
            return str(read(folder))
    return UNKNOWN


def record(data: Path, run: Path) -> Version:
    """Write a data set's `version.json` into the folder of a run that begins to learn from it.

    Raises:
        BadInputError: if the data set has no version.
        NotWrittenError: if the folder cannot be written to.
    """
    version = read(data)
    write_atomic(make_folder(run) / FILE, (data / FILE).read_bytes())
    return version


def check_same(data: Path, run: Path) -> None:
    """Look whether a run that goes on finds the data set it began with; one that recorded none is not held to any.

    Raises:
        BadInputError: if the data set is another version now, or has none.
    """
    if (run / FILE).exists() and read(run).sha256 != read(data).sha256:
        raise BadInputError(data, f"the data set this run began with, {read(run)}", str(read(data)))


def known(data: Path) -> list[tuple[Path, Version]]:
    """Return every version a data set has been, each with its record, the oldest first.

    Raises:
        BadInputError: if a record is none.
    """
    records = sorted((data / HISTORY).glob("*.json"), key=lambda path: (path.stat().st_mtime, path.name))
    return [(path, from_json(path)) for path in records]


def find(name: str, data: Path) -> Path:
    """Return the record of a version: by the first digits of its id, by a folder of a data set, or itself by path.

    Raises:
        BadInputError: if there is none, or more than one.
    """
    if Path(name).is_dir():
        return Path(name) / HISTORY / f"{read(Path(name)).id}.json"
    if Path(name).is_file():
        return Path(name)
    found = [path for path, version in known(data) if version.sha256.startswith(name)]
    if len(found) != 1:
        raise BadInputError(data, f"one version that begins with {name!r}", f"{len(found)}")
    return found[0]


def diff(before: Path, after: Path) -> pd.DataFrame:
    """Return what changed from one version's record to another's: columns `what`, `change`, `detail`.

    `what` is a film, or `config.KEY` for a setting; `change` is added, removed, image, labels, split, flaw or setting.

    Raises:
        BadInputError: if a record is none.
    """
    old, new = _films(before), _films(after)
    changes = [(name, "removed", old[name].split) for name in sorted(old.keys() - new.keys())]
    changes += [(name, "added", new[name].split) for name in sorted(new.keys() - old.keys())]
    for name in sorted(old.keys() & new.keys()):
        changes += [(name, *change) for change in _film_changes(old[name], new[name])]
    settings = [_flat(from_json(path).config) for path in (before, after)]
    for key in sorted(settings[0].keys() | settings[1].keys()):
        if settings[0].get(key) != settings[1].get(key):
            changes.append((f"config.{key}", "setting", f"{settings[0].get(key)} → {settings[1].get(key)}"))
    return pd.DataFrame(changes, columns=["what", "change", "detail"], dtype=str)


def _films(path: Path) -> dict[str, FilmRecord]:
    try:
        return {str(name): FilmRecord(**fields) for name, fields in read_json(path)["films"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInputError(path, "a record of a data set version, film by film", str(error)) from error


def _film_changes(old: FilmRecord, new: FilmRecord) -> list[tuple[str, str]]:
    changes = [(what, "") for what in ("image", "labels") if getattr(old, what) != getattr(new, what)]
    for what in ("split", "flaw"):
        if getattr(old, what) != getattr(new, what):
            changes.append((what, f"{getattr(old, what) or 'none'} → {getattr(new, what) or 'none'}"))
    return changes


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested settings as one level, `sources.aasce2019.repeat` to its value's JSON."""
    flat: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = json.dumps(value, ensure_ascii=False)
    return flat
