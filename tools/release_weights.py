"""Strip a trained checkpoint for release: python tools/release_weights.py runs/train/NAME/weights/best.pt OUT.pt."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from ultralytics.utils.patches import torch_load

from spineyolo.files import write_atomic

LOCAL_SETTINGS = ("data", "project", "name", "save_dir", "model", "pretrained", "resume", "cfg")
"""Training settings that name files of the machine it was trained on."""


def main(
    checkpoint: Annotated[Path, typer.Argument(exists=True, help="best.pt or last.pt of your own training")],
    out: Annotated[Path, typer.Argument(help="where the released weights go")],
) -> None:
    """Write the model alone: averaged weights in half precision, no optimiser, no local paths."""
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
        },
        buffer,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(out, buffer.getvalue())
    typer.echo(f"Wrote {out} ({out.stat().st_size / 1e6:.1f} MB)")


def _without_paths(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in LOCAL_SETTINGS}


if __name__ == "__main__":
    typer.run(main)
