"""Ledger: which films of an archive are done, and their rows in Parquet, a part at a time."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from spineyolo.archive.result import FilmResult
from spineyolo.errors import BadInputError
from spineyolo.files import make_folder, read_json, write_atomic

_TEXT, _REAL, _WHOLE, _FLAG = pa.string(), pa.float64(), pa.int32(), pa.bool_()
_BOX: Final = {f"{side}_px": _REAL for side in ("x0", "y0", "x1", "y1")}

TABLES: Final[dict[str, pa.Schema]] = {
    "films": pa.schema(
        {
            "film": _TEXT,
            "width_px": _WHOLE,
            "height_px": _WHOLE,
            "view": _TEXT,
            "numbering": _TEXT,
            "level_margin": _REAL,
            "mm_per_px": _REAL,
            "vertebrae": _WHOLE,
            "notes": _TEXT,
        }
    ),
    "vertebrae": pa.schema(
        {
            "film": _TEXT,
            "level": _TEXT,
            "score": _REAL,
            "level_margin": _REAL,
            "dropped": _FLAG,
            "recovered": _FLAG,
            **_BOX,
            "area_px2": _REAL,
            "outline_px": pa.list_(pa.float32()),
        }
    ),
    "measurements": pa.schema(
        {
            "film": _TEXT,
            "measure": _TEXT,
            "where": _TEXT,
            "value": _REAL,
            "unit": _TEXT,
            "error": _REAL,
            "label": _TEXT,
            "reason": _TEXT,
        }
    ),
    "quarantine": pa.schema({"film": _TEXT, "reason": _TEXT}),
}
"""The tables, each a folder of Parquet files, one file a part; lengths in px of the film."""

_ENTRIES: Final = "ledger"
_SETTINGS: Final = "run.json"


class Ledger:
    """The results of one archive run in a folder.

    Attributes:
        done: paths, below the archive, of the films whose part is written.
        quarantined: how many of them are in quarantine.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        """Open a folder's ledger, or begin one; parts that a killed run wrote without an entry are removed.

        Raises:
            BadInputError: if the folder's results were made with other settings, or an entry is none.
            NotWrittenError: if the folder cannot be written to.
        """
        self._folder = folder
        for name in (*TABLES, _ENTRIES):
            make_folder(folder / name)
        _keep_settings(folder / _SETTINGS, settings)
        self.done: set[str] = set()
        self.quarantined = 0
        parts = set()
        for path in (folder / _ENTRIES).glob("*.json"):
            entry = read_json(path)
            try:
                self.done.update(map(str, entry["films"]))
                self.quarantined += int(entry["quarantined"])
            except (KeyError, TypeError, ValueError) as error:
                raise BadInputError(path, "films and how many are quarantined", repr(error)) from error
            parts.add(path.stem)
        for name in TABLES:
            for path in (folder / name).glob("*.parquet"):
                if path.stem not in parts:
                    path.unlink()

    def commit(self, results: Sequence[FilmResult]) -> None:
        """Write a part: its rows, then, as the last thing, its entry.

        Named by its films and sorted by them, it is the same file whatever order they were done in.

        Raises:
            NotWrittenError: if the disk is full; the part then does not count.
        """
        results = sorted(results, key=lambda result: result.film)
        films = [result.film for result in results]
        part = hashlib.sha256("\n".join(films).encode(errors="surrogateescape")).hexdigest()[:16]
        bad = [{"film": result.film, "reason": result.reason} for result in results if result.reason is not None]
        rows = {
            "films": [row for result in results for row in result.films],
            "vertebrae": [row for result in results for row in result.vertebrae],
            "measurements": [row for result in results for row in result.measurements],
            "quarantine": bad,
        }
        for name, schema in TABLES.items():
            buffer = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(rows[name], schema), buffer, compression="zstd")
            write_atomic(self._folder / name / f"{part}.parquet", buffer.getvalue())
        entry = json.dumps({"films": films, "quarantined": len(bad)})
        write_atomic(self._folder / _ENTRIES / f"{part}.json", entry.encode())
        self.done.update(films)
        self.quarantined += len(bad)


def _keep_settings(path: Path, settings: dict[str, Any]) -> None:
    if not path.exists():
        write_atomic(path, json.dumps(settings, indent=1).encode())
    elif (before := read_json(path)) != settings:
        raise BadInputError(path, f"the settings of this run, {settings}; another --out for other ones", str(before))
