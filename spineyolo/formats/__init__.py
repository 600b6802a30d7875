"""Readers of labelled sources, one module a format; `coco` and `yolo` write as well.

Each reader takes a source's folder, what its YAML says, and where to note what is skipped, and yields Films.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from spineyolo.errors import Skipped
from spineyolo.film import Film
from spineyolo.formats import aasce, coco, coco_keypoints, csxa, labelme, masks, voc, yolo
from spineyolo.sources import Source

Reader = Callable[[Path, Source, Skipped], Iterator[Film]]

READERS: Final[Mapping[str, Reader]] = {
    "aasce": aasce.read,
    "coco": coco.read,
    "coco_keypoints": coco_keypoints.read,
    "csxa": csxa.read,
    "labelme": labelme.read,
    "masks": masks.read,
    "voc": voc.read,
    "yolo": yolo.read,
}
