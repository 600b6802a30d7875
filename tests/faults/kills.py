"""Long work killed at random points and run again: what it leaves must be what an undisturbed run leaves."""

import multiprocessing
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Work = Callable[[Path], object]
"""What is killed: it writes into the folder it is given, and can be run again into the same one."""


@dataclass(frozen=True)
class Kills:
    """What came of killing.

    Attributes:
        tried: how often the work was run to be killed.
        hit: how often the kill came before the work's end.
        half_done: how often the folder was not yet as it should be, before the rerun.
        lost: files that were missing, too many or different after the rerun, all trials together.
    """

    tried: int
    hit: int
    half_done: int
    lost: list[str]


def kill_and_rerun(work: Work, folder: Path, trials: int, seed: int = 0) -> Kills:
    """Run work into a fresh folder, kill it at a random point of its course, run it again, and compare; so many times.

    The point is when a random number of the files it writes are there, and a moment later.

    Raises:
        RuntimeError: if the work fails when nobody disturbs it.
    """
    chance = random.Random(seed)
    _run(work, folder / "undisturbed" / "out")
    expected = contents(folder / "undisturbed" / "out")
    hit, half_done, lost = 0, 0, []
    for trial in range(trials):
        out = folder / f"killed_{trial}" / "out"
        process = _context().Process(target=work, args=(out,))
        process.start()
        _wait_for_files(process, out, chance.randrange(len(expected)))
        time.sleep(chance.uniform(0, 0.02))
        hit += process.is_alive()
        process.kill()
        process.join()
        half_done += contents(out) != expected
        _run(work, out)
        found = contents(out)
        lost += [name for name in sorted(expected.keys() | found.keys()) if expected.get(name) != found.get(name)]
    return Kills(trials, hit, half_done, lost)


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, the lock left out."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def _wait_for_files(process: multiprocessing.process.BaseProcess, folder: Path, count: int) -> None:
    while process.is_alive() and sum(len(names) for _, _, names in os.walk(folder)) < count:
        time.sleep(0.001)


def _run(work: Work, out: Path) -> None:
    process = _context().Process(target=work, args=(out,))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"undisturbed work ended with exit code {process.exitcode}")


def _context() -> multiprocessing.context.ForkContext:
    return multiprocessing.get_context("fork")
