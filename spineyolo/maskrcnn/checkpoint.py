"""Checkpoints: a network's weights with its architecture, in half precision for release, whole to go on from."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import torch

from spineyolo.errors import BadInputError
from spineyolo.files import write_atomic
from spineyolo.maskrcnn.network import SpineMaskRCNN
from spineyolo.maskrcnn.recipe import architecture_of, plain
from spineyolo.trust import load_checkpoint

FORMAT: Final = "spineyolo Mask R-CNN, 1"
"""Under the key `format` of every checkpoint."""


def save(path: Path, network: SpineMaskRCNN, half: bool = False, **more: Any) -> None:
    """Write a network and more plain values or tensors, whole or not at all; in half precision it is half as large.

    Raises:
        NotWrittenError: if the folder cannot be written to or the disk is full.
    """
    state = network.state_dict()
    if half:
        state = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "architecture": plain(network.architecture), "network": state, **more}, buffer)
    write_atomic(path, buffer.getvalue())


def read(path: Path) -> dict[str, Any]:
    """Return what `save` wrote, on the CPU; nothing in the file is run.

    Raises:
        BadInputError: if the file is missing or no such checkpoint.
    """
    content = load_checkpoint(path)
    if content.get("format") != FORMAT:
        raise BadInputError(path, f"a checkpoint of the format {FORMAT!r}", repr(content.get("format")))
    return content


def load_network(path: Path) -> SpineMaskRCNN:
    """Return a checkpoint's network, in single precision.

    Raises:
        BadInputError: if the file is missing, no such checkpoint, or its weights do not fit its architecture.
    """
    content = read(path)
    try:
        network = SpineMaskRCNN(architecture_of(content["architecture"]))
        network.load_state_dict(content["network"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise BadInputError(path, "weights that fit their architecture", reason) from error
    return network
