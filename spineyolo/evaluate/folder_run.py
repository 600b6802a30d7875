"""A whole folder of films, in a process of its own that imports nothing but what it needs: seconds and memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from spineyolo.detect.load import Backend, load_detector
from spineyolo.errors import Skipped
from spineyolo.prediction import predict_all


@dataclass(frozen=True)
class FolderRun:
    """How long a folder of films took, the start of the process and reading the weights left out.

    Attributes:
        films: how many.
        seconds: for all of them, after one that does not count.
        start_s: to read the weights and predict that one.
        peak_mb: the most memory the process has held, Python and libraries within.
    """

    films: int
    seconds: float
    start_s: float
    peak_mb: float


def ours(weights: Path, backend: Backend, films: Sequence[Path]) -> FolderRun:
    """Predict films as `tools/predict.py` does, without writing: named vertebrae, their masks traced."""
    return _apart(f"_ours({str(weights)!r}, {str(backend)!r}, films)", films)


def ultralytics(weights: Path, films: Sequence[Path]) -> FolderRun:
    """Predict films as Ultralytics does: `YOLO(weights).predict(list of films, stream=True)`, its own defaults."""
    return _apart(f"_ultralytics({str(weights)!r}, films)", films)


def _apart(rounds: str, films: Sequence[Path]) -> FolderRun:
    """Run one of the generators below in a Python of its own; multiprocessing would import this one's main module."""
    program = f"import sys, json; from pathlib import Path; from {__name__} import _ours, _ultralytics, _timed; "
    program += f"films = [Path(name) for name in json.load(sys.stdin)]; _timed({rounds}, len(films))"
    names = json.dumps([str(film.resolve()) for film in films])
    run = subprocess.run([sys.executable, "-c", program], input=names, stdout=subprocess.PIPE, text=True, check=True)
    return FolderRun(**json.loads(run.stdout.splitlines()[-1]))


def _timed(rounds: Iterator[None], films: int) -> None:
    """Print what a generator took: it yields once when a first film is done, and once when all are."""
    start = time.perf_counter()
    next(rounds)
    ready = time.perf_counter()
    next(rounds)
    done = time.perf_counter()
    print(json.dumps(asdict(FolderRun(films, done - ready, ready - start, host_peak_mb()))))


def _ours(weights: str, backend: str, films: Sequence[Path]) -> Iterator[None]:
    detector, skipped = load_detector(Path(weights), Backend(backend)), Skipped()
    for part in (films[:1], films):
        for prediction, _ in predict_all(detector, part, skipped):
            numbered = zip(prediction.numbering.names, range(len(prediction.detections)), strict=True)
            for index in (index for name, index in numbered if name is not None):
                prediction.detections.polygons[index]
        if skipped.errors:
            raise skipped.errors[0]
        yield


def _ultralytics(weights: str, films: Sequence[Path]) -> Iterator[None]:
    from ultralytics import YOLO  # noqa: PLC0415 - its memory is not ours

    yolo = YOLO(weights, task="segment")
    with TemporaryDirectory() as folder:
        for part in (films[:1], films):
            listed = Path(folder) / "films.txt"  # a list of paths in Python is one batch, all in memory
            listed.write_text("\n".join(str(film) for film in part), encoding="utf-8")
            for _result in yolo.predict(str(listed), stream=True, verbose=False):
                pass
            yield


def host_peak_mb() -> float:
    """Return the most memory this process has held, MB."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would be that of the process that started this one, if it was larger
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return int(lines["VmHWM"].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
