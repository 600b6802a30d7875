"""Weights loaded with the least trust that works: a `.pt` file is a pickle, and a pickle can run any program."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, Final

import torch

from spineyolo.errors import BadInputError
from spineyolo.files import sha256_of

TRUSTED: Final = Path(__file__).parents[1] / "weights" / "trusted.txt"
"""SHA-256 digests of files that their owner trusts whatever is in them, one `DIGEST NAME` a line."""

# What torch raises on files that are no checkpoint, are cut short or name a class that is not allowed.
_LOAD_ERRORS: Final = (
    pickle.UnpicklingError,
    RuntimeError,
    TypeError,
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    EOFError,
    ImportError,
    OSError,
)


def load_checkpoint(path: Path, trusted: Path = TRUSTED) -> dict[str, Any]:
    """Return what a checkpoint holds, on the CPU, without letting it run anything.

    Tensors, plain containers and the layers of torch and Ultralytics are read (Ultralytics' restricted load, which is
    torch's `weights_only` with a list of known classes). A file that needs more is refused unless its SHA-256 is in
    `trusted`.

    Raises:
        BadInputError: if the file is missing, no checkpoint, or needs a trust that it was not given.
    """
    if not path.is_file():
        raise BadInputError(path, "a checkpoint", "no such file")
    if (digest := sha256_of(path)) in _digests(trusted):
        return _mapping(torch.load(path, map_location="cpu", weights_only=False), path)
    from ultralytics.nn.tasks import torch_safe_load  # noqa: PLC0415 - a Mask R-CNN's state dict needs no Ultralytics

    try:
        content, _ = torch_safe_load(str(path), safe_only=True)
    except _LOAD_ERRORS as error:
        reason = str(error).strip().partition("\n")[0]
        expected = "a checkpoint of known layers only; to load it all the same, if you made it or trust who did, add"
        expected += f" the line '{digest} {path.name}' to {trusted}"
        raise BadInputError(path, expected, f"{type(error).__name__}: {reason}") from error
    return _mapping(content, path)


def _digests(trusted: Path) -> set[str]:
    if not trusted.is_file():
        return set()
    lines = trusted.read_text(encoding="utf-8").splitlines()
    return {line.split()[0].lower() for line in lines if line.strip() and not line.startswith("#")}


def _mapping(content: Any, path: Path) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise BadInputError(path, "a checkpoint: a mapping", type(content).__name__)
    return content
