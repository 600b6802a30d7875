"""An archive on this machine's cores: a pool of processes, each with its own model, a film at a time."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import cv2
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from spineyolo.archive.result import FilmResult, Model
from spineyolo.archive.stages import decode, infer, quarantined
from spineyolo.detect import Detector
from spineyolo.detect.load import load_detector
from spineyolo.workers import end_with_parent

LONGEST_S: Final = 300.0
"""A film that takes longer is given up; on one slow core a film of 4000 px takes some 2 s."""

_AHEAD: Final = 4  # films handed out a worker, so that none waits for work

_worker: dict[str, Detector] = {}


def run(films: Iterable[str], source: Path, model: Model, workers: int) -> Iterator[FilmResult]:
    """Yield one result for each film below `source`, in their order.

    A film that takes too long, or whose process dies of it, is quarantined, and the others go on.

    Raises:
        BadInputError: before any film is read, if the model cannot be loaded.
    """
    load_detector(model.weights, imgsz=model.imgsz)
    context = multiprocessing.get_context("spawn")  # a fork of a process whose libraries run threads may hang
    pool = ProcessPool(workers, initializer=_start, initargs=(model,), context=context)
    waiting: deque[tuple[str, ProcessFuture]] = deque()
    try:
        for film in films:
            waiting.append((film, pool.schedule(_one, args=(source, film), timeout=LONGEST_S)))
            if len(waiting) >= _AHEAD * workers:
                yield _outcome(*waiting.popleft())
        while waiting:
            yield _outcome(*waiting.popleft())
    finally:
        pool.stop()
        pool.join()


def _start(model: Model) -> None:
    import torch  # noqa: PLC0415 - takes seconds, and workers of other engines import this module too

    end_with_parent()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    _worker["detector"] = load_detector(model.weights, imgsz=model.imgsz)


def _one(source: Path, film: str) -> FilmResult:
    decoded = decode(source, film)
    return decoded if isinstance(decoded, FilmResult) else infer(_worker["detector"], film, decoded)


def _outcome(film: str, future: ProcessFuture) -> FilmResult:
    try:
        result: FilmResult = future.result()
    except TimeoutError:
        return quarantined(film, f"took more than {LONGEST_S:g} s")
    except ProcessExpired as error:
        return quarantined(film, f"the process that read it died: {error}")
    return result
