"""A small converted data set of rendered films, and a recipe that fits it."""

from pathlib import Path
from typing import Any

import cv2
import torch
from torchvision.models import mobilenet_v2

from spineyolo.anatomy import View
from spineyolo.film import Film
from spineyolo.formats import coco
from spineyolo.maskrcnn.recipe import Recipe, recipe_of
from spineyolo.render.film_physics import FilmStyle
from spineyolo.render.phantom import render
from spineyolo.render.spec import PhantomSpec, Projection, Window

SPEC = PhantomSpec(3, Projection.LATERAL, Window.LUMBAR, 120, 300, 260.0)


def data_set(root: Path, films: int = 2) -> Path:
    """Render lateral lumbar films of one subject and label them as `tools/convert.py` does, for train and val alike."""
    rendered = render(SPEC, FilmStyle())
    for split in ("train", "val"):
        folder = root / "images" / split
        folder.mkdir(parents=True)
        listed = []
        for number in range(films):
            path = folder / f"film{number}.png"
            grey = rendered.grey if number % 2 == 0 else cv2.convertScaleAbs(rendered.grey, alpha=0.8)
            cv2.imwrite(str(path), grey)
            listed.append(Film(path, SPEC.width, SPEC.height, View.LATERAL, "made", str(number), rendered.vertebrae))
        (root / "annotations").mkdir(exist_ok=True)
        coco.write(listed, root / "annotations" / f"{split}.json")
        (root / f"{split}.txt").write_text("".join(f"./images/{split}/{film.path.name}\n" for film in listed))
    write_features(root / "features.pt")
    return root


def write_features(path: Path) -> None:
    """Write untrained MobileNetV2 features whose batch norm knows what a film's activations are like."""
    torch.manual_seed(0)
    features = mobilenet_v2().features
    for layer in features.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        features(torch.randn(2, 3, 192, 96))
    torch.save(features.state_dict(), path)


def content(root: Path, **changes: Any) -> dict[str, Any]:
    """A tiny recipe as plain values."""
    architecture = {
        "backbone": "mobilenet_v2",
        "imgsz": 192,
        "frozen_stages": 0,
        "head_norm": "group",
        "channels": 32,
        "anchor_sizes": [[16, 24], [32, 48]],
        "anchor_aspects": [0.6, 1.0],
        "proposals": 50,
        "rois": 32,
        "rpn_convolutions": 1,
        "box_convolutions": 1,
        "mask_convolutions": 1,
        "box_features": 64,
    }
    recipe = {
        "name": "tiny",
        "data": str(root),
        "start": str(root / "features.pt"),
        "seed": 0,
        "epochs": 2,
        "films_per_epoch": 0,
        "batch": 2,
        "workers": 0,
        "learning_rate": 0.003,
        "backbone_rate": 1.0,
        "final_rate": 0.05,
        "warmup_steps": 5,
        "weight_decay": 0.0,
        "max_gradient_norm": 5.0,
        "architecture": architecture,
        "augmentation": {"flip": 0.0, "rotation_deg": 0.0, "zoom": [1.0, 1.0], "shift": 0.0},
    }
    return {**recipe, **changes}


def recipe(root: Path, **changes: Any) -> Recipe:
    """A tiny recipe."""
    return recipe_of(content(root, **changes))
