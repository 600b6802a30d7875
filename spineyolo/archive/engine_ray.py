"""An archive on Ray Data: decoding and inference as stages of their own, on this machine or on a cluster."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import ray

from spineyolo.anatomy import View
from spineyolo.archive import engine_local
from spineyolo.archive.result import FilmResult, Model
from spineyolo.archive.stages import decode, infer
from spineyolo.detect.load import load_detector
from spineyolo.imaging import Radiograph

WAVE_FILMS: Final = 50_000
"""Films of one Ray Data run; the next wave's follow, so that the list of ten million never lies in memory."""

_BLOCK_FILMS: Final = 32
_BATCH_FILMS: Final = 8
_DECODE_CPUS: Final = 0.5  # another share than inference's, or Ray would fuse both stages into one


def run(films: Iterable[str], source: Path, model: Model, address: str | None) -> Iterator[FilmResult]:
    """Yield one result for each film below `source`, in any order.

    Films whose worker Ray lost, for good, are read again one by one on this machine.

    Args:
        films: paths below `source`, which every node sees under the same path.
        source: the archive.
        model: what each inference actor loads, once.
        address: of a cluster, as `ray.init` takes it; None for this machine.

    Raises:
        BadInputError: before any film is read, if the model cannot be loaded.
    """
    load_detector(model.weights, imgsz=model.imgsz)
    ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.max_errored_blocks = -1  # what is missing in the end is noticed below
    context.enable_progress_bars = False
    left = iter(films)
    try:
        while wave := list(islice(left, WAVE_FILMS)):
            missing = set(wave)
            for row in _pipeline(wave, source, model).iter_rows():
                result = FilmResult.from_json(row["result"])
                missing.discard(result.film)
                yield result
            yield from engine_local.run(sorted(missing), source, model, workers=1) if missing else ()
    finally:
        ray.shutdown()


def _pipeline(films: list[str], source: Path, model: Model) -> Any:
    blocks = [pa.table({"film": films[first : first + _BLOCK_FILMS]}) for first in range(0, len(films), _BLOCK_FILMS)]
    resources = ray.cluster_resources()
    gpus, cpus = int(resources.get("GPU", 0)), int(resources.get("CPU", 1))
    actors = gpus or max(1, cpus - 1)
    return (
        ray.data.from_arrow(blocks)
        .map(_Decode(source), num_cpus=_DECODE_CPUS)
        .map_batches(
            _Infer,
            fn_constructor_args=(model,),
            batch_size=_BATCH_FILMS,
            concurrency=(1, actors),
            num_cpus=1 if cpus > 1 else 0.25,
            num_gpus=1 if gpus else 0,
        )
    )


class _Decode:
    """The first stage, a task: a film's path to its pixels and what else its file says."""

    def __init__(self, source: Path) -> None:
        self._source = source

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        decoded = decode(self._source, row["film"])
        if isinstance(decoded, FilmResult):
            return {"film": row["film"], "grey": b"", "facts": "", "result": decoded.to_json()}
        facts = {
            "shape": decoded.grey.shape,
            "notes": decoded.notes,
            "spacing": decoded.pixel_spacing_mm,
            "view": decoded.view,
        }
        return {"film": row["film"], "grey": decoded.grey.tobytes(), "facts": json.dumps(facts), "result": ""}


class _Infer:
    """The second stage, an actor that loads its model once: pixels to a result."""

    def __init__(self, model: Model) -> None:
        self._detector = load_detector(model.weights, imgsz=model.imgsz)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        results = []
        for film, grey, facts, result in zip(*(batch[key] for key in ("film", "grey", "facts", "result")), strict=True):
            results.append(result or infer(self._detector, film, _radiograph(grey, json.loads(facts))).to_json())
        return {"result": np.array(results, object)}


def _radiograph(grey: bytes, facts: dict[str, Any]) -> Radiograph:
    spacing = facts["spacing"]
    return Radiograph(
        np.frombuffer(grey, np.uint8).reshape(facts["shape"]),
        tuple(facts["notes"]),
        (spacing[0], spacing[1]) if spacing else None,
        View(facts["view"]) if facts["view"] else None,
    )
