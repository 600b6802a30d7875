"""Predictions written out: a COCO document and a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spineyolo.anatomy import CATEGORY_ID, LEVELS
from spineyolo.files import write_atomic
from spineyolo.formats.coco import categories
from spineyolo.numbering.column import USUAL_SCORE
from spineyolo.numbering.variants import EXTRA_NAMES
from spineyolo.polygons import bounding_box, signed_area
from spineyolo.prediction import Prediction


def rows_of(prediction: Prediction) -> list[dict[str, Any]]:
    """Return one row for each candidate: film, level, score, margin, how it was numbered, box and area in px.

    A candidate that numbering set aside keeps the level it looks most like and is marked `dropped`. A 13th thoracic
    vertebra is T13, a 6th lumbar one L6. A candidate that numbering recovered, weak by itself but in line with its
    neighbours, is marked so and scores `USUAL_SCORE`: on validation films 12 of 14 such were true vertebrae, as many
    as of the candidates just above that score.
    """
    detections, numbering = prediction.detections, prediction.numbering
    looks_like = detections.level_scores.argmax(axis=1)
    rows = []
    for index, name in enumerate(numbering.names):
        x0, y0, x1, y1 = bounding_box(detections.polygons[index])
        rows.append(
            {
                "film": prediction.path.name,
                "level": name or LEVELS[looks_like[index]],
                "score": round(max(float(detections.scores[index]), USUAL_SCORE * (index in numbering.recovered)), 4),
                "level_margin": round(min(numbering.margin, 99.0), 3),
                "dropped": name is None,
                "recovered": index in numbering.recovered,
                "x0_px": round(x0, 1),
                "y0_px": round(y0, 1),
                "x1_px": round(x1, 1),
                "y1_px": round(y1, 1),
                "area_px2": round(abs(signed_area(detections.polygons[index])), 1),
            }
        )
    return rows


def coco_document(predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Return predictions as a COCO document with scores; candidates set aside are marked `dropped`.

    T13 and L6 have no category of their own: they share that of T12 and L5, and `level` names them. Each image says
    under `numbering` whether its numbering is sure, and which variant was found or suspected.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, prediction in enumerate(predictions, start=1):
        size = {"height": prediction.height, "width": prediction.width}
        numbering = numbering_text(prediction)
        images.append({"id": image_id, "file_name": prediction.path.name, **size, "numbering": numbering})
        for row, polygon in zip(rows_of(prediction), prediction.detections.polygons, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": CATEGORY_ID[EXTRA_NAMES.get(row["level"], row["level"])],
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
                    "level": row["level"],
                    "level_margin": row["level_margin"],
                    "dropped": row["dropped"],
                    "recovered": row["recovered"],
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


def numbering_text(prediction: Prediction) -> str:
    """Return how sure a film's numbering is, and what is unusual about its column, in words."""
    numbering = prediction.numbering
    words = ["sure" if numbering.is_sure() else "uncertain"]
    if numbering.variant is not None:
        words.append(numbering.variant)
    if numbering.suspected is not None:
        words.append(f"perhaps {numbering.suspected}")
    return ", ".join(words)
