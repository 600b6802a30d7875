"""Files written whole or not at all, and read with a sentence on what is wrong with them."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from spineyolo.errors import BadInputError


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file by way of a temporary sibling, so that no reader ever sees half of it.

    Raises:
        OSError: if the folder cannot be written to or the disk is full; the old file, if any, is untouched.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_json(path: Path) -> Any:
    """Return a JSON file's content.

    Raises:
        BadInputError: if it is missing or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInputError(path, "a JSON file", error.strerror or "an error") from error
    except (ValueError, RecursionError) as error:
        raise BadInputError(path, "JSON", f"{type(error).__name__}: {error}") from error
