"""Strip a trained checkpoint for release: python tools/release_weights.py runs/train/NAME/weights/best.pt OUT.pt."""

from __future__ import annotations

import hashlib
import io
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from ultralytics.utils.patches import torch_load

from spineyolo import version
from spineyolo.errors import SpineYoloError
from spineyolo.files import write_atomic
from spineyolo.measure.benchmark import write_section

LOCAL_SETTINGS = ("data", "project", "name", "save_dir", "model", "pretrained", "resume", "cfg")
"""Training settings that name files of the machine it was trained on."""


def main(
    checkpoint: Annotated[Path, typer.Argument(exists=True, help="best.pt or last.pt of your own training")],
    out: Annotated[Path, typer.Argument(help="where the released weights go")],
) -> None:
    """Write the model alone: averaged weights in half precision, no optimiser, no local paths; and note its origin.

    The model card, README.md beside the weights, gets a section with the data set, the run and the weights' hash.
    """
    run = checkpoint.resolve().parents[1]
    try:
        data = str(version.read(run)) if (run / version.FILE).exists() else version.UNKNOWN
    except SpineYoloError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    content = torch_load(checkpoint, map_location="cpu", weights_only=False)
    model = (content.get("ema") or content["model"]).half()
    model.criterion = None
    model.args = _without_paths(dict(model.args))
    model.pt_path = out.name
    for parameter in model.parameters():
        parameter.requires_grad = False
    buffer = io.BytesIO()
    torch.save(
        {
            "model": model,
            "train_args": _without_paths(content["train_args"]),
            "epoch": -1,
            "version": content["version"],
            "license": "AGPL-3.0",
            "data_set": data,
        },
        buffer,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(out, buffer.getvalue())
    _note_origin(out, run.name, data)
    typer.echo(f"Wrote {out} ({out.stat().st_size / 1e6:.1f} MB)")


def _note_origin(out: Path, run: str, data: str) -> None:
    """Put data set, run and hash of released weights into the model card beside them, in place of earlier ones."""
    card = out.parent / "README.md"
    if not card.exists():
        write_atomic(card, f"# Model card: {out.name}\n".encode())
    lines = (f"data set: `{data}`", f"run: `{run}`", f"SHA-256: `{hashlib.sha256(out.read_bytes()).hexdigest()}`")
    section = f"## {out.name} as released\n" + "".join(f"- {line}\n" for line in lines)
    write_section(card, section, f"python {shlex.join(sys.argv)}")


def _without_paths(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in LOCAL_SETTINGS}


if __name__ == "__main__":
    typer.run(main)
