"""Exports of a version as Roboflow's zip files, from the images that the stand-in was sent."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import yaml


@dataclass
class StoredImage:
    """One uploaded image and what was said of it."""

    id: str
    name: str
    split: str
    tags: list[str]
    batch: str
    content: bytes
    metadata: dict[str, str]
    coco: dict[str, Any] | None = None

    def labels(self) -> list[str]:
        """Return the names of the classes it is labelled with."""
        if self.coco is None:
            return []
        names = {category["id"]: category["name"] for category in self.coco["categories"]}
        return sorted({names[annotation["category_id"]] for annotation in self.coco["annotations"]})


def export(images: list[StoredImage], name: str) -> bytes:
    """Return a version as Roboflow's zip file: JPEG films named NAME_png.rf.HASH.jpg, by split."""
    classes = sorted({label for image in images for label in image.labels()})
    files: dict[str, bytes] = {"README.roboflow.txt": b"made by the stand-in"}
    if name == "yolov8":
        names = {"train": "../train/images", "val": "../valid/images", "nc": len(classes), "names": classes}
        files["data.yaml"] = yaml.safe_dump(names).encode()
    documents: dict[str, dict[str, Any]] = {}
    for image in images:
        picture = cv2.imdecode(np.frombuffer(image.content, np.uint8), cv2.IMREAD_GRAYSCALE)
        stem = f"{stem_of(image.name)}_png.rf.{image.id}"
        jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
        if name == "yolov8":
            files[f"{image.split}/images/{stem}.jpg"] = jpeg
            files[f"{image.split}/labels/{stem}.txt"] = yolo_lines(image, classes, picture.shape).encode()
        else:
            files[f"{image.split}/{stem}.jpg"] = jpeg
            add_coco(documents.setdefault(image.split, empty_coco(classes)), image, f"{stem}.jpg")
    files |= {f"{split}/_annotations.coco.json": json.dumps(part).encode() for split, part in documents.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def yolo_lines(image: StoredImage, classes: list[str], shape: tuple[int, int]) -> str:
    """Return one image's outlines as YOLO text, classes numbered as Roboflow does, by name."""
    assert image.coco is not None
    names = {category["id"]: category["name"] for category in image.coco["categories"]}
    lines = []
    for annotation in image.coco["annotations"]:
        ring = np.array(annotation["segmentation"][0]).reshape(-1, 2) / [shape[1], shape[0]]
        lines.append(f"{classes.index(names[annotation['category_id']])} " + " ".join(f"{v:.6f}" for v in ring.ravel()))
    return "\n".join(lines)


def empty_coco(classes: list[str]) -> dict[str, Any]:
    """Return a COCO document without images; category 0 is the project's own, as in Roboflow's exports."""
    categories = [{"id": 0, "name": "vertebrae", "supercategory": "none"}]
    categories += [{"id": n, "name": name, "supercategory": "vertebrae"} for n, name in enumerate(classes, start=1)]
    return {"info": {"year": "2026"}, "licenses": [], "categories": categories, "images": [], "annotations": []}


def add_coco(document: dict[str, Any], image: StoredImage, file_name: str) -> None:
    """Add one image with its outlines to a COCO document."""
    assert image.coco is not None
    (entry,) = image.coco["images"]
    names = {category["id"]: category["name"] for category in image.coco["categories"]}
    numbers = {category["name"]: category["id"] for category in document["categories"]}
    number = len(document["images"])
    size = {"width": entry["width"], "height": entry["height"]}
    document["images"].append({"id": number, "file_name": file_name, **size})
    for annotation in image.coco["annotations"]:
        changed = {"id": len(document["annotations"]), "image_id": number}
        changed["category_id"] = numbers[names[annotation["category_id"]]]
        document["annotations"].append({**annotation, **changed})


def stem_of(name: str) -> str:
    """Return a file name without its ending."""
    return name.rsplit(".", maxsplit=1)[0]
