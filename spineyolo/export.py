"""Predictions written out: a COCO document and a table."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spineyolo.anatomy import CATEGORY_ID, LEVELS
from spineyolo.files import write_atomic
from spineyolo.formats.coco import categories
from spineyolo.polygons import bounding_box, signed_area
from spineyolo.prediction import Prediction

SURE_MARGIN = 2.0
"""A chain whose margin (nats) is smaller is reported as "numbering uncertain"."""


def rows_of(prediction: Prediction) -> list[dict[str, Any]]:
    """Return one row for each candidate: film, level, score, margin, box and area in px, whether it was set aside.

    A candidate that numbering set aside keeps the level it looks most like and is marked `dropped`.
    """
    detections, numbering = prediction.detections, prediction.numbering
    looks_like = detections.level_scores.argmax(axis=1)
    rows = []
    for index, level in enumerate(numbering.levels):
        x0, y0, x1, y1 = bounding_box(detections.polygons[index])
        rows.append(
            {
                "film": prediction.path.name,
                "level": level or LEVELS[looks_like[index]],
                "score": round(float(detections.scores[index]), 4),
                "level_margin": round(min(numbering.margin, 99.0), 3),
                "dropped": level is None,
                "x0_px": round(x0, 1),
                "y0_px": round(y0, 1),
                "x1_px": round(x1, 1),
                "y1_px": round(y1, 1),
                "area_px2": round(abs(signed_area(detections.polygons[index])), 1),
            }
        )
    return rows


def coco_document(predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Return predictions as a COCO document with scores; candidates set aside are marked `dropped`."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, prediction in enumerate(predictions, start=1):
        size = {"height": prediction.height, "width": prediction.width}
        images.append({"id": image_id, "file_name": prediction.path.name, **size})
        for row, polygon in zip(rows_of(prediction), prediction.detections.polygons, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": CATEGORY_ID[row["level"]],
                    "segmentation": [np.round(polygon.astype(float), 2).ravel().tolist()],
                    "bbox": [
                        row["x0_px"],
                        row["y0_px"],
                        round(row["x1_px"] - row["x0_px"], 1),
                        round(row["y1_px"] - row["y0_px"], 1),
                    ],
                    "area": row["area_px2"],
                    "iscrowd": 0,
                    "score": row["score"],
                    "level_margin": row["level_margin"],
                    "dropped": row["dropped"],
                }
            )
    return {
        "info": {"description": "SpineYOLO predictions; research use, not a medical device"},
        "images": images,
        "categories": categories(),
        "annotations": annotations,
    }


def write_coco(predictions: Sequence[Prediction], path: Path) -> None:
    """Write `predictions.json`, whole or not at all."""
    write_atomic(path, json.dumps(coco_document(predictions)).encode())


def write_csv(predictions: Sequence[Prediction], path: Path) -> None:
    """Write `vertebrae.csv`: one row for each numbered vertebra, from the top of each film down."""
    rows = [row for prediction in predictions for row in rows_of(prediction) if not row["dropped"]]
    table = pd.DataFrame(rows, columns=list(rows[0]) if rows else ["film", "level", "score", "level_margin"])
    table = table.drop(columns="dropped", errors="ignore").sort_values(
        ["film", "y0_px"] if rows else ["film"], kind="stable"
    )
    write_atomic(path, table.to_csv(index=False).encode())


def is_sure(prediction: Prediction) -> bool:
    """Return whether the chain's place is well supported; an empty chain is not."""
    found = any(prediction.numbering.levels)
    return found and (math.isinf(prediction.numbering.margin) or prediction.numbering.margin >= SURE_MARGIN)
